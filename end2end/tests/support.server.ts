/**
 * A Chatr of one's own: the real program, at a free port, with data that nobody else uses. With `CHATR_REPLICAS=2`, and
 * both state and sockets outside, it is two of them behind one address. Knows how it starts and dies, and nothing of
 * what it serves.
 */

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Balancer } from "./support.balancer.ts";
import { Outside, freePort } from "./support.outside.ts";
import { Replica, type Settings, program, root } from "./support.replica.ts";

export type { Settings } from "./support.replica.ts";

/** How many processes there are of each. */
export const REPLICAS = Number(process.env.CHATR_REPLICAS || 1);

/** What they have in common besides everything else. */
const SESSION_KEY = "one key for all replicas ".repeat(3);

export class Server {
  /** The processes, each of which may be killed alone. */
  readonly replicas: readonly Replica[];
  readonly #folder: string;
  readonly #public: string | undefined;
  readonly #outside: Outside;
  readonly #balancer: Balancer | undefined;

  private constructor(
    replicas: Replica[],
    folder: string,
    { CHATR_PUBLIC_URL }: Settings,
    outside: Outside,
    balancer?: Balancer,
  ) {
    this.replicas = replicas;
    this.#public = CHATR_PUBLIC_URL;
    this.#folder = folder;
    this.#outside = outside;
    this.#balancer = balancer;
  }

  static async start(settings: Settings = {}): Promise<Server> {
    if (!existsSync(program)) {
      throw new Error(`${program} is not there: run deploy/tools/site.sh first`);
    }
    const folder = await mkdtemp(join(tmpdir(), "chatr-end2end-"));
    const outside = await Outside.start(settings);
    if (REPLICAS === 1) {
      const replica = new Replica(folder, { ...outside.settings, ...settings }, outside.port);
      await replica.start();
      return new Server([replica], folder, settings, outside);
    }
    const balancer = await Balancer.at(outside.port);
    const common = { ...outside.settings, CHATR_SESSION_KEY: SESSION_KEY, ...settings };
    const replicas: Replica[] = [];
    for (let number = 0; number < REPLICAS; number++) {
      // Where visitors use another address, none says its own.
      const port = settings.CHATR_PUBLIC_URL ? await freePort() : 0;
      replicas.push(new Replica(join(folder, `${number}`), common, port));
    }
    await Promise.all(replicas.map((replica) => replica.start()));
    balancer.serve(replicas.map((replica) => replica.port));
    return new Server(replicas, folder, settings, outside, balancer);
  }

  /** Where visitors go, like `http://127.0.0.1:4711`. The same after a restart. */
  get origin(): string {
    return this.#public ?? this.#balancer?.origin ?? this.replicas[0]!.origin;
  }

  get port(): number {
    return Number(new URL(this.origin).port);
  }

  /** Where its sockets are, if not at its own address. */
  get sockets(): string | undefined {
    return this.#outside.sockets;
  }

  /** As when the power goes, for all of it. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** With the same data, at the same address. */
  async restart(): Promise<void> {
    await Promise.all(this.replicas.map((replica) => replica.start()));
  }

  /** Ends it, and throws its data away. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
    this.#balancer?.close();
    await this.#outside.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** What it said so far. */
  get log(): string {
    return this.replicas.map((replica) => replica.log).join("\n");
  }

  /** Whether these words stand anywhere in what it stored or logged. */
  knows(words: string): boolean {
    const files = readdirSync(this.#folder, { recursive: true, withFileTypes: true });
    const stored = files.some(
      (file) => file.isFile() && readFileSync(join(file.parentPath, file.name)).includes(words),
    );
    return stored || this.log.includes(words) || this.#exported().includes(words);
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

  async #end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    await Promise.all(this.replicas.map((replica) => replica.end(signal)));
  }
}
