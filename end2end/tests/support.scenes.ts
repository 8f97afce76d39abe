/**
 * Every screen of the product, each with what leads to it. Who looks at them, and for what, stands elsewhere: pictures
 * are taken of them, and they are examined.
 */

import { aMomentLater } from "./support.day.ts";
import { networkIsGone } from "./support.guard.ts";
import type { Proxy } from "./support.proxy.ts";
import {
  type Entry,
  type Page,
  chooseOption,
  composer,
  connected,
  expect,
  me,
  message,
  person,
  toast,
  tolerate,
} from "./support.ts";
import { type Look, type Town, phone } from "./support.town.ts";

/** What a scene is played with. */
export interface Stage {
  town: Town;
  wire: Proxy;
  visit: (entry?: Entry) => Promise<Page>;
}

/** Gives the page on which the scene is to be seen. */
export type Scene = (stage: Stage, look: Look) => Promise<Page>;

/** By the name that its pictures have. */
export const scenes: Record<string, Scene> = {
  "sign-in": async ({ visit }, { name: _, ...look }) => {
    const page = await visit({ colorScheme: "light", ...look });
    await page.waitForLoadState("networkidle");
    return page;
  },

  "sign-in-problem": async ({ visit }, { name: _, ...look }) => {
    const page = await visit({ colorScheme: "light", ...look, path: "/?problem=invisible&name=%E2%80%8B" });
    await page.waitForLoadState("networkidle");
    return page;
  },

  "chat-empty": async ({ town }, look) => {
    const page = await town.open(look, "Quiet corner");
    await expect(page.getByRole("button", { name: "Say hello" })).toBeVisible();
    return page;
  },

  "chat-busy": async ({ town }, look) => {
    const page = await openLaunch(town, look);
    await connected(page);
    town.priya.typing(town.chat("Launch week"));
    await expect(page.getByText("Priya Raman is typing…")).toBeVisible();
    return page;
  },

  "chat-troubled": async ({ town }, look) => {
    const page = await town.open(look, "Quiet corner");
    await chooseModerator(page, "Mask");
    await say(page, "Who left the damn shit on the printer?");
    await expect(page.getByText("The moderator masked: ")).toBeVisible();
    await chooseModerator(page, "Block");
    await say(page, "I said: shit.");
    await expect(page.getByText("Not sent")).toBeVisible();
    await composer(page).fill("Sorry about that, I will be nice from now on.");
    return page;
  },

  "chat-off-the-record": async ({ town }, look) => {
    const page = await town.open(look, "Hallway");
    const chat = town.chat("Hallway");
    const hear = (by: typeof town.marcus, digit: string, body: string) =>
      by.talk(chat, { talk: "said", draft: digit.repeat(32), body });
    await connected(page);
    hear(town.marcus, "1", "Between us: the party for Priya is on Thursday.");
    await expect(message(page, "Between us")).toBeVisible();
    await say(page, "I bring the cake. Does she like lemon?");
    hear(town.sofia, "2", "She does. Not a word in the Lobby!");
    await expect(message(page, "Not a word")).toBeVisible();
    await expect(page.locator(".message:not([data-state=posted])")).toHaveCount(0);
    return page;
  },

  "chat-to-join": async ({ town }, look) => {
    await town.noah.post(town.chat("Bike commuters"), "The bridge is open again.");
    const page = await town.open(look, "Bike commuters");
    await expect(page.getByRole("button", { name: "Join chat" })).toBeVisible();
    return page;
  },

  "chat-list": async ({ town }, look) => {
    const page = await town.open(look, undefined);
    await expect(page.getByRole("navigation", { name: "Chats" })).toBeVisible();
    return page;
  },

  people: async ({ town }, look) => {
    const page = await openLaunch(town, look);
    if (look === phone) await page.getByRole("button", { name: "Show people" }).click();
    await person(page, "Marcus Oyelaran").click();
    await expect(page.getByRole("menuitem", { name: "Private chat" })).toBeFocused();
    return page;
  },

  "new-chat": async ({ town }, look) => {
    const page = await (look === phone ? town.open(look, undefined) : openLaunch(town, look));
    await page.getByRole("button", { name: "New chat" }).click();
    await page.getByRole("textbox", { name: "Chat name" }).fill("Friday lunch");
    await page.getByRole("checkbox", { name: "Private" }).check();
    return page;
  },

  options: async ({ town }, look) => {
    const page = await openLaunch(town, look);
    await page.getByRole("button", { name: "Chat options" }).click();
    await expect(page.getByRole("menuitem", { name: "Rename" })).toBeFocused();
    return page;
  },

  invite: async ({ town }, look) => {
    const page = await town.open(look, "Quiet corner");
    await chooseOption(page, "Invite");
    const dialog = page.getByRole("dialog", { name: "Invite" });
    await dialog.getByRole("button", { name: "Invite Marcus Oyelaran" }).click();
    await expect(dialog.getByText("Invited", { exact: true })).toBeVisible();
    await dialog.getByRole("textbox", { name: "Link to this chat" }).evaluate((field: HTMLInputElement) => {
      field.value = "https://chat.example.org/chat/0193f2c8";
    });
    return page;
  },

  moderator: async ({ town }, look) => {
    const page = await openLaunch(town, look);
    await chooseOption(page, "Language moderator");
    await page.getByRole("radio", { name: "Mask" }).check();
    return page;
  },

  "delete-chat": async ({ town }, look) => {
    const page = await openLaunch(town, look);
    await chooseOption(page, "Delete chat");
    await expect(page.getByRole("button", { name: "Delete", exact: true })).toBeVisible();
    return page;
  },

  settings: async ({ town }, look) => {
    const page = await (look === phone ? town.open(look, undefined) : openLaunch(town, look));
    await me(page).click();
    await page.getByRole("menuitem", { name: "Settings" }).click();
    await expect(page.getByRole("dialog", { name: "Settings" })).toBeVisible();
    return page;
  },

  me: async ({ town }, look) => {
    const page = await (look === phone ? town.open(look, undefined) : openLaunch(town, look));
    await me(page).click();
    await expect(page.getByRole("menuitem", { name: "Settings" })).toBeFocused();
    return page;
  },

  toasts: async ({ town }, look) => {
    const page = await openLaunch(town, look);
    await town.sofia.post(town.chat("Design"), "The dark cover is uploaded, tell me what you think of the type.");
    await expect(toast(page, "dark cover")).toBeVisible();
    await town.yuki.post(town.chat("Yuki Tanaka"), "I booked the corner table.");
    await expect(toast(page, "corner table")).toBeVisible();
    // Whoever is pointed at stays.
    for (const one of await page.locator(".toast").all()) await one.dispatchEvent("pointerenter");
    return page;
  },

  reconnecting: async ({ town, wire }, look) => {
    const page = await openLaunch(town, look, { by: wire });
    tolerate(page, ...networkIsGone);
    wire.cut("talk");
    await expect(page.getByRole("status", { name: "Reconnecting" })).toBeVisible({ timeout: 30_000 });
    await say(page, "I am in the tunnel, back in five minutes");
    await expect(page.getByText("Sending", { exact: true })).toBeVisible();
    return page;
  },

  "not-a-member": async ({ town }, look) => {
    const page = await town.open(look, undefined, { path: `/chat/${"0".repeat(32)}`, first: expectNothing });
    await expect(page.getByRole("heading", { name: "This chat is not here" })).toBeVisible();
    return page;
  },

  "not-found": async ({ visit }, { name: _, ...look }) => {
    const page = await visit({ colorScheme: "light", ...look, path: "/nowhere", first: expectNothing });
    await expect(page.getByRole("heading", { name: "There is nothing here" })).toBeVisible();
    return page;
  },
};

/** The chat that has most to show, read to its end. */
async function openLaunch(town: Town, look: Look, entry?: Entry): Promise<Page> {
  const page = await town.open(look, "Launch week", entry);
  await expect(message(page, "Dark cover, yes please.")).toBeInViewport();
  // The page looks four times a second, and a second of its own must pass between two looks.
  await expect(async () => {
    await aMomentLater(page);
    await expect(page.locator(".chat-link[aria-current] .badge")).toHaveCount(0, { timeout: 500 });
  }).toPass({ timeout: 15_000 });
  return page;
}

/** Where there is no keyboard, Enter begins a new line. */
async function say(page: Page, words: string): Promise<void> {
  await composer(page).fill(words);
  await page.getByRole("button", { name: "Send" }).click();
  await expect(composer(page)).toHaveValue("");
}

/** A browser remarks that a page answers with 404. */
async function expectNothing(page: Page): Promise<void> {
  tolerate(page, /status of 404/);
}

async function chooseModerator(page: Page, choice: string): Promise<void> {
  await chooseOption(page, "Language moderator");
  await page.getByRole("radio", { name: choice }).check();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("dialog", { name: "Language moderator" })).toBeHidden();
}
