// A wire that can be cut: passes bytes to a host and port until told otherwise.
import { once } from "node:events";
import { connect, createServer } from "node:net";

/** A place that leads to `place`, which must be on this machine and speak plain HTTP. */
export async function wireTo(place) {
  const target = new URL(place.endpoint);
  const pairs = new Set();
  let passing = true;
  let accepted = 0;
  const server = createServer((near) => {
    accepted += 1;
    server.emit("knock");
    if (!passing) return near.destroy();
    const far = connect(Number(target.port), target.hostname);
    const pair = [near, far];
    pairs.add(pair);
    for (const [from, to] of [pair, [far, near]]) {
      from.pipe(to);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        to.destroy();
        pairs.delete(pair);
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = `http://127.0.0.1:${server.address().port}`;
  return {
    ...place,
    endpoint,
    connectionString: place.connectionString.replace(place.endpoint, endpoint),
    /** Drops what is connected, without a goodbye; what comes later passes. */
    cut() {
      for (const [near, far] of pairs) {
        near.resetAndDestroy();
        far.resetAndDestroy();
      }
    },
    /** Drops what is connected and what knocks, until `mend`. */
    break() {
      passing = false;
      this.cut();
    },
    mend() {
      passing = true;
    },
    /** Swallows what the hub says to those that are connected. */
    swallow() {
      for (const [near, far] of pairs) {
        far.unpipe(near);
        far.resume();
      }
    },
    knocks: () => accepted,
    knocked: () => once(server, "knock"),
    async close() {
      this.break();
      server.close();
      await once(server, "close");
    },
  };
}
