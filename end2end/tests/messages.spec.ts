/** What people write to each other: at once, in one order for all, and never lost from sight. */

import {
  alive,
  chat,
  composer,
  expect,
  join,
  message,
  messages,
  newChat,
  openChat,
  post,
  see,
  seeAllSent,
  seeOnly,
  test,
  texts,
  type Page,
} from "./support.ts";
import { takeClock } from "./support.clock.ts";

test("a message is on everybody's screen at once, and after a reload", async ({ enter }) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob");
  await post(ada, "hello\nsecond line");
  await see(bob, "hello");
  await expect(message(bob, "hello").getByText("second line")).toBeVisible();
  await expect(bob.getByRole("article", { name: /^Ada, \d\d:\d\d, hello/ })).toBeVisible();
  await expect(ada.getByRole("article", { name: /^You, \d\d:\d\d, hello/ })).toBeVisible();
  await bob.reload();
  await see(bob, "hello");
});

test("the page arrives with its messages in it", async ({ enter }) => {
  const ada = await enter("Ada");
  await post(ada, "already there");
  await seeAllSent(ada);
  const html = await (await ada.request.get(new URL(ada.url()).pathname)).text();
  expect(html).toContain("already there");
});

test("four people who write at the same time read the same order", async ({ enter }) => {
  const pages = await Promise.all(["Ada", "Bob", "Cy", "Di"].map((name) => enter(name)));
  const rounds = 6;
  await Promise.all(
    pages.map(async (page, who) => {
      for (let round = 0; round < rounds; round++) await post(page, `${who}-${round}`);
    }),
  );
  for (const page of pages) {
    await expect.poll(async () => (await texts(page)).length).toBe(pages.length * rounds);
    await seeAllSent(page);
  }
  const order = await texts(pages[0]!);
  for (const page of pages) await seeOnly(page, ...order);
  for (let who = 0; who < pages.length; who++) {
    const own = order.filter((text) => text.startsWith(`${who}-`));
    expect(own).toEqual(Array.from({ length: rounds }, (_, round) => `${who}-${round}`));
  }
});

test("Enter sends, Shift+Enter breaks the line, and the button sends too", async ({ enter }) => {
  const ada = await enter("Ada");
  await composer(ada).pressSequentially("one");
  await ada.keyboard.press("Shift+Enter");
  await ada.keyboard.type("two");
  await expect(composer(ada)).toHaveValue("one\ntwo");
  await ada.getByRole("button", { name: "Send" }).click();
  await see(ada, "one");
  await expect(composer(ada)).toBeFocused();
  await ada.keyboard.press("Enter");
  await expect(messages(ada).getByRole("article")).toHaveCount(1);
});

test("a slow network shows a message as being sent, and then as sent", async ({ enter, wire }) => {
  const ada = await enter("Ada", { by: wire });
  const bob = await enter("Bob");
  await post(ada, "first");
  await see(bob, "first");
  wire.freeze();
  await post(ada, "take your time");
  await see(ada, "take your time");
  await expect(message(ada, "take your time").getByText("Sending")).toBeVisible();
  await expect(message(bob, "take your time")).toHaveCount(0);
  wire.thaw();
  await see(bob, "take your time");
  await expect(message(ada, "take your time").getByText("Sending")).toBeHidden();
  await seeAllSent(ada);
});

test.describe("with the ordinary limits", () => {
  test.use({ settings: {} });

  test("a message that came too fast is not sent, and can be retried, edited or deleted", async ({ enter }) => {
    const ada = await enter("Ada");
    const bob = await enter("Bob");
    const unsent = messages(ada).getByRole("article").filter({ hasText: "Not sent" });
    // Each server counts by itself.
    for (let i = 0; (await unsent.count()) < 3; i++) {
      await postAtOnce(ada, Array.from({ length: 14 }, (_, j) => `quick ${i}-${j}.`));
      await expect(message(ada, `quick ${i}-`)).toHaveCount(14);
      await expect(messages(ada).locator(".message[data-state=pending]")).toHaveCount(0);
    }
    await expect(unsent.first().getByRole("alert")).toContainText(/Try again in \d+ s|You can try again now/);

    const count = await unsent.count();
    const words = (await unsent.first().locator(".message-body").textContent())!;
    await expect(message(bob, words)).toHaveCount(0);
    await expect(unsent.first().getByRole("alert")).toContainText("You can try again now", { timeout: 20_000 });
    await unsent.first().getByRole("button", { name: "Retry" }).click();
    await see(bob, words);
    await expect(unsent).toHaveCount(count - 1);

    const other = (await unsent.first().locator(".message-body").textContent())!;
    await unsent.first().getByRole("button", { name: "Delete" }).click();
    await expect(message(ada, other)).toHaveCount(0);
    const third = (await unsent.first().locator(".message-body").textContent())!;
    await unsent.first().getByRole("button", { name: "Edit" }).click();
    await expect(message(ada, third)).toHaveCount(0);
    await expect(composer(ada)).toHaveValue(third);
    await expect(composer(ada)).toBeFocused();
  });
});

test("a text that is too long stays, with the reason", async ({ enter }) => {
  const ada = await enter("Ada");
  const long = "x".repeat(8_001);
  await composer(ada).fill(long);
  await expect(ada.getByText("8001 of 8000")).toBeVisible();
  await composer(ada).press("Enter");
  await expect(ada.getByRole("alert")).toContainText("8000 characters at most");
  await expect(composer(ada)).toHaveValue(long);
  await ada.keyboard.press("Backspace");
  await expect(ada.getByRole("alert")).toBeHidden();
  await composer(ada).press("Enter");
  await expect(message(ada, "xxxx")).toHaveCount(1);
});

test("a half-written text is there again after a reload, and stays in its chat", async ({ enter }) => {
  const ada = await enter("Ada");
  await composer(ada).fill("not yet fin");
  await newChat(ada, "Tea");
  await expect(composer(ada)).toHaveValue("");
  await openChat(ada, "Lobby");
  await expect(composer(ada)).toHaveValue("not yet fin");
  await ada.reload();
  await alive(ada);
  await expect(composer(ada)).toHaveValue("not yet fin");
});

test("messages of one person that follow each other share a head, and days are separated", async ({ enter }) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob");
  await post(ada, "one");
  await post(ada, "two");
  await see(bob, "one", "two");
  await post(bob, "three");
  await see(ada, "three");
  const heads = messages(ada).locator(".message-author");
  await expect(heads).toHaveText(["Ada", "Bob"]);
  await expect(messages(ada).getByRole("heading")).toHaveText(["Today"]);

  const tomorrow = Date.now() + 24 * 60 * 60 * 1_000;
  const cy = await enter("Cy", { first: (page) => takeClock(page, tomorrow) });
  await expect(messages(cy).getByRole("heading")).toHaveText(["Yesterday"]);
  const nextWeek = await enter("Di", { first: (page) => takeClock(page, tomorrow + 5 * 86_400_000) });
  await expect(messages(nextWeek).getByRole("heading")).toHaveText([/\d{4}$/]);
});

test("two days that one has open are two headings", async ({ enter }) => {
  const noon = new Date("2030-05-05T12:00:00Z");
  const ada = await enter("Ada", { first: (page) => takeClock(page, noon) });
  // What is off the record is stamped by the page itself, so a page's clock is enough to make a day pass.
  await newChat(ada, "Diary", ["Off the record"]);
  await post(ada, "first day");
  await see(ada, "first day");
  await ada.clock.setSystemTime(new Date("2030-05-06T12:00:00Z"));
  await post(ada, "second day");
  await see(ada, "second day");
  await expect(messages(ada).getByRole("heading")).toHaveCount(2);
});

test("what is unread is counted, marked where it begins, and read when it was seen", async ({ enter }) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob");
  await newChat(ada, "Tea");
  await openChat(bob, "Tea");
  await join(bob);
  await post(ada, "seen");
  await see(bob, "seen");
  await expect(chat(bob, "Tea")).not.toContainText("unread");
  await openChat(bob, "Lobby");
  for (let i = 1; i <= 3; i++) await post(ada, `new ${i}`);
  await expect(chat(bob, "Tea")).toContainText("3 unread");
  await expect(bob).toHaveTitle("• Lobby – Chatr");

  await openChat(bob, "Tea");
  await expect(messages(bob).getByRole("separator", { name: "New messages" })).toBeVisible();
  const order = messages(bob).locator(".message-mark, .message-body");
  await expect(order).toHaveText(["seen", "New messages", "new 1", "new 2", "new 3"]);
  await expect(chat(bob, "Tea")).not.toContainText("unread");
  await expect(bob).toHaveTitle("Tea – Chatr");
  await expect(messages(bob).getByRole("separator")).toBeVisible();
  await bob.keyboard.press("Escape");
  await expect(messages(bob).getByRole("separator")).toHaveCount(0);
});

test("what was read in one tab is read in the other", async ({ enter, summon }) => {
  const host = await summon("Host");
  const tea = await host.create("Tea");
  const bob = await enter("Bob");
  await openChat(bob, "Tea");
  await join(bob);
  await openChat(bob, "Lobby");
  const tab = await bob.context().newPage();
  await tab.goto("/");
  await alive(tab);
  await host.post(tea, "news");
  for (const page of [bob, tab]) await expect(chat(page, "Tea")).toContainText("1 unread");
  await openChat(tab, "Tea");
  for (const page of [bob, tab]) await expect(chat(page, "Tea")).not.toContainText("unread");
});

/** Faster than hands, however slow the machine is. */
async function postAtOnce(page: Page, texts: string[]): Promise<void> {
  await composer(page).evaluate((field: HTMLTextAreaElement, texts) => {
    for (const text of texts) {
      field.value = text;
      field.dispatchEvent(new InputEvent("input", { bubbles: true }));
      field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
    }
  }, texts);
}
