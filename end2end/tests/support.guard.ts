/**
 * Watches everything that a browser complains about and everywhere it goes, since a page that works may still be
 * ill. Knows no page.
 */

import type { BrowserContext } from "@playwright/test";

/** One browser's guard. */
export class Guard {
  readonly #complaints: string[] = [];
  readonly #tolerated: RegExp[] = [];

  /** `sockets` is where the pages' sockets may be besides. */
  constructor(context: BrowserContext, origin: () => string, sockets?: string) {
    const own = (address: string) => {
      const url = new URL(address);
      const home = new URL(origin());
      const local = ["data:", "blob:", "about:", "chrome-error:"].includes(url.protocol);
      return local || (url.host === home.host && ["http:", "ws:"].includes(url.protocol));
    };
    context.on("console", (message) => {
      if (["error", "warning", "assert"].includes(message.type())) {
        const first = message.text().split("\n\n", 1)[0];
        this.#complain(`console ${message.type()}: ${first} (${message.location().url})`);
      }
    });
    context.on("weberror", (error) => this.#complain(`page error: ${error.error()}`));
    context.on("request", (request) => {
      if (!own(request.url())) this.#complain(`request to another origin: ${request.url()}`);
    });
    context.on("page", (page) => {
      page.on("websocket", (socket) => {
        const outside = sockets !== undefined && new URL(socket.url()).origin === sockets;
        if (!outside && !own(socket.url())) this.#complain(`socket to another origin: ${socket.url()}`);
      });
    });
  }

  /** From here on, what matches is part of the story. */
  tolerate(...expected: RegExp[]): void {
    this.#tolerated.push(...expected);
  }

  /** What nobody expected, each once. */
  get complaints(): string[] {
    return [...new Set(this.#complaints)];
  }

  #complain(words: string): void {
    if (!this.#tolerated.some((expected) => expected.test(words))) this.#complaints.push(words);
  }
}

/** What a browser says by itself when the network is gone, or all that is behind a balancer. */
export const networkIsGone = [
  /status of 502/,
  /net::ERR_(CONNECTION|INTERNET|NETWORK|EMPTY|SOCKET|ADDRESS)/,
  /WebSocket connection to .* failed/,
];
