/** A name, and one is in; and out again. */

import { alive, composer, expect, heading, me, people, person, post, see, signIn, test } from "./support.ts";

test("a newcomer types a name and lands in the default chat, ready to write", async ({ visit }) => {
  const ada = await visit();
  await expect(ada.getByRole("textbox", { name: "Your name" })).toBeFocused();
  await signIn(ada, "Ada");
  await expect(heading(ada)).toHaveText("Lobby");
  await alive(ada);
  await expect(composer(ada)).toBeFocused();
  await ada.keyboard.type("here I am");
  await ada.keyboard.press("Enter");
  await see(ada, "here I am");
});

test("two people of one name can be told apart, by everybody", async ({ enter }) => {
  const first = await enter("Ada");
  const second = await enter("Ada");
  await expect(me(first)).toHaveAccessibleName("Ada");
  await expect(me(second)).toHaveAccessibleName(/^Ada #[0-9a-f]{4}$/);
  for (const page of [first, second]) {
    await expect(people(page).getByRole("button", { name: /^Ada/ })).toHaveCount(2);
  }
  await post(second, "it is me");
  await expect(first.getByRole("article", { name: /^Ada #[0-9a-f]{4}, .*it is me/ })).toBeVisible();
});

test("a name that only looks like another one gets a tag too", async ({ enter }) => {
  await enter("Ada");
  const fake = await enter("\u0410da");
  await expect(me(fake)).toHaveAccessibleName(/ #[0-9a-f]{4}$/);
});

test("nobody is the moderator by name alone", async ({ enter }) => {
  const fake = await enter("Moderator");
  await expect(me(fake)).toHaveAccessibleName(/^Moderator #[0-9a-f]{4}$/);
});

test("a name that cannot be used comes back with the reason, to be corrected", async ({ visit }) => {
  const page = await visit();
  await signIn(page, "   ");
  await expect(page.getByRole("alert")).toContainText("Please type something");

  await signIn(page, "Ada\u202Egnol");
  await expect(page.getByRole("alert")).toContainText("invisible");
  await expect(page.getByRole("textbox", { name: "Your name" })).toHaveAccessibleDescription(/invisible/);

  await page.getByRole("textbox", { name: "Your name" }).evaluate((field) => field.removeAttribute("maxlength"));
  await signIn(page, "a".repeat(65));
  await expect(page.getByRole("alert")).toContainText("64 characters at most");
  await expect(page.getByRole("textbox", { name: "Your name" })).toHaveValue("a".repeat(65));

  await signIn(page, "Ada");
  await expect(heading(page)).toHaveText("Lobby");
});

test("who is asked to sign in returns to the chat that was wanted", async ({ enter, visit, summon }) => {
  const host = await summon("Host");
  const tea = await host.create("Tea");
  const ada = await visit({ path: `/chat/${tea}` });
  await expect(ada).toHaveURL(/\/\?return=/);
  await signIn(ada, "Ada");
  await expect(heading(ada)).toHaveText("Tea");
  await enter("Bob", { path: `/chat/${tea}` }).then((bob) => expect(heading(bob)).toHaveText("Tea"));
});

test("a browser remembers its person until they sign out", async ({ enter }) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob");
  await ada.goto("/");
  await alive(ada);
  await expect(me(ada)).toHaveAccessibleName("Ada");

  await me(ada).click();
  await ada.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(ada.getByRole("button", { name: "Join" })).toBeVisible();
  await ada.goto("/chat");
  await expect(ada.getByRole("button", { name: "Join" })).toBeVisible();
  await expect(person(bob, "Ada")).toBeHidden({ timeout: 25_000 });
});
