/**
 * Azure Static Web Apps in front of a Chatr: Microsoft's own emulator, with its fake sign-in. Knows no story.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import type { Page } from "@playwright/test";
import { freePort, said } from "./support.outside.ts";
import type { Settings } from "./support.server.ts";

const emulator = resolve(import.meta.dirname, "../node_modules/@azure/static-web-apps-cli/dist/cli/bin.js");

/** The emulator's sign-in page fetches letters, pictures and jQuery from elsewhere. */
const elsewhere = /https:\/\/(ajax\.aspnetcdn\.com|appservice\.azureedge\.net)\//;

export class Platform {
  readonly origin: string;
  /** What Chatr has to be told of it. */
  readonly settings: Settings;
  readonly #behind: string;
  #process: ChildProcess | undefined;

  private constructor(front: number, behind: number) {
    this.origin = `http://127.0.0.1:${front}`;
    this.#behind = `127.0.0.1:${behind}`;
    this.settings = { CHATR_ADDR: this.#behind, CHATR_PUBLIC_URL: this.origin, CHATR_TRUST_PROXY: "swa" };
  }

  static async choose(): Promise<Platform> {
    return new Platform(await freePort(), await freePort());
  }

  /** Once Chatr listens. */
  async start(): Promise<void> {
    const behind = `http://${this.#behind}`;
    const { port } = new URL(this.origin);
    const front = ["--host", "127.0.0.1", "--port", port];
    const child = spawn(process.execPath, [emulator, "start", behind, "--api-devserver-url", behind, ...front], {
      env: { PATH: process.env.PATH, SWA_CLI_DEBUG: "log" },
      stdio: ["ignore", "pipe", "inherit"],
      // It starts another one, which does not end with it; together they are a group.
      detached: true,
    });
    this.#process = child;
    await said(child, /(emulator started)/);
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (!child?.pid) return;
    const gone = once(child, "close");
    process.kill(-child.pid, "SIGKILL");
    await gone;
  }
}

/** Nothing leaves this machine: the emulator's page does without what it wants from elsewhere. */
export async function stayHere(page: Page): Promise<void> {
  await page.context().route(elsewhere, (route) => route.abort());
}

/** What the browser says of that. */
export const wantsElsewhere = [elsewhere, /\$ is not defined/];

/**
 * Does what the button of the emulator's page does, which needs jQuery for it: leaves a cookie that says who it is,
 * and goes where the address says.
 */
export async function fakeSignIn(page: Page, user: string, name: string): Promise<void> {
  const url = new URL(page.url());
  const principal = {
    identityProvider: url.pathname.split("/").pop(),
    userId: user,
    userDetails: name,
    userRoles: ["anonymous", "authenticated"],
    claims: [],
  };
  const value = Buffer.from(JSON.stringify(principal)).toString("base64");
  await page.context().addCookies([{ name: "StaticWebAppsAuthCookie", value, url: url.origin }]);
  await page.goto(url.searchParams.get("post_login_redirect_uri") ?? "/");
}
