// Where the tests run: on the hub's program, which is started for each file, and on a real resource where its connection
// string is given. Knows no protocol.
import { WebPubSubServiceClient } from "@azure/web-pubsub";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const program = process.env.HUB_PROGRAM ?? resolve(root, process.env.CARGO_TARGET_DIR ?? "target", "debug", "hub");
const azure = process.env.PUBSUB_CONNECTION_STRING;

/** The hub whose connections the tests make. A real resource may have another one for tests. */
export const hub = process.env.PUBSUB_HUB ?? "wire";

/** Starts the program. `stop` ends it as its supervisor would, and fails if it does not end well. */
export async function startHub(...words) {
  const child = spawn(program, ["--port", "0", "--log", "error", ...words], { stdio: ["ignore", "pipe", "inherit"] });
  const exit = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const first = await Promise.race([
    lines.next().then(({ value }) => value),
    once(child, "error").then(([error]) => Promise.reject(error)),
  ]);
  if (!first) throw new Error(`${program} did not start`);
  return {
    name: "the hub",
    real: false,
    connectionString: first,
    endpoint: /Endpoint=([^;]+)/.exec(first)[1],
    async stop() {
      child.kill("SIGTERM");
      const [code, signal] = await exit;
      if (code !== 0) throw new Error(`the hub ended with ${code ?? signal}`);
    },
  };
}

/** Says once and aloud that a part of the tests did not run. */
export function skip(title, why) {
  process.stderr.write(`\n*** SKIPPED: ${title}: ${why}\n\n`);
  test(title, { skip: why });
}

/** Declares the tests for the hub, and for Azure if we may. `tests` gets a function that returns the place. */
export function everywhere(title, tests, { words = [], only = undefined } = {}) {
  describe(`${title}, on the hub`, () => {
    let place;
    before(async () => {
      place = await startHub(...words);
    });
    after(() => place?.stop());
    tests(() => place);
  });
  if (only) return skip(`${title}, on Azure`, only);
  if (!azure) return skip(`${title}, on Azure`, "PUBSUB_CONNECTION_STRING is not set");
  describe(`${title}, on Azure`, () => tests(() => ({ name: "Azure", real: true, connectionString: azure })));
}

/** Microsoft's client of the REST interface. */
export function service(place, hubName = hub) {
  return new WebPubSubServiceClient(place.connectionString, hubName, { allowInsecureConnection: true });
}
