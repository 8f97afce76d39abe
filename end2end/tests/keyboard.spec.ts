/** Everything, without a mouse. */

import {
  alive,
  chat,
  composer,
  expect,
  heading,
  join,
  message,
  messages,
  openChat,
  person,
  post,
  see,
  test,
  toast,
  type Locator,
  type Page,
} from "./support.ts";

/** Presses Tab until this has the focus. */
async function tabTo(page: Page, wanted: Locator, key = "Tab"): Promise<void> {
  for (let presses = 0; presses < 40; presses++) {
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press(key);
  }
  await expect(wanted, `${key} leads there`).toBeFocused({ timeout: 100 });
}

test("signing in, writing, making a chat and signing out take no mouse", async ({ visit }) => {
  const ada = await visit();
  await ada.keyboard.type("Ada");
  await ada.keyboard.press("Enter");
  await expect(heading(ada)).toHaveText("Lobby");
  await alive(ada);
  await ada.keyboard.type("typed at once");
  await ada.keyboard.press("Enter");
  await see(ada, "typed at once");

  const newChat = ada.getByRole("button", { name: "New chat" });
  await tabTo(ada, newChat, "Shift+Tab");
  await ada.keyboard.press("Enter");
  const dialog = ada.getByRole("dialog", { name: "New chat" });
  await expect(dialog.getByRole("textbox", { name: "Chat name" })).toBeFocused();
  await ada.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(newChat).toBeFocused();
  await ada.keyboard.press("Space");
  await ada.keyboard.type("Night shift");
  await tabTo(ada, dialog.getByRole("checkbox", { name: "Private" }));
  await ada.keyboard.press("Space");
  await tabTo(ada, dialog.getByRole("button", { name: "Create" }));
  await ada.keyboard.press("Enter");
  await expect(heading(ada)).toHaveText("Night shift");
  await expect(ada.getByText("Private · 1 member")).toBeVisible();

  const own = ada.getByRole("contentinfo").getByRole("button").first();
  await tabTo(ada, own, "Shift+Tab");
  await ada.keyboard.press("Enter");
  await expect(ada.getByRole("menuitem", { name: "Settings" })).toBeFocused();
  await ada.keyboard.press("End");
  await expect(ada.getByRole("menuitem", { name: "Sign out" })).toBeFocused();
  await ada.keyboard.press("Enter");
  await expect(ada.getByRole("button", { name: "Join" })).toBeVisible();
});

test("the first Tab leads past everything to the conversation", async ({ enter }) => {
  const ada = await enter("Ada");
  await ada.evaluate(() => (document.activeElement as HTMLElement).blur());
  const skip = ada.getByRole("link", { name: "Skip to the conversation" });
  await tabTo(ada, skip);
  await expect(skip).toBeInViewport();
  await ada.keyboard.press("Enter");
  await expect(ada.getByRole("main")).toBeFocused();
});

test("chats are opened from the list and with Alt and the arrows", async ({ enter, summon }) => {
  const host = await summon("Host");
  await host.create("Milk");
  await host.create("Tea");
  const ada = await enter("Ada");
  await tabTo(ada, chat(ada, "Tea"), "Shift+Tab");
  await ada.keyboard.press("Enter");
  await expect(heading(ada)).toHaveText("Tea");
  for (const [key, name] of [
    ["Alt+ArrowDown", "Lobby"],
    ["Alt+ArrowDown", "Milk"],
    ["Alt+ArrowDown", "Tea"],
    ["Alt+ArrowUp", "Milk"],
  ] as const) {
    await ada.keyboard.press(key);
    await expect(heading(ada)).toHaveText(name);
  }
});

test("a private chat starts from the list of people", async ({ enter }) => {
  const ada = await enter("Ada");
  await enter("Bob");
  await tabTo(ada, person(ada, "Bob"));
  await ada.keyboard.press("Enter");
  await expect(ada.getByRole("menuitem", { name: "Private chat" })).toBeFocused();
  await ada.keyboard.press("Escape");
  await expect(ada.getByRole("menuitem", { name: "Private chat" })).toBeHidden();
  await expect(person(ada, "Bob")).toBeFocused();
  await ada.keyboard.press("Enter");
  await expect(ada.getByRole("menuitem", { name: "Private chat" })).toBeFocused();
  await ada.keyboard.press("Enter");
  await expect(heading(ada)).toHaveText("Bob");
  await ada.keyboard.type("psst");
  await expect(composer(ada)).toBeFocused();
  await ada.keyboard.press("Enter");
  await see(ada, "psst");
});

test("the chat's menu moves with the arrows, and its dialogs give the focus back", async ({ enter, summon }) => {
  const ada = await enter("Ada");
  await summon("Bob");
  await ada.getByRole("button", { name: "New chat" }).press("Enter");
  await ada.keyboard.type("Tea");
  await ada.keyboard.press("Enter");
  await expect(heading(ada)).toHaveText("Tea");

  const options = ada.getByRole("button", { name: "Chat options" });
  await tabTo(ada, options, "Shift+Tab");
  await ada.keyboard.press("Enter");
  const items = ada.getByRole("menuitem");
  await expect(items.nth(0)).toBeFocused();
  await expect(items).toHaveText(["Rename", "Invite", "Language moderator", "Leave", "Delete chat"]);
  await ada.keyboard.press("ArrowUp");
  await expect(items.nth(4)).toBeFocused();
  await ada.keyboard.press("ArrowDown");
  await ada.keyboard.press("ArrowDown");
  await expect(items.nth(1)).toBeFocused();
  await ada.keyboard.press("Enter");
  const invite = ada.getByRole("dialog", { name: "Invite" });
  await tabTo(ada, invite.getByRole("button", { name: "Invite Bob" }));
  await ada.keyboard.press("Enter");
  await expect(invite.getByRole("status").filter({ hasText: "Invited" })).toBeVisible();
  await ada.keyboard.press("Escape");
  await expect(options).toBeFocused();

  await ada.keyboard.press("Enter");
  await ada.keyboard.press("Home");
  await ada.keyboard.press("Enter");
  await ada.keyboard.press("Control+a");
  await ada.keyboard.type("Coffee");
  await ada.keyboard.press("Enter");
  await expect(heading(ada)).toHaveText("Coffee");
});

test("typing anywhere writes, and a pop-up is reached and dismissed", async ({ enter, summon }) => {
  const ada = await enter("Ada");
  const bob = await summon("Bob");
  await messages(ada).focus();
  await ada.keyboard.type("hello");
  await expect(composer(ada)).toBeFocused();
  await expect(composer(ada)).toHaveValue("hello");
  await ada.keyboard.press("Enter");
  await see(ada, "hello");

  const tea = await bob.create("Tea");
  await openChat(ada, "Tea");
  await join(ada);
  await openChat(ada, "Lobby");
  await bob.post(tea, "come over");
  const open = toast(ada, "come over").getByRole("button", { name: "Open" });
  await tabTo(ada, open);
  await ada.keyboard.press("Enter");
  await expect(heading(ada)).toHaveText("Tea");
  await expect(message(ada, "come over")).toBeVisible();
  await post(ada, "coming");
});

test("an unsent message is sent again with the keys", async ({ enter, summon }) => {
  const ada = await enter("Ada");
  const host = await summon("Host");
  const tea = await host.create("Tea");
  await host.ask("setModeration", { chat: tea, moderation: "block" });
  await openChat(ada, "Tea");
  await join(ada);
  await post(ada, "oh shit");
  const edit = messages(ada).getByRole("button", { name: "Edit" });
  await tabTo(ada, edit, "Shift+Tab");
  await ada.keyboard.press("Enter");
  await expect(composer(ada)).toBeFocused();
  await expect(composer(ada)).toHaveValue("oh shit");
  await ada.keyboard.press("Control+a");
  await ada.keyboard.type("oh well");
  await ada.keyboard.press("Enter");
  await see(ada, "oh well");
});
