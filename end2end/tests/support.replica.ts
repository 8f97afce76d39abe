/**
 * One process of the real program, with a data folder of its own. Knows how it starts and dies, and nothing of what it
 * serves, nor whether there are others.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "../..");
export const program = join(root, "target/debug/chatr");

export type Settings = Record<string, string>;

/** Milliseconds to wait for the address. A machine that compiles meanwhile is slow. */
const PATIENCE = 30_000;

export class Replica {
  /** What it says its address is: the one that visitors use. Like `http://127.0.0.1:4711`. */
  origin = "";
  readonly #folder: string;
  readonly #settings: Settings;
  #port: number;
  #process: ChildProcess | undefined;
  #said = "";

  /** To listen at this port; 0 is any, where it will say its own address. */
  constructor(folder: string, settings: Settings, port: number) {
    this.#folder = folder;
    this.#settings = settings;
    this.#port = port;
  }

  /** Where it listens, also after a restart. */
  get port(): number {
    return this.#port;
  }

  /** What it said so far, on both of its outputs. */
  get log(): string {
    return this.#said;
  }

  /** Again with the same data, at the same address. */
  async start(): Promise<void> {
    const child = spawn(program, [], {
      cwd: root,
      env: {
        PATH: process.env.PATH,
        CHATR_LOG: "info",
        ...this.#settings,
        CHATR_ADDR: `127.0.0.1:${this.#port}`,
        CHATR_DATA_DIR: this.#folder,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = child;
    child.stderr.on("data", (chunk: Buffer) => (this.#said += chunk));
    this.origin = await new Promise<string>((found, failed) => {
      const late = setTimeout(() => failed(new Error(`no address yet:\n${this.#said}`)), PATIENCE);
      child.on("exit", () => failed(new Error(`it did not start:\n${this.#said}`)));
      child.stdout.on("data", (chunk: Buffer) => {
        this.#said += chunk;
        const address = /^Chatr is at (http:\S+)$/m.exec(this.#said.slice(-500))?.[1];
        if (address) {
          clearTimeout(late);
          found(address.replace(/\/$/, ""));
        }
      });
    });
    this.#port ||= Number(new URL(this.origin).port);
  }

  /** `SIGKILL` is as when the power goes: nothing is written or said any more. */
  async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child && child.exitCode === null && child.signalCode === null) {
      const gone = once(child, "exit");
      child.kill(signal);
      await gone;
    }
  }
}
