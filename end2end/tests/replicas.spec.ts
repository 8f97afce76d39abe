/** Two servers behind one address, and what people see when one of them dies: nothing. Told where there are two. */

import type { Replica } from "./support.replica.ts";
import {
  connected,
  expect,
  listenToStatus,
  person,
  post,
  reload,
  see,
  seeAllSent,
  seeOnly,
  seePresence,
  test,
  texts,
} from "./support.ts";

/** After the ten seconds of grace, whoever of the servers is there looks for ends that were not told; see `seats.rs`. */
const told = { timeout: 45_000 };

test("one of two servers dies in a conversation: everybody goes on, and every message is there once, in one order", async ({
  enter,
  server,
  summon,
}) => {
  const names = ["Ada", "Bob", "Cy"];
  const pages = await Promise.all(names.map((name) => enter(name)));
  const [ada] = pages as [(typeof pages)[0]];
  const eve = await enter("Eve");
  for (const page of pages) {
    await connected(page);
    await seePresence(page, "Eve", "Online");
  }
  const heard = await Promise.all(pages.map(listenToStatus));
  const [one, other] = server.replicas as [Replica, Replica];

  const each = 12;
  const writing = pages.map(async (page, who) => {
    for (let round = 0; round < each; round++) await post(page, `${who}/${round}.`);
  });
  await expect.poll(async () => (await texts(ada)).length).toBeGreaterThan(8);
  // Whichever server hears of that one may die before it tells.
  await eve.close();
  await one.end("SIGKILL");
  await Promise.all(writing);
  const all = pages.length * each;
  for (const page of pages) {
    await expect.poll(async () => (await texts(page)).length).toBe(all);
    await seeAllSent(page);
  }
  const witness = await summon("Witness");
  const stored = (await witness.read(witness.lobby)).map((kept) => kept.body);
  expect(new Set(stored).size).toBe(all);
  for (let who = 0; who < pages.length; who++) {
    const own = stored.filter((text) => text.startsWith(`${who}/`));
    expect(own, "everybody's own messages kept their order").toEqual(
      Array.from({ length: each }, (_, round) => `${who}/${round}.`),
    );
  }
  for (const page of pages) await seeOnly(page, ...stored);

  for (const page of pages) {
    for (const name of [...names, "Witness"]) await seePresence(page, name, "Online");
    await expect(person(page, "Eve")).toBeHidden(told);
  }
  const dee = await enter("Dee");
  for (const name of names) await seePresence(dee, name, "Online");
  for (const page of pages) await seePresence(page, "Dee", "Online");
  await post(dee, "what did I miss?");
  for (const page of pages) await see(page, "what did I miss?");
  await dee.close();
  for (const page of pages) await expect(person(page, "Dee")).toBeHidden(told);

  await one.start();
  await other.end("SIGKILL");
  for (const [who, page] of pages.entries()) await post(page, `${who}, by the one that came back`);
  for (const page of pages) {
    for (const who of pages.keys()) await see(page, `${who}, by the one that came back`);
    await seeAllSent(page);
  }
  for (const words of heard) expect(await words(), "no page noticed anything").toEqual([]);
  const order = await texts(ada);
  await other.start();
  for (const page of pages) {
    // By either of them.
    for (const _ of server.replicas) {
      await reload(page);
      await seeOnly(page, ...order);
      for (const name of [...names, "Witness"]) await seePresence(page, name, "Online");
      await expect(person(page, "Dee")).toBeHidden();
    }
  }
});
