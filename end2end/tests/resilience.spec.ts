/** What the network and the server do to people, and that nothing is lost by it. */

import { networkIsGone } from "./support.guard.ts";
import {
  anotherTab,
  composer,
  expect,
  listenToStatus,
  message,
  post,
  reload,
  see,
  seeAllSent,
  seeOnly,
  seePresence,
  test,
  texts,
  tolerate,
  type Page,
} from "./support.ts";
import { takeClock } from "./support.clock.ts";

/** Counts how often this page asks for everything anew. */
function snapshotsOf(page: Page): () => number {
  let count = 0;
  page.on("request", (request) => (count += Number(new URL(request.url()).pathname === "/api/snapshot")));
  return () => count;
}

/** Long enough for the pauses between attempts, which grow. */
const back = { timeout: 40_000 };

test("a killed server loses nothing: everybody returns, and every message is there once, in one order", async ({
  enter,
  server,
  summon,
}) => {
  const pages = await Promise.all(["Ada", "Bob", "Cy"].map((name) => enter(name)));
  for (const page of pages) tolerate(page, ...networkIsGone);
  const each = 12;
  const writing = pages.map(async (page, who) => {
    for (let round = 0; round < each; round++) await post(page, `${who}/${round}`);
  });
  await expect.poll(async () => (await texts(pages[0]!)).length).toBeGreaterThan(8);
  await server.kill();
  await Promise.all(writing);
  for (const page of pages) {
    // Sockets that are not the server's outlive it.
    if (!server.sockets) await expect(page.getByRole("status", { name: "Reconnecting" })).toBeVisible();
    await expect(composer(page)).toBeEditable();
  }
  await server.restart();

  const all = pages.length * each;
  for (const page of pages) {
    await expect.poll(async () => (await texts(page)).length, back).toBe(all);
    await expect(page.locator(".message:not([data-state=posted])")).toHaveCount(0, back);
    await expect(page.getByRole("status", { name: "Reconnecting" })).toBeHidden();
  }
  const witness = await summon("Witness");
  const stored = (await witness.read(witness.lobby)).map((kept) => kept.body);
  expect(stored).toHaveLength(all);
  expect(new Set(stored).size).toBe(all);
  for (let who = 0; who < pages.length; who++) {
    const own = stored.filter((text) => text.startsWith(`${who}/`));
    expect(own, "everybody's own messages kept their order").toEqual(
      Array.from({ length: each }, (_, round) => `${who}/${round}`),
    );
  }
  for (const page of pages) await seeOnly(page, ...stored);
  await post(pages[0]!, "alive again");
  for (const page of pages) await see(page, "alive again");
  for (const name of ["Ada", "Bob", "Cy"]) await seePresence(pages[0]!, name, "Online");
});

test("a short cut is healed without fetching anything anew", async ({ enter, wire }) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob", { by: wire });
  tolerate(bob, ...networkIsGone);
  await post(ada, "before");
  await see(bob, "before");
  await seePresence(ada, "Bob", "Online");
  const snapshots = snapshotsOf(bob);
  wire.cut();
  for (let i = 1; i <= 3; i++) await post(ada, `missed ${i}`);
  await post(bob, "from the tunnel");
  await expect(bob.getByRole("status", { name: "Reconnecting" })).toBeVisible();
  await expect(message(bob, "from the tunnel").getByText("Sending")).toBeVisible();
  await expect(message(bob, "missed 1")).toHaveCount(0);

  wire.heal();
  await bob.getByRole("button", { name: "Reconnect now" }).click();
  await seeOnly(bob, "before", "missed 1", "missed 2", "missed 3", "from the tunnel");
  await see(ada, "from the tunnel");
  await seeAllSent(bob);
  await expect(bob.getByRole("status", { name: "Reconnecting" })).toBeHidden();
  expect(snapshots(), "the connection was taken up again").toBe(0);
  await seePresence(ada, "Bob", "Online");
});

test("when the service has forgotten the connection, one snapshot brings everything", async ({ enter, wire }) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob", { by: wire });
  tolerate(bob, ...networkIsGone);
  await post(ada, "before");
  await see(bob, "before");
  const snapshots = snapshotsOf(bob);
  wire.spoilRecovery();
  wire.cut();
  for (let i = 1; i <= 3; i++) await post(ada, `missed ${i}`);
  await post(bob, "from the tunnel");
  wire.heal();
  await expect.poll(() => texts(bob), back).toEqual(["before", "missed 1", "missed 2", "missed 3", "from the tunnel"]);
  await see(ada, "from the tunnel");
  await seeAllSent(bob);
  expect(snapshots()).toBe(1);
  await post(ada, "and on");
  await see(bob, "and on");
});

test("after more than thirty seconds a page does not try the old connection, and has everything", async ({
  enter,
  wire,
}) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob", { by: wire, first: takeClock });
  tolerate(bob, ...networkIsGone);
  await post(ada, "before");
  await see(bob, "before");
  const snapshots = snapshotsOf(bob);
  wire.cut();
  await post(bob, "from the tunnel");
  await post(ada, "missed");
  await bob.clock.fastForward(35_000);
  wire.heal();
  await bob.evaluate(() => window.dispatchEvent(new Event("online")));
  await expect.poll(() => texts(bob), back).toEqual(["before", "missed", "from the tunnel"]);
  await see(ada, "from the tunnel");
  expect(snapshots()).toBe(1);
});

test("what was not sent yet survives a reload, and is sent once", async ({ enter, wire }) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob", { by: wire });
  tolerate(bob, ...networkIsGone);
  await post(bob, "sent");
  await see(ada, "sent");
  wire.cut("talk");
  await post(bob, "unsent 1");
  await post(bob, "unsent 2");
  await reload(bob);
  await seeOnly(bob, "sent", "unsent 1", "unsent 2");
  await expect(message(bob, "unsent 1")).toHaveAttribute("data-state", "pending");
  await seeOnly(ada, "sent");

  wire.heal();
  await expect.poll(() => texts(ada), back).toEqual(["sent", "unsent 1", "unsent 2"]);
  await seeAllSent(bob);
  await seeOnly(bob, "sent", "unsent 1", "unsent 2");
  await reload(bob);
  await seeOnly(bob, "sent", "unsent 1", "unsent 2");
});

test("two tabs of one person agree, also after the server was gone", async ({ enter, server }) => {
  const ada = await enter("Ada");
  const tab = await anotherTab(ada);
  tolerate(ada, ...networkIsGone);
  await post(ada, "from the first");
  await post(tab, "from the second");
  for (const page of [ada, tab]) await seeOnly(page, "from the first", "from the second");
  await server.kill();
  await post(tab, "while nobody listens");
  await server.restart();
  for (const page of [ada, tab]) {
    await expect.poll(() => texts(page), back).toEqual(["from the first", "from the second", "while nobody listens"]);
    await seeAllSent(page);
  }
});

test("a blink of the network is nobody's business", async ({ enter, wire }) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob", { by: wire });
  tolerate(bob, ...networkIsGone);
  await post(ada, "before");
  await see(bob, "before");
  const words = await listenToStatus(bob);
  wire.cut();
  wire.heal();
  await post(ada, "did you notice?");
  await see(bob, "did you notice?");
  expect(await words()).toEqual([]);
});
