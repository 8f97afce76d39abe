/**
 * One address before several servers, as the load balancer of a cloud is: each request goes to the next server, and to
 * the one after it if that one has gone. Knows HTTP, and of what it carries only whether it may be carried twice.
 */

import { once } from "node:events";
import {
  type IncomingMessage,
  type Server as Listener,
  type ServerResponse,
  createServer,
  request as call,
} from "node:http";
import type { AddressInfo } from "node:net";

/** What is between two ends, and not between three. */
const HOP = new Set(["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"]);

export class Balancer {
  readonly #listener: Listener = createServer((request, response) => void this.#carry(request, response));
  /** Where the servers listen, in the order of their turns. */
  #ports: number[] = [];
  #turn = 0;

  /** `port` may be 0: then it is any. */
  static async at(port: number): Promise<Balancer> {
    const balancer = new Balancer();
    const listener = balancer.#listener;
    // It is the caller who ends a connection: the other way round, a request could meet the end on its way.
    listener.keepAliveTimeout = 0;
    listener.listen(port, "127.0.0.1");
    await once(listener, "listening");
    return balancer;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#listener.address() as AddressInfo).port}`;
  }

  /** From now on these servers have turns. */
  serve(ports: number[]): void {
    this.#ports = ports;
  }

  close(): void {
    this.#listener.close();
    this.#listener.closeAllConnections();
  }

  async #carry(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body: Buffer;
    try {
      body = Buffer.concat(await request.toArray());
    } catch {
      return; // Whoever asked has gone.
    }
    for (const port of this.#next()) {
      const answer = await ask(port, request, body, response).catch((why: NodeJS.ErrnoException) => why);
      if (!(answer instanceof Error)) {
        response.writeHead(answer.statusCode ?? 502, answer.statusMessage, lasting(answer.rawHeaders));
        answer.pipe(response);
        answer.on("error", () => response.destroy());
        return;
      }
      if (response.destroyed) return;
      // What was refused did not get there. What did may have been done, by a server that died before it said so.
      if (answer.code !== "ECONNREFUSED" && !isRepeatable(request)) break;
    }
    response.writeHead(502).end();
  }

  /** All servers, beginning with the one whose turn it is. */
  #next(): number[] {
    const first = this.#turn++ % Math.max(this.#ports.length, 1);
    return [...this.#ports.slice(first), ...this.#ports.slice(0, first)];
  }
}

/** Reading changes nothing, and an event that comes again is known. */
function isRepeatable({ method = "", url = "" }: IncomingMessage): boolean {
  return ["GET", "HEAD", "OPTIONS"].includes(method) || (method === "POST" && url === "/api/eventHandler");
}

/** The head of the answer. A connection for each request: none can be one that has died meanwhile. */
function ask(port: number, from: IncomingMessage, body: Buffer, to: ServerResponse): Promise<IncomingMessage> {
  const headers = Object.fromEntries(Object.entries(from.headers).filter(([name]) => !HOP.has(name)));
  if (body.length > 0) headers["content-length"] = `${body.length}`;
  return new Promise((answered, failed) => {
    const asked = call({ host: "127.0.0.1", port, method: from.method, path: from.url, headers, agent: false });
    asked.on("response", answered);
    asked.on("error", failed);
    to.on("close", () => asked.destroy());
    asked.end(body);
  });
}

/** Names and values in turn, without those that are meant for us. */
function lasting(raw: string[]): string[] {
  return raw.filter((_, place) => !HOP.has((raw[place - (place % 2)] ?? "").toLowerCase()));
}
