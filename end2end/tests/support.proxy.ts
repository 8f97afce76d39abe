/**
 * A wire between a browser and the server that can be cut, squeezed and bent, so that sockets really break. Knows
 * bytes, and of what they say only the one line that asks for an old connection.
 */

import { type AddressInfo, type Server as Listener, type Socket, connect, createServer } from "node:net";

/** `talk`: it was asked to become a WebSocket. */
type Pair = { near: Socket; far: Socket; talk?: boolean };

/** Wires by the origin of the pages behind them. */
const wires = new Map<string, Proxy>();

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
    await listening(proxy.#listener);
    wires.set(proxy.origin, proxy);
    return proxy;
  }

  get origin(): string {
    return `http://127.0.0.1:${portOf(this.#listener)}`;
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
    wires.delete(this.origin);
    this.#break();
    this.#listener.close();
  }

  /** Carries what came to somewhere else, under the same weather. */
  carry(near: Socket, port: number): void {
    this.#join(near, port);
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

/**
 * A door before sockets that are not at the server: those of pages behind a wire go through that wire as well. Whoever
 * names no such page gets through.
 */
export class Gate {
  readonly #listener: Listener;

  private constructor(port: number) {
    this.#listener = createServer((near) => {
      near.on("error", () => near.destroy());
      near.once("data", (first: Buffer) => {
        const origin = /^origin: *(\S+)/im.exec(first.toString("latin1"))?.[1];
        near.pause();
        near.unshift(first);
        const wire = wires.get(origin ?? "");
        if (wire) wire.carry(near, port);
        else through(near, port);
        near.resume();
      });
    });
  }

  static async before(port: number): Promise<Gate> {
    const gate = new Gate(port);
    await listening(gate.#listener);
    return gate;
  }

  get port(): number {
    return portOf(this.#listener);
  }

  close(): void {
    this.#listener.close();
  }
}

function through(near: Socket, port: number): void {
  const far = connect(port, "127.0.0.1");
  far.on("error", () => far.destroy());
  near.pipe(far);
  far.pipe(near);
  for (const [one, other] of [
    [near, far],
    [far, near],
  ] as const) {
    one.on("close", () => other.destroy());
  }
}

async function listening(listener: Listener): Promise<void> {
  await new Promise<void>((ready) => listener.listen(0, "127.0.0.1", ready));
}

const portOf = (listener: Listener): number => (listener.address() as AddressInfo).port;

/** Such requests fit into one piece. */
const isRequest = (bytes: Buffer): boolean => bytes.subarray(0, 4).equals(Buffer.from("GET "));
