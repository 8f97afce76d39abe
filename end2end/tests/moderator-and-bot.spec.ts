/** The two who are no people: the language moderator and the bot. */

import {
  chooseOption,
  composer,
  expect,
  heading,
  join,
  message,
  messages,
  newChat,
  openChat,
  openPrivateChat,
  people,
  post,
  see,
  test,
  texts,
  type Page,
} from "./support.ts";

async function moderate(page: Page, policy: "Off" | "Mask" | "Block"): Promise<void> {
  await chooseOption(page, "Language moderator");
  const dialog = page.getByRole("dialog", { name: "Language moderator" });
  await dialog.getByRole("radio", { name: policy }).check();
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog).toBeHidden();
}

test("where words are masked, the author is told which, and nobody ever saw them", async ({ enter, server }) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob");
  await newChat(ada, "Parlour");
  await moderate(ada, "Mask");
  await openChat(bob, "Parlour");
  await join(bob);
  await post(bob, "what a shitty day");
  await see(ada, "what a ");
  await expect(message(ada, "what a ")).toContainText("****");
  await expect(message(ada, "what a ")).toContainText("Some words were masked by the moderator.");
  await expect(message(bob, "what a ").getByRole("status")).toContainText(/The moderator masked: .*shit/);
  expect(await texts(ada)).toEqual(await texts(bob));
  expect(await messages(ada).textContent()).not.toContain("shit");
  expect(server.knows("shitty day")).toBe(false);
});

test("where words are blocked, the message is not posted, and its author may change it", async ({ enter }) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob");
  await newChat(ada, "Parlour");
  await moderate(ada, "Block");
  await openChat(bob, "Parlour");
  await join(bob);
  for (const evasion of ["oh shit", "oh s\u200Bhit", "oh ｓｈｉｔ"]) {
    await post(bob, evasion);
    const unsent = messages(bob).getByRole("article").filter({ hasText: "Not sent" });
    await expect(unsent.getByRole("alert")).toContainText("The moderator of this chat stopped this message");
    await unsent.getByRole("button", { name: "Edit" }).click();
    await expect(composer(bob)).toHaveValue(evasion);
    await composer(bob).fill("");
  }
  await post(bob, "oh dear");
  await see(ada, "oh dear");
  expect(await texts(ada)).toEqual(["oh dear"]);
});

test("only the owner says what the moderator does, and may send it away", async ({ enter }) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob");
  await newChat(ada, "Tavern");
  await openChat(bob, "Tavern");
  await join(bob);
  await bob.getByRole("button", { name: "Chat options" }).click();
  await expect(bob.getByRole("menuitem", { name: "Language moderator" })).toBeHidden();
  await bob.keyboard.press("Escape");
  await moderate(ada, "Off");
  await post(bob, "well shit");
  await see(ada, "well shit");
  await chooseOption(ada, "Language moderator");
  await expect(ada.getByRole("radio", { name: "Off" })).toBeChecked();
});

test("the bot is marked as one, and answers its commands", async ({ enter }) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob");
  await expect(people(ada).getByRole("button", { name: "Chatr" })).toHaveAccessibleDescription(/Bot/);
  const said = messages(bob).getByRole("article", { name: /^Chatr,/ });

  await post(ada, "/help");
  await expect(said.filter({ hasText: "/dice" })).toHaveCount(1);
  await expect(messages(bob).locator(".message-byline").filter({ hasText: "Chatr" }).getByText("Bot")).toBeVisible();
  await post(ada, "/who");
  await expect(said.filter({ hasText: /Online here \(\d\): .*Ada.*Bob/ })).toHaveCount(1);
  await post(ada, "/dice 2d2+1");
  await expect(said.filter({ hasText: /Ada threw [12] \+ [12] \+ 1 = [3-5]\./ })).toHaveCount(1);
  await post(ada, "/remind 1s look up");
  await expect(said.filter({ hasText: "I will remind you in 1 second, Ada." })).toHaveCount(1);
  await expect(said.filter({ hasText: "Ada, you asked me to remind you: look up" })).toHaveCount(1);
  await post(ada, "what do you think, @Chatr?");
  await expect(said.filter({ hasText: "Hello Ada." })).toHaveCount(1);
  await post(ada, "nothing for you, bot");
  await see(bob, "nothing for you, bot");
  await expect(said).toHaveCount(6);
});

test("one can talk to the bot in private", async ({ enter }) => {
  const ada = await enter("Ada");
  await openPrivateChat(ada, "Chatr");
  await expect(heading(ada)).toHaveText("Chatr");
  await post(ada, "good evening");
  await expect(messages(ada).getByRole("article", { name: /^Chatr,/ })).toContainText("Hello Ada.");
});
