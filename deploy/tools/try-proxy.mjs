#!/usr/bin/env node
/**
 * Do the examples of deploy/proxy do what they say? Puts nginx and Caddy, each with its example, before a Chatr with
 * the settings of deploy/systemd/chatr.env, and visits it by TLS: pages, sign-in, a socket, and who is believed about
 * the visitor's address. Changes of the examples only what a test must: ports, certificate, folders. Everything listens
 * on loopback, and every wait has an end.
 *
 *   deploy/tools/try-proxy.mjs BUNDLE      needs nginx or caddy in PATH, openssl, and the packages of end2end
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { start } from "./program.mjs";

const deploy = fileURLToPath(new URL("..", import.meta.url));
const { WebSocket } = createRequire(join(deploy, "../end2end/package.json"))("ws");

assert(process.argv[2], "try-proxy: name the folder of the bundle");
const bundle = resolve(process.argv[2]);
const room = mkdtempSync(join(tmpdir(), "chatr-proxy-"));
after(() => rmSync(room, { recursive: true, force: true }));

const HOST = "chat.example.org";
const certificate = { cert: join(room, "certificate.pem"), key: join(room, "key.pem") };
execFileSync(
  "openssl",
  `req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=${HOST} -out ${certificate.cert} -keyout ${certificate.key}`.split(" "),
  { stdio: "ignore" },
);

/** A port of loopback that nobody uses just now. */
async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** The example with one thing replaced, which must be there. */
function replaced(text, pattern, by) {
  const changed = text.replace(pattern, by);
  assert.notEqual(changed, text, `the example has no ${pattern}`);
  return changed;
}

/** How each proxy is started with its example; what it says when it listens. */
const PROXIES = {
  nginx: (port, chatr) => {
    let site = readFileSync(join(deploy, "proxy/nginx.conf"), "utf8");
    site = replaced(site, /^ *listen \[::\].*\n/gm, "");
    site = replaced(site, "listen 80;", `listen unix:${room}/nginx-80.sock;`);
    site = replaced(site, "listen 443", `listen 127.0.0.1:${port}`);
    site = replaced(site, /ssl_certificate \S+;/, `ssl_certificate ${certificate.cert};`);
    site = replaced(site, /ssl_certificate_key \S+;/, `ssl_certificate_key ${certificate.key};`);
    site = replaced(site, "127.0.0.1:3000", chatr);
    const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `${kind}_temp_path ${room}/temp;\n`);
    const around = `daemon off;\nmaster_process off;\npid ${room}/nginx.pid;\nerror_log stderr notice;\nevents {}\n`;
    writeFileSync(join(room, "nginx.conf"), `${around}http {\naccess_log off;\n${temp.join("")}${site}}\n`);
    return [["-e", "stderr", "-p", room, "-c", join(room, "nginx.conf")], /start worker|using the "epoll"/];
  },
  caddy: (port, chatr) => {
    let site = readFileSync(join(deploy, "proxy/Caddyfile"), "utf8");
    site = replaced(site, `${HOST} {`, `https://${HOST}:${port} {\n\tbind 127.0.0.1\n\ttls ${certificate.cert} ${certificate.key}`);
    site = replaced(site, "127.0.0.1:3000", chatr);
    writeFileSync(join(room, "Caddyfile"), `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${site}`);
    return [["run", "--adapter", "caddyfile", "--config", join(room, "Caddyfile")], /serving initial configuration/];
  },
};

/** One call through the proxy, by the name that visitors use. `from` is the visitor's own address. */
async function call(port, path, { method = "GET", headers = {}, body, from = "127.0.0.1" } = {}) {
  const calling = request({
    host: "127.0.0.1",
    port,
    path,
    method,
    localAddress: from,
    servername: HOST,
    rejectUnauthorized: false,
    agent: false,
    signal: AbortSignal.timeout(5_000),
    headers: { host: HOST, ...headers },
  });
  calling.end(body);
  const [response] = await once(calling, "response");
  let text = "";
  for await (const piece of response.setEncoding("utf8")) text += piece;
  return { status: response.statusCode, headers: response.headers, text };
}

/** As the form on the front page does it. */
function signIn(port, name, options = {}) {
  return call(port, "/.auth/login/guest", {
    method: "POST",
    body: new URLSearchParams({ name }).toString(),
    ...options,
    headers: { "content-type": "application/x-www-form-urlencoded", origin: `https://${HOST}`, ...options.headers },
  });
}

const environment = Object.fromEntries(
  readFileSync(join(deploy, "systemd/chatr.env"), "utf8")
    .split("\n")
    .filter((line) => /^[A-Z]/.test(line))
    .map((line) => line.split("=")),
);

for (const [name, configure] of Object.entries(PROXIES)) {
  let path;
  try {
    path = execFileSync("which", [name], { encoding: "utf8" }).trim();
  } catch {
    console.log(`skipped - ${name} is not there: its example was not tried`);
    continue;
  }
  describe(name, () => {
    let chatr;
    let proxy;
    let port;
    before(async () => {
      const behind = `127.0.0.1:${await freePort()}`;
      port = await freePort();
      chatr = await start(join(bundle, "chatr"), [], {
        cwd: room,
        env: { ...environment, CHATR_ADDR: behind, CHATR_DATA_DIR: join(room, `data-${name}`) },
        pattern: /^Chatr is at (\S+)$/m,
      });
      assert.equal(chatr.said, `https://${HOST}`, chatr.errors());
      const [options, pattern] = configure(port, behind);
      proxy = await start(path, options, { cwd: room, env: { HOME: room, PATH: process.env.PATH }, pattern });
      assert(proxy.said, proxy.errors());
    });
    after(async () => {
      await proxy?.stop();
      await chatr?.stop();
    });

    test("pages arrive, and browsers are told to come by https only", async () => {
      const page = await call(port, "/", { headers: { accept: "text/html" } });
      assert.equal(page.status, 200);
      assert.match(page.headers["strict-transport-security"], /max-age/);
      assert.match(page.headers["content-security-policy"], /wss:\/\/chat\.example\.org/);
    });

    test("whoever signs in gets a cookie that https alone carries, and a socket", async () => {
      const entered = await signIn(port, "Ada");
      assert.equal(entered.status, 303, entered.text);
      const cookie = entered.headers["set-cookie"][0];
      assert.match(cookie, /^__Host-chatr=.*; Secure/);
      const ticket = await call(port, "/api/getToken", {
        method: "POST",
        body: "{}",
        headers: { cookie: cookie.split(";")[0], origin: `https://${HOST}`, "content-type": "application/json" },
      });
      assert.equal(ticket.status, 200, ticket.text);
      const url = new URL(/wss:[^"]+/.exec(ticket.text)[0]);
      assert.equal(url.host, HOST);
      const socket = new WebSocket(`wss://127.0.0.1:${port}${url.pathname}${url.search}`, "json.reliable.webpubsub.azure.v1", {
        headers: { host: HOST },
        origin: `https://${HOST}`,
        servername: HOST,
        rejectUnauthorized: false,
        handshakeTimeout: 5_000,
      });
      const [frame] = await once(socket, "message", { signal: AbortSignal.timeout(5_000) });
      assert.equal(JSON.parse(frame).event, "connected");
      socket.terminate();
    });

    test("a post from another site is refused", async () => {
      const posted = await signIn(port, "Mallory", { headers: { origin: "https://evil.example" } });
      assert.equal(posted.status, 403);
    });

    test("what a visitor says about its address is not believed, and visitors are told apart", async () => {
      const forged = (number) => ({ headers: { "x-forwarded-for": `192.0.2.${number}` } });
      let refused = 0;
      for (let number = 0; number < 40; number += 1) {
        const answer = await signIn(port, `Bot ${number}`, forged(number));
        if (/problem=tooFast/.test(answer.headers.location ?? "")) refused += 1;
      }
      assert(refused > 0, "40 sign-ins from one address were all let in");
      const other = await signIn(port, "Bea", { from: "127.0.0.2" });
      assert.doesNotMatch(other.headers.location ?? "", /problem=/);
      assert.equal(other.status, 303);
    });
  });
}
