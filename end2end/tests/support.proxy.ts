/**
 * A wire between a browser and the server that can be cut, squeezed and bent, so that sockets really break. Knows
 * bytes, and of what they say only the one line that asks for an old connection.
 */

import { type AddressInfo, type Server as Listener, type Socket, connect, createServer } from "node:net";

/** `talk`: it was asked to become a WebSocket. */
type Pair = { near: Socket; far: Socket; talk?: boolean };

export class Proxy {
  readonly #listener: Listener;
  readonly #pairs = new Set<Pair>();
  #cut: "nothing" | "talk" | "everything" = "nothing";
  #frozen = false;
  #bent = false;

  private constructor(port: number) {
    this.#listener = createServer((near) => this.#join(near, port));
  }

  static async before(port: number): Promise<Proxy> {
    const proxy = new Proxy(port);
    await new Promise<void>((ready) => proxy.#listener.listen(0, "127.0.0.1", ready));
    return proxy;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#listener.address() as AddressInfo).port}`;
  }

  /** Every connection breaks, and no new one comes about; or only WebSockets do, and pages still load. */
  cut(what: "talk" | "everything" = "everything"): void {
    this.#cut = what;
    this.#break();
  }

  /** Whoever tries again gets through. */
  heal(): void {
    this.#cut = "nothing";
    this.thaw();
  }

  /** Connections stay, and nothing comes through. */
  freeze(): void {
    this.#frozen = true;
    for (const pair of this.#pairs) this.#hold(pair);
  }

  thaw(): void {
    this.#frozen = false;
    for (const { near, far } of this.#pairs) {
      near.resume();
      far.resume();
    }
  }

  /** Old connections are asked for with a token that nobody gave out, so that none can be recovered. */
  spoilRecovery(): void {
    this.#bent = true;
  }

  close(): void {
    this.#break();
    this.#listener.close();
  }

  #join(near: Socket, port: number): void {
    near.on("error", () => near.destroy());
    if (this.#cut === "everything") {
      near.resetAndDestroy();
      return;
    }
    const far = connect(port, "127.0.0.1");
    const pair: Pair = { near, far };
    this.#pairs.add(pair);
    far.on("error", () => far.destroy());
    near.on("data", (bytes) => {
      pair.talk ||= isRequest(bytes) && /^upgrade: *websocket/im.test(bytes.toString("latin1"));
      if (pair.talk && this.#cut !== "nothing") near.resetAndDestroy();
      else far.write(this.#bend(bytes));
    });
    far.on("data", (bytes) => near.write(bytes));
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on("end", () => other.end());
      one.on("close", () => {
        other.destroy();
        this.#pairs.delete(pair);
      });
    }
    if (this.#frozen) this.#hold(pair);
  }

  #hold({ near, far }: Pair): void {
    near.pause();
    far.pause();
  }

  #bend(bytes: Buffer): Buffer {
    const token = /(awps_reconnection_token=)([^& ]+)/;
    if (!this.#bent || !isRequest(bytes)) return bytes;
    return Buffer.from(
      bytes.toString("latin1").replace(token, (_, key, value: string) => key + "0".repeat(value.length)),
      "latin1",
    );
  }

  #break(): void {
    for (const { near, far, talk } of this.#pairs) {
      if (this.#cut === "talk" && !talk) continue;
      near.resetAndDestroy();
      far.destroy();
    }
  }
}

/** Such requests fit into one piece. */
const isRequest = (bytes: Buffer): boolean => bytes.subarray(0, 4).equals(Buffer.from("GET "));
