/** Chats for many: who makes them, finds them, enters and ends them. */

import {
  chat,
  chats,
  chooseOption,
  composer,
  expect,
  heading,
  join,
  messages,
  newChat,
  openChat,
  people,
  person,
  post,
  see,
  test,
  toast,
  tolerate,
} from "./support.ts";

test("a new public chat appears in everybody's list, and whoever joins can write", async ({ enter }) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob");
  await newChat(ada, "Tea");
  await expect(chat(ada, "Tea")).toHaveAttribute("aria-current", "page");
  await expect(ada).toHaveTitle("Tea – Chatr");
  await expect(messages(ada)).toContainText("Nobody has said anything yet.");
  await post(ada, "who wants some?");

  await openChat(bob, "Tea");
  await see(bob, "who wants some?");
  await expect(bob.getByText("You are reading along.")).toBeVisible();
  await expect(composer(bob)).toBeHidden();
  await join(bob);
  await post(bob, "me please");
  await see(ada, "me please");
  await expect(ada.getByText("Public · 2 members")).toBeVisible();
});

test("a private chat is found by its members only, and members invite", async ({ enter }) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob");
  await newChat(ada, "Cabal", ["Private"]);
  await post(ada, "just us");
  await expect(chat(bob, "Cabal")).toBeHidden();
  const address = new URL(ada.url()).pathname;
  expect((await bob.request.get(address)).status()).toBe(404);
  tolerate(bob, /status of 404/);
  await bob.goto(address);
  await expect(heading(bob)).toHaveText("This chat is not here");
  await expect(bob.getByText("just us")).toBeHidden();
  await bob.getByRole("link", { name: "Go to the default chat" }).click();
  await expect(heading(bob)).toHaveText("Lobby");

  await chooseOption(ada, "Invite");
  await ada.getByRole("button", { name: "Invite Bob" }).click();
  await expect(ada.getByRole("dialog").getByRole("status")).toHaveText("Invited");
  await ada.keyboard.press("Escape");
  await expect(toast(bob, "Ada invited you.")).toBeVisible();
  await toast(bob, "Ada invited you.").getByRole("button", { name: "Open" }).click();
  await expect(heading(bob)).toHaveText("Cabal");
  await see(bob, "just us");
  await post(bob, "glad to be here");
  await see(ada, "glad to be here");
});

test("whoever leaves a private chat sees it no more, and the rest goes on", async ({ enter }) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob");
  await newChat(ada, "Cabal", ["Private"]);
  await chooseOption(ada, "Invite");
  await ada.getByRole("button", { name: "Invite Bob" }).click();
  await ada.keyboard.press("Escape");
  await openChat(bob, "Cabal");
  await chooseOption(bob, "Leave");
  await expect(heading(bob)).toHaveText("Lobby");
  await expect(chat(bob, "Cabal")).toBeHidden();
  await expect(ada.getByText("Private · 1 member", { exact: true })).toBeVisible();
  await post(ada, "still here");
  await see(ada, "still here");
});

test("whoever leaves a public chat can read along and join again", async ({ enter }) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob");
  await newChat(ada, "Tea");
  await openChat(bob, "Tea");
  await join(bob);
  await chooseOption(bob, "Leave");
  await expect(composer(bob)).toBeHidden();
  await post(ada, "bye Bob");
  await join(bob);
  await see(bob, "bye Bob");
  await post(bob, "I am back");
  await see(ada, "I am back");
});

test("whoever comes back to a public chat without being in it reads what was said meanwhile", async ({ enter }) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob");
  await newChat(ada, "Tea");
  await openChat(bob, "Tea");
  await openChat(bob, "Lobby");
  await post(ada, "anybody?");
  await openChat(bob, "Tea");
  await see(bob, "anybody?");
});

test("only the owner renames a chat, and everybody sees the new name at once", async ({ enter }) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob");
  await newChat(ada, "Tea");
  await openChat(bob, "Tea");
  await join(bob);
  await bob.getByRole("button", { name: "Chat options" }).click();
  await expect(bob.getByRole("menuitem")).toHaveText(["Invite", "Leave"]);
  await bob.keyboard.press("Escape");

  await chooseOption(ada, "Rename");
  const dialog = ada.getByRole("dialog", { name: "Rename chat" });
  await dialog.getByRole("textbox", { name: "Chat name" }).fill("Coffee");
  await dialog.getByRole("button", { name: "Rename" }).click();
  for (const page of [ada, bob]) {
    await expect(heading(page)).toHaveText("Coffee");
    await expect(page).toHaveTitle("Coffee – Chatr");
    await expect(chat(page, "Coffee")).toBeVisible();
    await expect(chat(page, "Tea")).toBeHidden();
  }
});

test("deleting asks first, and then tells and moves everybody once", async ({ enter }) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob");
  const cy = await enter("Cy");
  await newChat(ada, "Tea");
  await openChat(bob, "Tea");
  await join(bob);
  await expect(chat(cy, "Tea")).toBeVisible();

  await chooseOption(ada, "Delete chat");
  const dialog = ada.getByRole("dialog", { name: "Delete chat" });
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(heading(ada)).toHaveText("Tea");

  await chooseOption(ada, "Delete chat");
  await dialog.getByRole("button", { name: "Delete" }).click();
  for (const page of [ada, bob]) await expect(heading(page)).toHaveText("Lobby");
  for (const page of [ada, bob, cy]) await expect(chat(page, "Tea")).toBeHidden();
  await expect(toast(bob, "Ada deleted this chat.")).toHaveCount(1);
  await expect(toast(ada, "deleted")).toHaveCount(0);
  await expect(toast(cy, "deleted")).toHaveCount(0);
  await expect(composer(bob)).toBeVisible();
});

test("the default chat can be neither left nor deleted", async ({ enter }) => {
  const ada = await enter("Ada");
  await ada.getByRole("button", { name: "Chat options" }).click();
  await expect(ada.getByRole("menuitem")).toHaveText(["Invite"]);
});

test("a first visit to an empty server is one screen away from talking", async ({ enter }) => {
  const ada = await enter("Ada");
  await expect(heading(ada)).toHaveText("Lobby");
  await expect(composer(ada)).toBeFocused();
  await expect(chats(ada).getByRole("link")).toHaveCount(1);
  await expect(person(ada, "Ada")).toHaveAccessibleDescription(/You/);
  await expect(people(ada)).toContainText("Nobody else is here yet");
});

test("a chat's name that cannot be used is explained in the dialog", async ({ enter }) => {
  const ada = await enter("Ada");
  await ada.getByRole("button", { name: "New chat" }).click();
  const dialog = ada.getByRole("dialog", { name: "New chat" });
  const name = dialog.getByRole("textbox", { name: "Chat name" });
  await expect(name).toBeFocused();
  await name.fill("  ");
  await dialog.getByRole("button", { name: "Create" }).click();
  await expect(dialog.getByRole("alert")).toContainText("Please type something");
  await name.fill("Tea");
  await expect(dialog.getByRole("alert")).toBeHidden();
  await name.press("Enter");
  await expect(heading(ada)).toHaveText("Tea");
  await expect(dialog).toBeHidden();
});
