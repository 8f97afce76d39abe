/** Who is here: one line per person, true after whatever happens to their browsers. */

import { type BrowserServer, chromium } from "@playwright/test";
import { networkIsGone } from "./support.guard.ts";
import { type Page, anotherTab, expect, heading, people, person, seePresence, test, tolerate } from "./support.ts";
import { takeClock } from "./support.clock.ts";

/** Somebody without a page still counts as there for ten seconds: a reload makes no noise. */
const gone = { timeout: 25_000 };

test("people see each other come and go", async ({ enter }) => {
  const ada = await enter("Ada");
  await expect(people(ada)).toContainText("Nobody else is here yet");
  const bob = await enter("Bob");
  await seePresence(ada, "Bob", "Online");
  await seePresence(bob, "Ada", "Online");
  await expect(people(ada)).not.toContainText("Nobody else is here yet");
  await bob.close();
  await expect(person(ada, "Bob")).toBeHidden(gone);
});

test("somebody with two tabs is one person, and stays when one of them is closed", async ({ enter }) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob");
  const tab = await anotherTab(bob);
  await expect(person(tab, "Ada")).toBeVisible();
  await expect(person(ada, "Bob")).toHaveCount(1);

  await bob.close();
  // Cy comes after Bob's tab has gone, and goes too: when Cy is off the list, Bob would be as well.
  const cy = await enter("Cy");
  await expect(person(ada, "Cy")).toBeVisible();
  await cy.close();
  await expect(person(ada, "Cy")).toBeHidden(gone);
  await seePresence(ada, "Bob", "Online");
});

test("a reload makes nobody vanish for the others", async ({ enter }) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob");
  await expect(person(ada, "Bob")).toBeVisible();
  const vanished = watchFor(ada, "Bob");
  await bob.reload();
  await expect(person(bob, "Ada")).toBeVisible();
  await bob.reload();
  await expect(person(bob, "Ada")).toBeVisible();
  expect(await vanished()).toBe(false);
});

test("a browser that crashes and a wire that breaks leave no ghosts", async ({ enter, playwright, wire }) => {
  const ada = await enter("Ada");
  const { launchOptions } = test.info().project.use;
  const doomed: BrowserServer = await chromium.launchServer({ ...launchOptions, headless: true });
  const browser = await playwright.chromium.connect(doomed.wsEndpoint());
  await enter("Bob", { browser });
  const cy = await enter("Cy", { by: wire });
  tolerate(cy, ...networkIsGone);
  await seePresence(ada, "Bob", "Online");
  await seePresence(ada, "Cy", "Online");

  await doomed.kill();
  wire.cut();
  // For thirty seconds either could take up the old connection again.
  await expect(person(ada, "Bob")).toBeHidden({ timeout: 60_000 });
  await expect(person(ada, "Cy")).toBeHidden();
});

test.describe("with an idle time of ten seconds", () => {
  test.use({ settings: { CHATR_LIMITS: "relaxed", CHATR_IDLE_SECONDS: "10" } });

  test("whoever does nothing is away, and back with the first movement", async ({ enter }) => {
    const ada = await enter("Ada");
    const bob = await enter("Bob", { first: takeClock });
    await seePresence(ada, "Bob", "Online");
    await bob.clock.fastForward(11_000);
    await seePresence(ada, "Bob", "Away");
    await seePresence(bob, "Bob", "Away");

    await bob.mouse.move(200, 200);
    await seePresence(ada, "Bob", "Online");

    for (const stir of [
      () => bob.keyboard.press("Shift"),
      () => bob.mouse.wheel(0, 50),
      () => bob.evaluate(() => window.dispatchEvent(new Event("focus"))),
    ]) {
      await bob.clock.fastForward(11_000);
      await seePresence(ada, "Bob", "Away");
      await stir();
      await seePresence(ada, "Bob", "Online");
    }
  });

  test("who is away in one tab and busy in another is not away", async ({ enter }) => {
    const ada = await enter("Ada");
    const bob = await enter("Bob", { first: takeClock });
    const tab = await anotherTab(bob);
    await expect(heading(tab)).toHaveText("Lobby");
    await bob.clock.fastForward(11_000);
    await tab.mouse.move(100, 100);
    // Their clocks are one, so both are idle now; the mouse brings the second tab back.
    await seePresence(ada, "Bob", "Online");
    await tab.clock.fastForward(11_000);
    await seePresence(ada, "Bob", "Away");
    await bob.mouse.move(300, 300);
    await seePresence(ada, "Bob", "Online");
  });
});

/** Notices when a person's line is missing, even for a moment. */
function watchFor(page: Page, name: string): () => Promise<boolean> {
  const watching = page.evaluate((name) => {
    const here = () => [...document.querySelectorAll(".people-list .person-name")].some((n) => n.textContent === name);
    const watch = { missed: !here() };
    new MutationObserver(() => (watch.missed ||= !here())).observe(document.querySelector(".people-list")!, {
      childList: true,
      subtree: true,
    });
    Object.assign(window, { watch });
  }, name);
  return async () => {
    await watching;
    return page.evaluate(() => (window as unknown as { watch: { missed: boolean } }).watch.missed);
  };
}
