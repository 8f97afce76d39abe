#!/usr/bin/env node
/**
 * Does a bundle (bundle.sh) run by itself? Starts it from an empty folder, with an empty environment, and looks at it
 * from outside. Owns no way to build one. Every wait has an end: the whole takes seconds, and two minutes at most.
 *
 *   deploy/tools/try-bundle.mjs FOLDER
 */
import assert from "node:assert/strict";
import { chmodSync, cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { start } from "./program.mjs";

assert(process.argv[2], "try-bundle: name the folder of the bundle");
const room = mkdtempSync(join(tmpdir(), "chatr-bundle-"));
// Elsewhere, and not to be written to: nothing but the folder itself may be needed, and nothing in it changes.
const bundle = join(room, "bundle");
const empty = mkdtempSync(join(room, "empty-"));
cpSync(resolve(process.argv[2]), bundle, { recursive: true });
const contents = listing(bundle);
for (const path of [...contents].reverse()) chmodSync(join(bundle, path), statSync(join(bundle, path)).mode & 0o555);

/** Every path below a folder, sorted. */
function listing(folder) {
  return readdirSync(folder, { recursive: true }).map(String).sort();
}

const begin = (environment = {}) =>
  start(join(bundle, "chatr"), [], {
    cwd: empty,
    env: { CHATR_ADDR: "127.0.0.1:0", ...environment },
    pattern: /^Chatr is at (http:\S+)$/m,
  });
const get = (url, headers = {}) => fetch(url, { headers, redirect: "manual", signal: AbortSignal.timeout(5_000) });

let chatr;
let address;
before(async () => {
  chatr = await begin();
  address = chatr.said;
  assert(address, `it ended at once:\n${chatr.errors()}`);
});
after(() => {
  chatr?.kill(); // has ended already, unless a test failed
  for (const path of contents) chmodSync(join(bundle, path), 0o755);
  rmSync(room, { recursive: true, force: true });
});

test("it is alive and can serve", async () => {
  assert.equal((await get(`${address}/healthz`)).status, 200);
  assert.equal((await get(`${address}/readyz`)).status, 200);
});

test("the front page and every file that it names are there", async () => {
  const page = await get(`${address}/`, { accept: "text/html" });
  assert.equal(page.status, 200);
  const html = await page.text();
  const found = html.matchAll(/(?:href|src)="(\/[^"#?]+\.[a-z]+)"|'(\/pkg\/[^']+)'/g);
  const named = [...new Set([...found].map((match) => match[1] ?? match[2]))];
  for (const kind of [".css", ".js", ".wasm"]) {
    assert(named.some((path) => path.endsWith(kind)), `the page names no ${kind} file: ${named}`);
  }
  for (const path of named) {
    const file = await get(address + path);
    assert.equal(file.status, 200, path);
    assert((await file.arrayBuffer()).byteLength > 0, path);
    if (path.endsWith(".wasm")) assert.equal(file.headers.get("content-type"), "application/wasm", path);
  }
});

test("a release keeps what is behind a click in a file of its own, small on the way and kept for ever", async () => {
  const script = await (await get(`${address}/pkg/chatr.js`)).text();
  const name = /new URL\(["'](later\.[0-9a-f]{16}\.wasm)["']/.exec(script)?.[1];
  if (!contents.includes(join("site", "pkg", "chatr.wasm.br"))) {
    assert.equal(name, undefined, "a debug build is whole");
    assert(!contents.some((path) => path.includes("later.")), "a debug build is whole");
    return;
  }
  assert(name, "the page's JavaScript names no such file");
  const file = await get(`${address}/pkg/${name}`, { "accept-encoding": "br" });
  assert.equal(file.status, 200);
  assert.equal(file.headers.get("content-type"), "application/wasm");
  assert.equal(file.headers.get("content-encoding"), "br");
  assert.match(file.headers.get("cache-control"), /immutable/);
});

test("somebody comes in with a name", async () => {
  const answer = await fetch(`${address}/.auth/login/guest`, {
    method: "POST",
    body: new URLSearchParams({ name: "Ada" }),
    redirect: "manual",
    signal: AbortSignal.timeout(5_000),
  });
  assert.equal(answer.status, 303);
  const cookie = answer.headers.get("set-cookie")?.split(";")[0];
  assert.match(cookie ?? "", /^chatr=/);
  const me = await get(`${address}/.auth/me`, { cookie });
  assert.match(await me.text(), /Ada/);
});

test("it writes to its data folder only, and keeps its keys to itself", () => {
  assert.deepEqual(readdirSync(empty), ["data"]);
  for (const key of ["session.key", "hub.key"]) {
    assert.equal(statSync(join(empty, "data", key)).mode & 0o777, 0o600, key);
  }
  assert.deepEqual(listing(bundle), contents);
});

test("it ends when it is told to, without a complaint, and comes back with the same keys", async () => {
  const key = readFileSync(join(empty, "data", "session.key"), "utf8");
  assert.deepEqual(await chatr.stop(), { code: 0, signal: null });
  assert.doesNotMatch(chatr.errors(), /\b(WARN|ERROR|panicked)\b/);
  const again = await begin();
  assert(again.said, again.errors());
  assert.equal(readFileSync(join(empty, "data", "session.key"), "utf8"), key);
  assert.equal((await again.stop()).code, 0);
});

test("a setting that cannot be used stops the start and is named", async () => {
  const wrong = await begin({ CHATR_ADDR: "nowhere" });
  assert.equal(wrong.said, undefined);
  assert.equal((await wrong.ended()).code, 1);
  assert.match(wrong.errors(), /CHATR_ADDR/);
});
