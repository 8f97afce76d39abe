/** What can be measured about how a page looks. Each answer is a list of complaints; a good page has none. */

import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";

/** The narrowest screen that everything must fit on. */
export const narrow = { width: 320, height: 640 };

/** What axe holds against the page, if it is serious. */
export async function barriers(page: Page): Promise<string[]> {
  // Colours that are on their way are neither the old nor the new ones.
  await page.evaluate(async () => {
    const ends = (one: Animation) => one.effect?.getComputedTiming().endTime !== Infinity;
    await Promise.allSettled(document.getAnimations().filter(ends).map((one) => one.finished));
    await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  });
  // Its other way opens a second page, which would be somebody else's tab.
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(" ")}: ${node.html}`));
}

/** What sticks out of the window at a side, or must be scrolled sideways. */
export function overflow(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const named = (element: Element) => `${element.tagName.toLowerCase()}.${[...element.classList].join(".")}`;
    const complaints: string[] = [];
    if (document.documentElement.scrollWidth > width) complaints.push("the page scrolls sideways");
    for (const element of document.querySelectorAll("body *")) {
      const style = getComputedStyle(element);
      if (!element.checkVisibility() || element.closest(".visually-hidden, .skip, svg")) continue;
      const scrolls = style.overflowX === "auto" || style.overflowX === "scroll";
      if (scrolls && element.scrollWidth > element.clientWidth && !element.matches("textarea, input")) {
        complaints.push(`${named(element)} scrolls sideways`);
      }
      const box = element.getBoundingClientRect();
      if (box.width > 1 && (box.right > width + 0.5 || box.left < -0.5)) {
        let around = element.parentElement;
        while (around && getComputedStyle(around).overflowX === "visible") around = around.parentElement;
        const frame = around?.getBoundingClientRect();
        const cut = frame && around !== document.documentElement && frame.right <= width + 0.5 && frame.left >= -0.5;
        if (!cut) complaints.push(`${named(element)} from ${box.left} to ${box.right} of ${width}`);
      }
    }
    return complaints;
  });
}

/** Controls that are smaller than this many pixels, on either side. Links inside a text are as high as its lines. */
export function smallTargets(page: Page, least: number): Promise<string[]> {
  return page.evaluate((least) => {
    const controls = document.querySelectorAll<HTMLElement>(
      "button, a[href], input:not([type=hidden]), textarea, select, [role^=menuitem]",
    );
    const complaints: string[] = [];
    for (const control of controls) {
      if (!control.checkVisibility() || control.closest(".visually-hidden, .skip, .message-body")) continue;
      // Whoever hits the label hits the box.
      const target = control.closest("label") ?? (control.matches("textarea") ? control.parentElement! : control);
      const { width, height } = target.getBoundingClientRect();
      if (width === 0 && height === 0) continue;
      if (Math.min(width, height) < least - 0.01) {
        complaints.push(`${control.tagName} "${control.ariaLabel ?? control.textContent.trim()}": ${width} × ${height}`);
      }
    }
    return complaints;
  }, least);
}

/** What moves although it should not: call before the page opens, ask when it is alive. */
export async function watchShifts(page: Page): Promise<() => Promise<string[]>> {
  await page.addInitScript(() => {
    const shifts: string[] = [];
    Object.assign(window, { shifts });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { value: number; sources?: { node?: Node }[] })[]) {
        const name = (node?: Node) => (node instanceof Element ? node.className : node?.nodeName);
        const where = (entry.sources ?? []).map(({ node }) => name(node));
        shifts.push(`${entry.value.toFixed(5)} at ${entry.startTime.toFixed()} ms: ${where.join(", ")}`);
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
  return () => page.evaluate(() => (window as unknown as { shifts: string[] }).shifts);
}

/** Makes all text larger, and says so as a browser does. */
export async function magnify(page: Page, size: string): Promise<void> {
  await page.evaluate((size) => {
    document.documentElement.style.fontSize = size;
    window.dispatchEvent(new Event("resize"));
  }, size);
}

