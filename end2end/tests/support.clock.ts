/** Time that the story moves, in one person's browser. */

import { type Locator, type Page, expect } from "@playwright/test";

/**
 * From the next page on, timers wait for `page.clock` as well as for the real time.
 *
 * Playwright's timers have numbers beyond 32 bits, and compiled programs keep a timer's number in 32: they could
 * start one and never stop it. So the page gets small numbers.
 */
export async function takeClock(page: Page, time?: number | Date): Promise<void> {
  await page.clock.install({ time });
  await page.addInitScript(() => {
    const numbers = new Map<number, number>();
    let next = 1;
    const any = window as unknown as Record<string, (...given: unknown[]) => unknown>;
    for (const [start, stop] of [
      ["setTimeout", "clearTimeout"],
      ["setInterval", "clearInterval"],
      ["requestAnimationFrame", "cancelAnimationFrame"],
    ] as const) {
      const [begin, end] = [any[start]!, any[stop]!];
      any[start] = (...given) => {
        numbers.set(next, begin.apply(window, given) as number);
        return next++;
      };
      any[stop] = (number) => end.call(window, numbers.get(number as number));
    }
  });
}

/** From now on, a page whose clock was taken lives as long as the story says, however long that takes. */
export async function stopClock(page: Page): Promise<void> {
  // Not before the present, which goes on until it has been stopped.
  await page.clock.pauseAt((await page.evaluate(() => Date.now())) + 10_000);
}

/** A stopped clock goes on, but not for longer than it takes to see this. */
export async function until(page: Page, seen: Locator): Promise<void> {
  await expect(async () => {
    await page.clock.runFor(50);
    await expect(seen).toBeVisible({ timeout: 250 });
  }).toPass({ timeout: 15_000 });
}
