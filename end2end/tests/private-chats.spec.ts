/** Two people among themselves. */

import {
  chat,
  composer,
  expect,
  heading,
  message,
  openChat,
  openPrivateChat,
  person,
  post,
  reload,
  see,
  test,
  toast,
  tolerate,
} from "./support.ts";

test("two people talk in private, from the list of people, and it is kept", async ({ enter }) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob");
  await openPrivateChat(ada, "Bob");
  await expect(ada.getByText("This is between you and Bob.")).toBeVisible();
  await post(ada, "psst");
  await openChat(bob, "Ada");
  await see(bob, "psst");
  await post(bob, "what is it?");
  await see(ada, "what is it?");
  for (const page of [ada, bob]) {
    await reload(page);
    await see(page, "psst", "what is it?");
  }
});

test("the other side is told by a pop-up and an unread mark, and keeps the focus", async ({ enter }) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob");
  await composer(bob).fill("I am writing someth");
  await openPrivateChat(ada, "Bob");
  await expect(toast(bob, "opened a private chat with you")).toBeVisible();
  await post(ada, "psst");
  await expect(toast(bob, "psst")).toBeVisible();
  await expect(chat(bob, "Ada")).toContainText("1 unread");
  await expect(bob).toHaveTitle("(1) Lobby – Chatr");

  await expect(heading(bob)).toHaveText("Lobby");
  await expect(composer(bob)).toBeFocused();
  await bob.keyboard.type("ing");
  await expect(composer(bob)).toHaveValue("I am writing something");

  await toast(bob, "psst").getByRole("button", { name: "Open" }).click();
  await expect(heading(bob)).toHaveText("Ada");
  await see(bob, "psst");
  await expect(chat(bob, "Ada")).not.toContainText("unread");
  await expect(bob).toHaveTitle("Ada – Chatr");
});

test("there is one private chat for two, whoever opens it and however often", async ({ enter }) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob");
  await openPrivateChat(ada, "Bob");
  const address = new URL(ada.url()).pathname;
  await openPrivateChat(bob, "Ada");
  await expect(bob).toHaveURL(new RegExp(`${address}$`));
  await openChat(ada, "Lobby");
  await openPrivateChat(ada, "Bob");
  await expect(ada).toHaveURL(new RegExp(`${address}$`));
  await expect(chat(ada, "Bob")).toHaveCount(1);
});

test("nobody else finds or reads it", async ({ enter }) => {
  const ada = await enter("Ada");
  await enter("Bob");
  const eve = await enter("Eve");
  await openPrivateChat(ada, "Bob");
  await post(ada, "the password is swordfish");
  await see(ada, "swordfish");
  await expect(chat(eve, "Bob")).toHaveCount(0);
  await expect(chat(eve, "Ada")).toHaveCount(0);

  const address = new URL(ada.url()).pathname;
  const answer = await eve.request.get(address);
  expect(answer.status()).toBe(404);
  expect(await answer.text()).not.toContain("swordfish");
  const nothing = await eve.request.get(`/chat/${"0".repeat(32)}`);
  expect(nothing.status(), "what is secret and what is not there look alike").toBe(404);
  tolerate(eve, /status of 404/);
  await eve.goto(address);
  await expect(heading(eve)).toHaveText("This chat is not here");
  await expect(message(eve, "swordfish")).toHaveCount(0);
});

test("it says how the other one is, and waits for them", async ({ enter }) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob");
  await openPrivateChat(ada, "Bob");
  await expect(ada.getByRole("main").getByText("Online")).toBeVisible();
  const wayBack = bob.context();
  await bob.close();
  await expect(person(ada, "Bob")).toBeHidden({ timeout: 25_000 });
  await expect(ada.getByRole("main").getByText("Offline")).toBeVisible();
  await post(ada, "read this later");
  await see(ada, "read this later");

  const later = await wayBack.newPage();
  await later.goto("/");
  await expect(chat(later, "Ada")).toContainText("1 unread");
  await openChat(later, "Ada");
  await see(later, "read this later");
});
