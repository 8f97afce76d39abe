/**
 * A day that is the same whenever it is lived: the server's clock stands where the story puts it, and so does a page's.
 * Knows nothing of what happens on it.
 */

import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { takeClock } from "./support.clock.ts";
import type { Settings } from "./support.server.ts";

/** The moment at which pages are looked at. */
export const NOW = "2026-11-24T10:42:30Z";

export class Day {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.at(NOW);
  }

  static async begin(): Promise<Day> {
    return new Day(await mkdtemp(join(tmpdir(), "chatr-day-")));
  }

  async end(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** The server's clock shows this from now on, and stands still. */
  at(time: string): void {
    const clock = new Date(time).toISOString().slice(0, 19).replace("T", " ");
    writeFileSync(this.#file, `${clock}\n`);
  }

  /** What makes a server live on this day. Intervals are real: only the time of day is not. */
  get settings(): Settings {
    return {
      LD_PRELOAD: libfaketime(),
      TZ: "UTC",
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
  }

  get #file(): string {
    return join(this.#folder, "clock");
  }
}

/** From the next page on, it is always now. Timers run. */
export async function stopTheSun(page: Page): Promise<void> {
  await takeClock(page, new Date(NOW));
  await page.clock.setFixedTime(new Date(NOW));
}

/** How many moments have passed on each page. */
const moments = new WeakMap<Page, number>();

/** A moment passes on this page, and may again: what was in sight before it has been seen. */
export async function aMomentLater(page: Page): Promise<void> {
  const passed = (moments.get(page) ?? 0) + 1;
  moments.set(page, passed);
  await page.clock.setFixedTime(new Date(Date.parse(NOW) + passed * 1_100));
}

function libfaketime(): string {
  const found = readdirSync("/usr/lib")
    .map((machine) => join("/usr/lib", machine, "faketime/libfaketimeMT.so.1"))
    .find((path) => existsSync(path));
  if (!found) throw new Error("libfaketime is not there: run deploy/tools/setup.sh browser first");
  return found;
}
