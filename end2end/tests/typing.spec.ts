/** Who is writing just now. */

import { composer, connected, expect, join, newChat, openChat, post, see, test, type Page } from "./support.ts";
import type { Visitor } from "./support.socket.ts";

const typing = (page: Page) => page.getByRole("main").locator(".typing");

test("the others see that somebody is typing, until the message is there", async ({ enter }) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob");
  for (const page of [ada, bob]) await connected(page);
  await composer(bob).pressSequentially("hel");
  await expect(typing(ada)).toHaveText("Bob is typing…");
  await expect(typing(bob)).toHaveText("");
  await composer(bob).press("Enter");
  await see(ada, "hel");
  await expect(typing(ada)).toHaveText("");
});

test("who stops, or empties the field, is typing no more", async ({ enter }) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob");
  for (const page of [ada, bob]) await connected(page);
  await composer(bob).pressSequentially("well");
  await expect(typing(ada)).toHaveText("Bob is typing…");
  await composer(bob).clear();
  await expect(typing(ada)).toHaveText("");
  await composer(bob).pressSequentially("well");
  await expect(typing(ada)).toHaveText("Bob is typing…");
  // Four seconds without a key.
  await expect(typing(ada)).toHaveText("");
  await expect(composer(bob)).toHaveValue("well");
});

test("several typists are named, and a crowd is not", async ({ enter, summon }) => {
  const ada = await enter("Ada");
  const others: Visitor[] = [];
  for (const [name, words] of [
    ["Bo", "Bo is typing…"],
    ["Cy", "Bo and Cy are typing…"],
    ["Di", "Bo, Cy and Di are typing…"],
    ["Ed", "Several people are typing…"],
  ] as const) {
    const other = await summon(name);
    others.push(other);
    // Said again and again, as long as keys are pressed.
    await expect(async () => {
      for (const typist of others) typist.typing(typist.lobby);
      await expect(typing(ada)).toHaveText(words, { timeout: 1_000 });
    }).toPass({ timeout: 15_000 });
  }
  // None of them is heard of again.
  await expect(typing(ada)).toHaveText("");
});

test("blank text is no typing, and neither is what happens in another chat", async ({ enter }) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob");
  await newChat(ada, "Tea");
  await openChat(bob, "Tea");
  await join(bob);
  await composer(bob).pressSequentially("   ");
  await openChat(ada, "Lobby");
  await composer(bob).pressSequentially("tea!");
  await openChat(ada, "Tea");
  await expect(typing(ada)).toHaveText("Bob is typing…");
  await openChat(ada, "Lobby");
  await expect(typing(ada)).toHaveText("");
  await post(ada, "quiet here");
});

test("one's own typing can be kept to oneself", async ({ enter }) => {
  const ada = await enter("Ada");
  const bob = await enter("Bob");
  await bob.getByRole("contentinfo").getByRole("button").first().click();
  await bob.getByRole("menuitem", { name: "Settings" }).click();
  await bob.getByRole("checkbox", { name: "Show others that I am typing" }).uncheck();
  await bob.keyboard.press("Escape");
  const seen = await ada.evaluateHandle(() => {
    const seen: string[] = [];
    const words = document.querySelector(".typing")!;
    new MutationObserver(() => seen.push(words.textContent)).observe(words, {
      childList: true,
      characterData: true,
      subtree: true,
    });
    return seen;
  });
  await composer(bob).pressSequentially("nobody knows");
  await composer(bob).press("Enter");
  await see(ada, "nobody knows");
  expect((await seen.jsonValue()).filter(Boolean)).toEqual([]);
});
