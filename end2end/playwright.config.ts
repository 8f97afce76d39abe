/**
 * How the stories are run: two at a time, in the Chromium of this machine, each with a server of its own. That is one
 * program with all in it, unless `CHATR_STATE=azurite` (state in Azure Tables), `CHATR_SOCKETS=hub` (sockets at a Web
 * PubSub outside) or both say otherwise; with both, `CHATR_REPLICAS=2` makes it two programs behind one address. All
 * stories are the same everywhere, pictures too, but those of several servers: one server has none.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "@playwright/test";

/** Where Debian puts it. Without it, Playwright looks for its own. */
const debian = "/usr/bin/chromium";
const executablePath = process.env.CHROMIUM_PATH || (existsSync(debian) ? debian : undefined);

const several = Number(process.env.CHATR_REPLICAS || 1) > 1;
if (several && !(process.env.CHATR_STATE === "azurite" && process.env.CHATR_SOCKETS === "hub")) {
  throw new Error("several servers share state and sockets: set CHATR_STATE=azurite and CHATR_SOCKETS=hub as well");
}

export default defineConfig({
  testDir: "tests",
  testIgnore: several ? [] : "replicas.spec.ts",
  outputDir: "test-results",
  snapshotPathTemplate: "{testDir}/picture/{arg}{ext}",
  // Most of a story is waiting for somebody else.
  workers: 2,
  retries: 0,
  forbidOnly: !!process.env.CI,
  reporter: [["list"]],
  // What some begin with, a thousand messages or a hundred chats, is thousands of requests where the state is outside, and
  // Azurite works on one at a time.
  timeout: process.env.CHATR_STATE === "azurite" ? 180_000 : 90_000,
  expect: {
    timeout: 15_000,
    // Another version of Chromium or of a font draws letters a little differently.
    toHaveScreenshot: { animations: "disabled", caret: "hide", maxDiffPixelRatio: 0.005 },
  },
  use: {
    actionTimeout: 15_000,
    navigationTimeout: 30_000,
    locale: "en-GB",
    timezoneId: "UTC",
    launchOptions: {
      executablePath,
      env: { ...process.env, FONTCONFIG_FILE: join(import.meta.dirname, "fonts.conf") } as Record<string, string>,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--font-render-hinting=none",
      ],
    },
    headless: true,
    trace: "retain-on-failure",
  },
});
