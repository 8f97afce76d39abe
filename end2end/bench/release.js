/**
 * The released Chatr, a browser, and people without one who keep it busy. Knows how they start and end; refuses to know
 * what is measured.
 */

import { chromium } from "@playwright/test";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createInterface } from "node:readline";
import { join, resolve } from "node:path";
import WebSocket from "ws";

const build = resolve(import.meta.dirname, "../../target/release");
const program = join(build, "chatr");
const PROTOCOL = "json.webpubsub.azure.v1";

/** Milliseconds to wait for an answer. */
const PATIENCE = 30_000;

/** A server with an empty chat, from the release build and its site. */
export async function serve() {
  for (const part of [program, join(build, "site/pkg/chatr.wasm.br")]) {
    if (!existsSync(part)) throw new Error(`${part} is not there: run make release first`);
  }
  const folder = await mkdtemp(join(build, "bench-"));
  const child = spawn(program, [], {
    env: {
      PATH: process.env.PATH,
      CHATR_ADDR: "127.0.0.1:0",
      CHATR_DATA_DIR: folder,
      CHATR_LIMITS: "relaxed",
      CHATR_LOG: "warn",
      LEPTOS_SITE_ROOT: join(build, "site"),
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const gone = new Promise((ended) => child.on("exit", ended));
  let origin;
  for await (const line of createInterface(child.stdout)) {
    origin = /^Chatr is at (http:\S+)$/.exec(line)?.[1];
    if (origin) break;
  }
  if (!origin) throw new Error("the server did not start");
  return {
    origin: origin.replace(/\/$/, ""),
    async stop() {
      child.kill("SIGKILL");
      await gone;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export function browse() {
  const debian = "/usr/bin/chromium";
  const executablePath = process.env.CHROMIUM_PATH || (existsSync(debian) ? debian : undefined);
  const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"];
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-quic", ...quiet] });
}

/** The head of a form's or a call's answer is what a page of ours would get. */
async function signIn(origin, name) {
  const answer = await fetch(`${origin}/.auth/login/guest`, {
    method: "POST",
    headers: { origin },
    body: new URLSearchParams({ name }),
    redirect: "manual",
  });
  const cookie = answer.headers.getSetCookie().map((one) => one.split(";")[0]).join("; ");
  if (!cookie) throw new Error(`${name} was not let in: ${answer.status}`);
  return cookie;
}

async function call(origin, cookie, name, data) {
  const answer = await fetch(`${origin}/api/${name}`, {
    method: "POST",
    headers: { origin, cookie, "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(data),
  });
  if (!answer.ok) throw new Error(`${name}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** Somebody's own browser profile, empty but for being signed in. */
export async function profile(browser, origin, name) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, baseURL: origin });
  const [key, ...value] = (await signIn(origin, name)).split("=");
  await context.addCookies([{ name: key, value: value.join("="), url: origin }]);
  return context;
}

/** Somebody with a socket and no browser. */
export class Writer {
  #socket;
  #waiting = new Map();

  static async enter(origin, name) {
    const cookie = await signIn(origin, name);
    const writer = new Writer();
    writer.lobby = (await call(origin, cookie, "snapshot", { open: null })).defaultChat;
    const { url } = await call(origin, cookie, "getToken", {});
    writer.#socket = new WebSocket(url, PROTOCOL, { origin });
    await new Promise((ready, failed) => {
      writer.#socket.on("error", failed);
      writer.#socket.on("message", (text) => {
        const frame = JSON.parse(String(text));
        if (frame.event === "connected") ready();
        const answer = frame.data?.answer;
        if (answer) writer.#waiting.get(answer.draft)?.(answer.outcome);
      });
    });
    return writer;
  }

  /** Posts, and waits until it is stored and told. */
  async post(body) {
    const draft = randomUUID().replaceAll("-", "");
    const data = { chat: this.lobby, draft, body };
    const outcome = await new Promise((answered, failed) => {
      const late = setTimeout(() => failed(new Error("a message was not answered")), PATIENCE);
      this.#waiting.set(draft, (outcome) => {
        clearTimeout(late);
        answered(outcome);
      });
      this.#socket.send(JSON.stringify({ type: "event", event: "postMessage", dataType: "json", data }));
    });
    this.#waiting.delete(draft);
    if (outcome.is !== "done") throw new Error(`a message was refused: ${JSON.stringify(outcome)}`);
  }

  leave() {
    this.#socket.terminate();
  }
}

const WORDS = "we could meet at the station on Friday or write to everybody about what happened with the boat last week".split(" ");

/** Something a person might write; the same number gives the same text. */
export function sentence(number) {
  const length = 4 + ((number * 7) % 17);
  const words = Array.from({ length }, (_, at) => WORDS[(number * 13 + at * (1 + (number % 5))) % WORDS.length]);
  return `${words.join(" ")}, ${number}.`;
}

/** Fills the chat with so many messages by several people, in groups as people write. */
export async function converse(writers, from, count) {
  let next = from;
  const end = from + count;
  // Many at once, or it would take the time of as many waits for the disk.
  const speak = async () => {
    while (next < end) {
      const number = next++;
      await writers[Math.floor(number / 3) % writers.length].post(sentence(number));
    }
  };
  await Promise.all(Array.from({ length: 64 }, speak));
}
