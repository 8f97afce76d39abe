/**
 * A Chatr of one's own: the real program, on a free port, with a data folder that nobody else uses. Knows how it
 * starts and dies, and nothing of what it serves.
 */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Outside } from "./support.outside.ts";

const root = resolve(import.meta.dirname, "../..");
const program = join(root, "target/debug/chatr");

/** Milliseconds to wait for the address. A machine that compiles meanwhile is slow. */
const PATIENCE = 30_000;

export type Settings = Record<string, string>;

export class Server {
  /** Like `http://127.0.0.1:4711`. The same after a restart. */
  origin = "";
  readonly #folder: string;
  readonly #settings: Settings;
  readonly #outside: Outside;
  #process: ChildProcess | undefined;
  #said = "";

  private constructor(folder: string, settings: Settings, outside: Outside) {
    this.#folder = folder;
    this.#settings = settings;
    this.#outside = outside;
  }

  static async start(settings: Settings = {}): Promise<Server> {
    if (!existsSync(program)) {
      throw new Error(`${program} is not there: run deploy/tools/site.sh first`);
    }
    const folder = await mkdtemp(join(tmpdir(), "chatr-end2end-"));
    const outside = await Outside.start(settings);
    const server = new Server(folder, settings, outside);
    await server.#spawn(`127.0.0.1:${outside.port}`);
    return server;
  }

  get port(): number {
    return Number(new URL(this.origin).port);
  }

  /** Where its sockets are, if not at its own address. */
  get sockets(): string | undefined {
    return this.#outside.sockets;
  }

  /** As when the power goes: nothing is written or said any more. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** With the same data, at the same address. */
  async restart(): Promise<void> {
    await this.#spawn(new URL(this.origin).host);
  }

  /** Ends it, and throws its data away. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
    await this.#outside.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** What it said so far, on both of its outputs. */
  get log(): string {
    return this.#said;
  }

  /** Whether these words stand anywhere in what it stored or logged. */
  knows(words: string): boolean {
    const files = readdirSync(this.#folder, { recursive: true, withFileTypes: true });
    const stored = files.some(
      (file) => file.isFile() && readFileSync(join(file.parentPath, file.name)).includes(words),
    );
    return stored || this.#said.includes(words) || this.#exported().includes(words);
  }

  /** What is kept outside, in words. */
  #exported(): string {
    if (!this.#outside.settings.STORAGE_CONNECTION_STRING) return "";
    const folder = mkdtempSync(join(tmpdir(), "chatr-export-"));
    const file = join(folder, "all.jsonl");
    const env = { PATH: process.env.PATH, ...this.#outside.settings, CHATR_DATA_DIR: folder };
    execFileSync(program, ["export", file], { cwd: root, env, stdio: "pipe" });
    const text = readFileSync(file, "utf8");
    rmSync(folder, { recursive: true });
    return text;
  }

  async #spawn(address: string): Promise<void> {
    const child = spawn(program, [], {
      cwd: root,
      env: {
        PATH: process.env.PATH,
        CHATR_LOG: "info",
        ...this.#outside.settings,
        ...this.#settings,
        CHATR_ADDR: address,
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
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child && child.exitCode === null && child.signalCode === null) {
      const gone = once(child, "exit");
      child.kill(signal);
      await gone;
    }
  }
}
