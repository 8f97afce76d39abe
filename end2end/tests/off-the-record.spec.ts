/** Words from page to page, which the server neither sees nor keeps. */

import {
  alive,
  chooseOption,
  connected,
  expect,
  join,
  me,
  message,
  messages,
  newChat,
  openChat,
  post,
  see,
  seeAllSent,
  seeOnly,
  test,
} from "./support.ts";

test("what is said off the record reaches the members, and never the server", async ({ enter, server }) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob");
  await newChat(ada, "Hush", ["Off the record"]);
  await expect(ada.getByRole("main").getByText("Nothing is kept: the server does not see")).toBeVisible();
  await openChat(bob, "Hush");
  await join(bob);
  await expect(ada.getByText("Off the record: nothing is kept")).toBeVisible();

  await post(ada, "the treasure is under the oak");
  await see(bob, "the treasure is under the oak");
  await post(bob, "which-oak-exactly?");
  await see(ada, "which-oak-exactly?");
  for (const page of [ada, bob]) {
    await seeOnly(page, "the treasure is under the oak", "which-oak-exactly?");
    await seeAllSent(page);
  }

  // The chat's own name is proof that this would find something.
  await expect.poll(() => server.knows("Hush")).toBe(true);
  expect(server.knows("under the oak")).toBe(false);
  expect(server.knows("which-oak-exactly?")).toBe(false);
  const html = await (await ada.request.get(new URL(ada.url()).pathname)).text();
  expect(html).toContain("Off the record");
  expect(html).not.toContain("under the oak");
});

test("who comes later, or comes back, reads nothing of what was said", async ({ enter }) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob");
  await newChat(ada, "Hush", ["Off the record"]);
  await post(ada, "only for those who are here");
  await seeAllSent(ada);
  await openChat(bob, "Hush");
  await join(bob);
  await expect(messages(bob)).toContainText("Nothing was said here since you came.");
  await ada.reload();
  await alive(ada);
  await expect(messages(ada)).toContainText("Nothing was said here since you came.");
  await connected(ada);
  await post(bob, "hello again");
  await see(ada, "hello again");
});

test("whoever is no member hears nothing, nor can say anything", async ({ enter, summon }) => {
  const ada = await enter("Ada");
  const eve = await summon("Eve");
  await newChat(ada, "Hush", ["Private", "Off the record"]);
  await expect(ada.getByRole("main").getByText("Off the record", { exact: true })).toBeVisible();
  const id = new URL(ada.url()).pathname.split("/").pop()!;
  await eve.forbidden(id, { talk: "said", draft: "1".repeat(32), body: "let me in" });
  await post(ada, "nobody hears this");
  await seeAllSent(ada);
  await seeOnly(ada, "nobody hears this");
  expect(eve.saw("nobody hears this")).toBe(false);
});

test("the language moderator has no say where nothing passes by it", async ({ enter }) => {
  const ada = await enter("Ada");
  await newChat(ada, "Hush", ["Off the record"]);
  await ada.getByRole("button", { name: "Chat options" }).click();
  await expect(ada.getByRole("menuitem", { name: "Invite" })).toBeVisible();
  await expect(ada.getByRole("menuitem", { name: "Language moderator" })).toBeHidden();
  await ada.keyboard.press("Escape");
  await chooseOption(ada, "Rename");
  await expect(ada.getByRole("dialog", { name: "Rename chat" })).toBeVisible();
});

test("one's own other tab has what one said", async ({ enter }) => {
  const ada = await enter("Ada");
  await newChat(ada, "Hush", ["Off the record"]);
  const tab = await ada.context().newPage();
  await tab.goto(ada.url());
  await alive(tab);
  await expect(me(tab)).toHaveAccessibleName("Ada");
  await connected(tab);
  await post(ada, "note to self");
  await see(tab, "note to self");
  await post(tab, "noted");
  await see(ada, "noted");
  await expect(message(ada, "note to self")).toHaveCount(1);
});
