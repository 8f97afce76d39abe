/** Reading and writing where no script runs, and before the first one has. */

import { expect, heading, messages, see, test } from "./support.ts";

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
