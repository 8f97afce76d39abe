/**
 * One program that a check started: what it says, and that it ends. Owns the deadlines, so that no check waits for
 * ever; refuses to know what is asked of the program in between.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";

const START_MS = 15_000;
const STOP_MS = 15_000;

/**
 * Starts a program and waits until a line of its output matches, or until it has ended. `said` is what the pattern's
 * first group caught, and undefined where the program ended first.
 */
export async function start(path, options, { cwd, env, pattern }) {
  const child = spawn(path, options, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "exit").then(([code, signal]) => ({ code, signal }));
  let errors = "";
  const said = new Promise((resolve, reject) => {
    let output = "";
    const listen = (text) => {
      output += text;
      const found = pattern.exec(output);
      if (found) resolve(found[1] ?? found[0]);
    };
    child.on("error", reject);
    child.stdout.setEncoding("utf8").on("data", listen);
    child.stderr.setEncoding("utf8").on("data", (text) => {
      errors += text;
      listen(text);
    });
  });
  const first = Promise.race([said, ended.then(() => undefined)]);
  return {
    said: await within(START_MS, "the start", first, child),
    errors: () => errors,
    ended: () => within(STOP_MS, "the end", ended, child),
    stop: () => {
      child.kill("SIGTERM");
      return within(STOP_MS, "the end after SIGTERM", ended, child);
    },
    kill: () => child.kill("SIGKILL"),
  };
}

/** What is promised, or an error after that time: a program that hangs is ended. */
async function within(limit, what, promise, child) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => {
      child.kill("SIGKILL");
      child.stdout.destroy();
      child.stderr.destroy();
      reject(new Error(`${what} took longer than ${limit} ms`));
    }, limit);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
