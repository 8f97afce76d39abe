/** How the stories are run: two at a time, in the Chromium of this machine, each with a server of its own. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "@playwright/test";

/** Where Debian puts it. Without it, Playwright looks for its own. */
const debian = "/usr/bin/chromium";
const executablePath = process.env.CHROMIUM_PATH || (existsSync(debian) ? debian : undefined);

export default defineConfig({
  testDir: "tests",
  outputDir: "test-results",
  snapshotPathTemplate: "{testDir}/picture/{arg}{ext}",
  // Most of a story is waiting for somebody else.
  workers: 2,
  retries: 0,
  forbidOnly: !!process.env.CI,
  reporter: [["list"]],
  timeout: 90_000,
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
