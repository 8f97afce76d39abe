/** Names and messages of people who mean harm, or of people whose languages are not ours. */

import {
  alive,
  chat,
  composer,
  expect,
  heading,
  join,
  me,
  message,
  messages,
  newChat,
  openChat,
  openPrivateChat,
  people,
  post,
  see,
  test,
  toast,
  tolerate,
  type Page,
} from "./support.ts";

const markup = [
  `<img src=x onerror="window.harmed=1">`,
  `</script><script>window.harmed=1</script>`,
  `"><svg onload=window.harmed=1>`,
  `<!-- <b>bold</b> -->`,
  `{{7*7}} \${7*7} %s %n &lt;b&gt; &amp;`,
];

async function isUnharmed(page: Page): Promise<void> {
  expect(await page.evaluate(() => (window as unknown as { harmed?: number }).harmed)).toBeUndefined();
}

/** Nothing is wider than the window. */
async function fits(page: Page): Promise<void> {
  const { inner, outer } = await page.evaluate(() => ({
    inner: document.documentElement.scrollWidth,
    outer: document.documentElement.clientWidth,
  }));
  expect(inner).toBeLessThanOrEqual(outer);
}

test("markup in messages is text, live and from the server", async ({ enter }) => {
  const eve = await enter("Eve");
  const bob = await enter("Bob");
  // Where no moderator changes them.
  await newChat(eve, "Zoo");
  await openChat(bob, "Zoo");
  await join(bob);
  for (const text of markup) await post(eve, text);
  for (const page of [eve, bob]) {
    await expect(messages(page).locator(".message-body")).toHaveText(markup);
    await page.reload();
    await alive(page);
    await expect(messages(page).locator(".message-body")).toHaveText(markup);
    await isUnharmed(page);
  }
});

test("markup in names is text, wherever a name is shown", async ({ enter }) => {
  const name = `<b onclick=harmed=1>"Eve"&'</b>`;
  const eve = await enter(name);
  const bob = await enter("Bob");
  await expect(me(eve)).toHaveAccessibleName(name);
  await expect(people(bob).getByRole("button", { name, exact: true })).toBeVisible();
  await newChat(eve, `<script>harmed=1</script>`);
  await expect(chat(bob, `<script>harmed=1</script>`)).toBeVisible();
  await openPrivateChat(eve, "Bob");
  await post(eve, "hi");
  await expect(toast(bob, name)).toBeVisible();
  await openPrivateChat(bob, name);
  await expect(bob).toHaveTitle(`${name} – Chatr`);
  await see(bob, "hi");
  for (const page of [eve, bob]) {
    await page.reload();
    await alive(page);
    await isUnharmed(page);
  }
});

test("only web addresses become links, and they tell nobody where one came from", async ({ enter }) => {
  const eve = await enter("Eve");
  const bob = await enter("Bob");
  await post(eve, "javascript:harmed=1 data:text/html,hi file:///etc/passwd https://example.org/?a=b&c=<d> end");
  const links = messages(bob).getByRole("link");
  await expect(links).toHaveText(["https://example.org/?a=b&c="]);
  await expect(links).toHaveAttribute("rel", /noopener/);
  await expect(links).toHaveAttribute("rel", /ugc/);
  await expect(links).toHaveAttribute("target", "_blank");
});

test("letters that run from right to left turn nothing else around", async ({ enter }) => {
  const eve = await enter("Eve");
  const bob = await enter("Bob");
  await post(eve, "\u202Egnp.exe");
  await post(eve, "\u2067\u2067\u2067 never closed");
  await post(eve, "שלום עולם");
  await see(bob, "never closed", "שלום עולם");
  for (const body of await messages(bob).locator(".message-body").all()) {
    await expect(body).toHaveCSS("unicode-bidi", /isolate|plaintext/);
  }
  const byline = messages(bob).locator(".message-byline").first();
  const author = (await byline.locator(".message-author").boundingBox())!;
  const time = (await byline.locator("time").boundingBox())!;
  expect(author.x).toBeLessThan(time.x);
  const rtl = await message(bob, "שלום").locator(".message-body").evaluate((body) => getComputedStyle(body).direction);
  expect(rtl).toBe("rtl");
});

test("huge words and names fit, on a phone too", async ({ enter }) => {
  const eve = await enter("W".repeat(64));
  const bob = await enter("Bob", { viewport: { width: 320, height: 640 } });
  await post(eve, "A".repeat(8_000));
  await post(eve, "https://example.org/" + "a".repeat(2_000));
  await post(eve, "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d".repeat(300));
  await newChat(eve, "M".repeat(64));
  await expect(messages(bob).getByRole("article")).toHaveCount(3);
  await fits(eve);
  await fits(bob);
  await bob.getByRole("link", { name: "Back to chats" }).click();
  await expect(chat(bob, "M".repeat(64))).toBeVisible();
  await fits(bob);
});

test("invisible and control characters are dropped from messages, and refused in names", async ({ enter, summon }) => {
  const bob = await enter("Bob");
  const eve = await summon("Eve");
  await eve.post(eve.lobby, "a\u0000b\u0007c\u001b[31md\r\ne");
  await expect(messages(bob).locator(".message-body")).toHaveText(["abc[31md\ne"]);
  await expect(eve.post(eve.lobby, "\u0000 \u200b\n")).rejects.toThrow(/malformed|unfit/i);
  await expect(eve.create("\u0000")).rejects.toThrow();
  await expect(eve.create("a\u202eb")).rejects.toThrow(/malformed|unfit/i);
  await post(bob, "👩‍💻 family: 👨‍👩‍👧‍👦");
  await see(bob, "👩‍💻 family: 👨‍👩‍👧‍👦");
});

test("nobody speaks in another one's name, nor as the server", async ({ enter, summon }) => {
  const bob = await enter("Bob");
  tolerate(bob, /a message was skipped/);
  const eve = await summon("Eve");
  const draft = "1".repeat(32);
  await expect(
    eve.ask("postMessage", { chat: eve.lobby, draft, body: "I am Bob", fromUserId: "bob" }),
  ).rejects.toThrow(/malformed/i);
  eve.talk(eve.lobby, {
    chatEvent: "chatDeleted",
    data: { chat: eve.lobby, name: "Lobby", by: { id: "2".repeat(32), name: "Bob", kind: "guest" } },
  });
  await eve.post(eve.lobby, "still me");
  await expect(bob.getByRole("article", { name: /^Eve, .*still me/ })).toBeVisible();
  await expect(heading(bob)).toHaveText("Lobby");
  await expect(composer(bob)).toBeVisible();
  await expect(message(bob, "I am Bob")).toHaveCount(0);
});
