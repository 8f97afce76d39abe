/**
 * What a Chatr may have outside itself: state in Azurite, sockets at the hub's own program. Every story can be told
 * there: `CHATR_STATE=azurite`, `CHATR_SOCKETS=hub`, or both, before `npx playwright test`. Knows no story.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { resolve } from "node:path";
import { Gate } from "./support.proxy.ts";
import type { Settings } from "./support.server.ts";

const root = resolve(import.meta.dirname, "../..");

/** Accounts of one Azurite: whoever takes one is alone in it. The key is base64 and no secret. */
const ACCOUNTS = 1_000;
const KEY = "Y2hhdHIgdGVzdHMgdXNlIHRoaXMga2V5";

/** Leaves when we do, however we leave: then its input ends. */
const AZURITE =
  "process.stdin.resume().on('end', () => process.exit()); require(process.env.AZURITE_TABLE)";

let azurite: Promise<number> | undefined;
let taken = 0;

export class Outside {
  readonly settings: Settings;
  /** Where Chatr has to listen, if somebody outside calls it there. */
  readonly port: number;
  /** Like `ws://127.0.0.1:4712`, where pages may open sockets besides. */
  readonly sockets: string | undefined;
  readonly #hub: ChildProcess | undefined;
  readonly #gate: Gate | undefined;

  private constructor(settings: Settings, port: number, hub?: ChildProcess, gate?: Gate) {
    this.settings = settings;
    this.port = port;
    this.sockets = /Endpoint=http:([^;]+)/.exec(settings.PUBSUB_CONNECTION_STRING ?? "")?.[1]?.replace(/^/, "ws:");
    this.#hub = hub;
    this.#gate = gate;
  }

  /** For a Chatr with these settings: its address, if it may not be any, and its day, which is that of its sockets. */
  static async start(given: Settings): Promise<Outside> {
    const wished = given.CHATR_ADDR ? Number(new URL(`http://${given.CHATR_ADDR}`).port) : 0;
    const settings: Settings = {};
    if (process.env.CHATR_STATE === "azurite") {
      const port = await (azurite ??= startAzurite());
      const name = `chatr${taken++}`;
      settings.STORAGE_CONNECTION_STRING = `AccountName=${name};AccountKey=${KEY};TableEndpoint=http://127.0.0.1:${port}/${name}`;
    }
    if (process.env.CHATR_SOCKETS !== "hub") return new Outside(settings, wished);
    const port = wished || (await freePort());
    const handler = `hub=chat url=http://127.0.0.1:${port}/api/eventHandler system-events=connect,connected,disconnected`;
    const hub = spawn(resolve(root, "target/debug/hub"), ["--port", "0", "--log", "error", "--handler", handler], {
      env: { ...process.env, ...given },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const own = await said(hub, /^(Endpoint=\S+)$/m);
    const place = /(?<=Endpoint=http:\/\/127\.0\.0\.1:)\d+/;
    const gate = await Gate.before(Number(place.exec(own)?.[0]));
    settings.PUBSUB_CONNECTION_STRING = own.replace(place, `${gate.port}`);
    return new Outside(settings, port, hub, gate);
  }

  async stop(): Promise<void> {
    this.#gate?.close();
    if (!this.#hub) return;
    const gone = once(this.#hub, "exit");
    this.#hub.kill("SIGKILL");
    await gone;
  }
}

async function startAzurite(): Promise<number> {
  const port = await freePort();
  const accounts = Array.from({ length: ACCOUNTS }, (_, number) => `chatr${number}:${KEY}`);
  const options = ["--inMemoryPersistence", "--disableTelemetry", "--skipApiVersionCheck", "--silent"];
  const place = ["--tableHost", "127.0.0.1", "--tablePort", `${port}`];
  const child = spawn(process.execPath, ["-e", AZURITE, "azurite-table", ...place, ...options], {
    env: {
      PATH: process.env.PATH,
      AZURITE_TABLE: resolve(root, "end2end/node_modules/azurite/dist/src/table/main.js"),
      AZURITE_ACCOUNTS: accounts.join(";"),
    },
    stdio: ["pipe", "pipe", "inherit"],
  });
  await said(child, /(successfully started)/);
  // It shall not keep us here.
  child.unref();
  for (const stream of [child.stdin, child.stdout]) (stream as Socket).unref();
  return port;
}

/** What a program says first of what was waited for. */
export async function said(child: ChildProcess, pattern: RegExp): Promise<string> {
  let text = "";
  return new Promise((found, failed) => {
    child.on("exit", () => failed(new Error(`it did not start:\n${text}`)));
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk;
      const match = pattern.exec(text)?.[1];
      if (match) found(match);
    });
  });
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (!address || typeof address === "string") throw new Error("a port has a number");
  return address.port;
}
