#!/usr/bin/env node
/**
 * Autobahn's 301 cases without compression against the hub as a program. Its simple WebSocket client (no subprotocol)
 * makes an event of every message, and the handler here gives each back: so the cases go through the hub's real frame
 * layer, and back through the way of a handler's answers. Compares each case's behaviour, the way it closed and the
 * close code with expected.json, and fails at any difference. Owns the handler; refuses to judge a case itself.
 *
 *   end2end/autobahn/autobahn.mjs           AUTOBAHN_WRITE=1 writes expected.json anew instead
 */
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { start } from "../../deploy/tools/program.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../..");
const suite = join(root, ".tools/autobahn");
const results = join(root, "target/autobahn");
const expected = join(here, "expected.json");
/** Sections 12 and 13 are about compression, which the hub declines, as the service does. */
const cases = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.*", "10.*"];
const key = "a key for the time of these cases only";
const ENOUGH_MS = 15 * 60_000;

const handler = createServer(async (request, response) => {
  response.setHeader("WebHook-Allowed-Origin", "*");
  if (request.method !== "POST") return response.end();
  const parts = [];
  for await (const part of request) parts.push(part);
  const body = Buffer.concat(parts);
  // An answer without a body is no message: an empty one is sent by a call.
  if (body.length === 0) {
    await sendNothing(request.headers["ce-connectionid"], request.headers["content-type"]);
    return response.end();
  }
  response.setHeader("Content-Type", request.headers["content-type"]);
  response.end(body);
});
handler.listen(0, "127.0.0.1");
await once(handler, "listening");

const words = `hub=echo url=http://127.0.0.1:${handler.address().port}/ user-events=*`;
const options = ["--port", "0", "--key", key, "--anonymous", "--handler", words, "--log", "error"];
const hub = await start(join(root, "target/release/hub"), options, {
  cwd: root,
  env: {},
  pattern: /^hub: ready at http:\/\/(\S+)$/m,
});
if (!hub.said) throw new Error(`the hub did not start: ${hub.errors()}`);

async function sendNothing(connection, type) {
  const url = `http://${hub.said}/api/hubs/echo/connections/${connection}/:send?api-version=2024-12-01`;
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = `${encode({ alg: "HS256", typ: "JWT" })}.${encode({ aud: url, exp: Math.floor(Date.now() / 1_000) + 600 })}`;
  const token = `${claims}.${createHmac("sha256", key).update(claims).digest("base64url")}`;
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": type };
  const answer = await fetch(url, { method: "POST", headers, body: "" });
  if (answer.status !== 202) throw new Error(`an empty message was answered with ${answer.status}`);
}

rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });
const spec = join(results, "spec.json");
const servers = [{ agent: "hub", url: `ws://${hub.said}/client/hubs/echo` }];
writeFileSync(spec, JSON.stringify({ outdir: join(results, "reports"), servers, cases, "exclude-cases": [], "exclude-agent-cases": {} }));
const began = Date.now();
const wstest = spawn(join(suite, "python2.7"), [join(here, "wstest.py"), join(suite, "packages"), "-m", "fuzzingclient", "-s", spec], {
  cwd: results,
  stdio: ["ignore", "pipe", "inherit"],
  timeout: ENOUGH_MS,
});
let ran = 0;
wstest.stdout.setEncoding("utf8").on("data", (text) => {
  const before = ran;
  ran += text.split("Running test case ID").length - 1;
  if (Math.floor(ran / 50) > Math.floor(before / 50)) console.log(`autobahn: ${ran} cases begun`);
});
const [code] = await once(wstest, "exit");
await hub.stop();
handler.close();
handler.closeAllConnections();
if (code !== 0) throw new Error(`wstest ended with ${code}`);

const index = JSON.parse(readFileSync(join(results, "reports/index.json"), "utf8")).hub;
const found = Object.fromEntries(
  Object.keys(index)
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }))
    .map((id) => [id, `${index[id].behavior}, closed ${index[id].behaviorClose} with ${index[id].remoteCloseCode}`]),
);
const count = Object.keys(found).length;
const took = Math.round((Date.now() - began) / 1_000);
if (process.env.AUTOBAHN_WRITE) {
  writeFileSync(expected, `${JSON.stringify(found, null, 1)}\n`);
  console.log(`autobahn: wrote what ${count} cases did in ${took} s to expected.json`);
} else {
  const wanted = JSON.parse(readFileSync(expected, "utf8"));
  const different = [...new Set([...Object.keys(wanted), ...Object.keys(found)])].filter((id) => wanted[id] !== found[id]);
  for (const id of different) console.log(`autobahn: ${id}: expected ${wanted[id]}; found ${found[id]}`);
  console.log(`autobahn: ${count} cases in ${took} s, ${count - different.length} as expected, ${different.length} not; target/autobahn/reports/index.html tells more`);
  process.exitCode = different.length === 0 ? 0 : 1;
}
