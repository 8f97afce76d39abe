/** Reading and writing where no script runs, and before the first one has. */

import { expect, heading, message, messages, openChat, see, test, type Page } from "./support.ts";

const javaScriptEnabled = false;

test("one can sign in, read and post without scripts", async ({ visit, enter }) => {
  const bob = await enter("Bob");
  const ada = await visit({ javaScriptEnabled });
  await ada.getByRole("textbox", { name: "Your name" }).fill("Ada");
  await ada.getByRole("button", { name: "Join" }).click();
  await expect(heading(ada)).toHaveText("Lobby");

  await ada.getByRole("textbox", { name: "Message", exact: true }).fill("from paper");
  await ada.getByRole("button", { name: "Send" }).click();
  await expect(messages(ada)).toContainText("from paper");
  await see(bob, "from paper");
  await ada.reload();
  await expect(messages(ada).getByRole("article")).toHaveCount(1);
});

test("a public chat can be read without scripts and without being in it", async ({ enter, summon }) => {
  const host = await summon("Host");
  const tea = await host.create("Tea");
  for (let i = 1; i <= 3; i++) await host.post(tea, `cup ${i}`);
  const ada = await enter("Ada", { javaScriptEnabled });
  await ada.getByRole("navigation", { name: "Chats" }).getByRole("link", { name: /^Tea/ }).click();
  await expect(heading(ada)).toHaveText("Tea");
  await expect(messages(ada).locator(".message-body")).toHaveText(["cup 1", "cup 2", "cup 3"]);
  await expect(ada.getByRole("complementary", { name: "People" })).toContainText("Host");
});

test("a form that is sent twice posts once", async ({ enter }) => {
  const ada = await enter("Ada", { javaScriptEnabled });
  const chat = await ada.locator("form.composer input[name=chat]").inputValue();
  const draft = await ada.locator("form.composer input[name=draft]").inputValue();
  for (let i = 0; i < 2; i++) {
    const answer = await ada.request.post("/api/postMessage", { form: { chat, draft, body: "once" } });
    expect(answer.ok()).toBe(true);
  }
  await ada.reload();
  await expect(messages(ada).getByRole("article")).toHaveCount(1);
});

test("a message that cannot be posted is answered with the reason", async ({ enter, summon }) => {
  const host = await summon("Host");
  const tea = await host.create("Tea");
  await host.ask("setModeration", { chat: tea, moderation: "block" });
  const ada = await enter("Ada");
  await ada.goto(`/chat/${tea}`);
  await ada.getByRole("button", { name: "Join chat" }).click();
  await expect(ada.getByRole("button", { name: "Send" })).toBeVisible();

  const paper = await enter("Ada", { javaScriptEnabled, storageState: await ada.context().storageState() });
  await paper.goto(`/chat/${tea}`);
  await paper.getByRole("textbox", { name: "Message", exact: true }).fill("oh shit");
  await paper.getByRole("button", { name: "Send" }).click();
  await expect(paper.getByRole("alert")).toContainText("moderator");
  await expect(messages(paper).getByRole("article")).toHaveCount(0);
});

test("a click that comes before the page hears it is heard once it does", async ({ enter }) => {
  const ada = await enter("Ada");
  const arrive = await holdProgram(ada);
  await ada.goto("/chat", { waitUntil: "commit" });
  await ada.getByRole("button", { name: "New chat" }).click();
  await expect(ada.locator("html[data-hydrated]")).not.toBeAttached();
  await expect(ada.getByRole("dialog")).toBeHidden();
  arrive();
  await expect(ada.getByRole("dialog", { name: "New chat" })).toBeVisible();
});

test("who wants the latest message before the page hears it, gets there", async ({ enter, summon }) => {
  const host = await summon("Host");
  const ada = await enter("Ada");
  await host.create("Tea");
  const lobby = ada.url();
  await openChat(ada, "Tea");
  await Promise.all(Array.from({ length: 120 }, (_, i) => host.post(host.lobby, `line ${i + 1}`)));
  await host.post(host.lobby, "the latest");
  const arrive = await holdProgram(ada);
  await ada.goto(lobby, { waitUntil: "commit" });
  await ada.getByRole("button", { name: "Jump to latest" }).click();
  arrive();
  await expect(message(ada, "the latest")).toBeInViewport();
  await expect(ada.getByRole("button", { name: "Jump to latest" })).toBeHidden();
});

/** From now on pages wait for their program, until what this gives is called. */
async function holdProgram(page: Page): Promise<() => void> {
  let arrive = (): void => undefined;
  const held = new Promise<void>((done) => (arrive = done));
  await page.route("**/*.wasm", async (route) => held.then(() => route.continue()));
  return arrive;
}
