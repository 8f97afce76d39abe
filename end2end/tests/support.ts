/**
 * The words in which the stories are told: who enters, and what people do and see. A person is a page. Names on the
 * screen are looked up here and nowhere else; what a story is about stands in its file.
 */

import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Locator,
  type Page,
  test as base,
  expect,
} from "@playwright/test";
import { Guard } from "./support.guard.ts";
import { Proxy } from "./support.proxy.ts";
import { Server, type Settings } from "./support.server.ts";
import { Visitor } from "./support.socket.ts";

export { expect } from "@playwright/test";
export type { Locator, Page } from "@playwright/test";

export interface Entry extends BrowserContextOptions {
  /** Where the person goes; the default chat unless said. */
  path?: string;
  /** By which way the server is reached, if not directly. */
  by?: Proxy;
  /** Calls the server `localhost`, which browsers trust with more than a number. */
  byName?: boolean;
  /** Another browser program than everybody else's. */
  browser?: Browser;
  /** Happens before the first page opens. */
  first?: (page: Page) => Promise<void>;
}

interface Fixtures {
  settings: Settings;
  server: Server;
  /** Opens a browser of its own, at the front page unless `path` says otherwise. Nobody is signed in. */
  visit: (entry?: Entry) => Promise<Page>;
  /** Somebody enters, past the form, and has the chat in front. */
  enter: (name: string, entry?: Entry) => Promise<Page>;
  /** Somebody without a browser enters. */
  summon: (name: string) => Promise<Visitor>;
  /** A way to the server that can be broken. */
  wire: Proxy;
}

const guards = new WeakMap<BrowserContext, Guard>();

/** The page cannot know that its scripts will not run, and has their program fetched ahead. Chromium minds. */
const fetchedForNobody = /The resource \S*\/pkg\/chatr\.(js|wasm) was preloaded using link preload but not used/;

export const test = base.extend<Fixtures>({
  settings: [{ CHATR_LIMITS: "relaxed" }, { option: true }],

  server: async ({ settings }, use, story) => {
    const server = await Server.start(settings);
    await use(server);
    await server.stop();
    if (story.status !== story.expectedStatus) {
      await story.attach("server.log", { body: server.log, contentType: "text/plain" });
    }
    expect(server.log, "nothing goes wrong in the server").not.toMatch(/panicked|^\S+\s+ERROR /m);
  },

  wire: async ({ server }, use) => {
    const wire = await Proxy.before(server.port);
    await use(wire);
    wire.close();
  },

  visit: async ({ server, browser, contextOptions }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async (entry = {}) => {
      const { path = "/", by, byName, browser: other, first, ...options } = entry;
      const direct = byName ? server.origin.replace("127.0.0.1", "localhost") : server.origin;
      const origin = by?.origin ?? direct;
      const context = await (other ?? browser).newContext({ ...contextOptions, ...options, baseURL: origin });
      contexts.push(context);
      const guard = new Guard(context, () => origin, server.sockets);
      if (options.javaScriptEnabled === false) guard.tolerate(fetchedForNobody);
      guards.set(context, guard);
      const page = await context.newPage();
      await first?.(page);
      await page.goto(path);
      return page;
    });
    const complaints = contexts.flatMap((context) => guards.get(context)?.complaints ?? []);
    await Promise.all(contexts.map((context) => context.close().catch(() => undefined)));
    expect(complaints, "no browser complains, and none goes elsewhere").toEqual([]);
  },

  enter: async ({ visit }, use) => {
    await use(async (name, entry = {}) => {
      const { first, path = "/", ...rest } = entry;
      const page = await visit({
        ...rest,
        path,
        first: async (page) => {
          const door = await page.context().request.post("/.auth/login/guest", { form: { name }, maxRedirects: 0 });
          expect(door.headers().location, `${name} is let in`).toBe("/");
          await first?.(page);
        },
      });
      if (rest.javaScriptEnabled !== false) await alive(page);
      return page;
    });
  },

  summon: async ({ server }, use) => {
    const visitors: Visitor[] = [];
    await use(async (name) => {
      const visitor = await Visitor.enter(server.origin, name);
      visitors.push(visitor);
      return visitor;
    });
    for (const visitor of visitors) visitor.leave();
  },
});

/** These complaints of this person's browser are part of the story. */
export function tolerate(page: Page, ...expected: RegExp[]): void {
  guards.get(page.context())?.tolerate(...expected);
}

/** Waits until the page hears clicks. */
export async function alive(page: Page): Promise<void> {
  await expect(page.locator("html[data-hydrated]")).toBeAttached({ timeout: 30_000 });
}

/** Waits until the page hears what goes from person to person, which nobody keeps for it. */
export async function connected(page: Page): Promise<void> {
  await expect(page.locator(".status-bar[data-online]")).toBeAttached({ timeout: 30_000 });
}

/** Types a name at the front page. */
export async function signIn(page: Page, name: string): Promise<void> {
  await page.getByRole("textbox", { name: "Your name" }).fill(name);
  await page.getByRole("button", { name: "Join" }).click();
}

export async function reload(page: Page): Promise<void> {
  await page.reload();
  await alive(page);
}

/** The same person's next tab. */
export async function anotherTab(page: Page, path = page.url()): Promise<Page> {
  const tab = await page.context().newPage();
  await tab.goto(path);
  await alive(tab);
  return tab;
}

// --- where things are ------------------------------------------------------------------------------------------------

export const chats = (page: Page): Locator => page.getByRole("navigation", { name: "Chats" });
export const people = (page: Page): Locator => page.getByRole("complementary", { name: "People" });
export const messages = (page: Page): Locator => page.getByRole("log", { name: "Messages" });
export const composer = (page: Page): Locator => page.getByRole("textbox", { name: "Message", exact: true });
export const heading = (page: Page): Locator => page.getByRole("heading", { level: 1 });
export const me = (page: Page): Locator => page.getByRole("contentinfo").getByRole("button").first();

/** A line in the list of chats. */
export const chat = (page: Page, name: string): Locator =>
  chats(page)
    .getByRole("link")
    .filter({ has: page.getByText(name, { exact: true }) });

/** Somebody in the list of people. */
export const person = (page: Page, name: string): Locator =>
  people(page).getByRole("button", { name, exact: true });

/** Messages with this text. */
export const message = (page: Page, text: string): Locator =>
  messages(page).getByRole("article").filter({ hasText: text });

/** Pop-ups with this text. */
export const toast = (page: Page, text: string | RegExp): Locator =>
  page.locator(".toasts").getByRole("status").filter({ hasText: text });

// --- what people do --------------------------------------------------------------------------------------------------

export async function openChat(page: Page, name: string): Promise<void> {
  await chat(page, name).click();
  await expect(heading(page)).toHaveText(name);
}

export async function newChat(page: Page, name: string, kind: ("Private" | "Off the record")[] = []): Promise<void> {
  await page.getByRole("button", { name: "New chat" }).click();
  const dialog = page.getByRole("dialog", { name: "New chat" });
  await dialog.getByRole("textbox", { name: "Chat name" }).fill(name);
  for (const choice of kind) await dialog.getByRole("checkbox", { name: choice }).check();
  await dialog.getByRole("button", { name: "Create" }).click();
  await expect(heading(page)).toHaveText(name);
}

/** Joins the public chat that is in front. */
export async function join(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Join chat" }).click();
  await expect(composer(page)).toBeVisible();
}

/** Chooses from the menu of the chat in front. */
export async function chooseOption(page: Page, item: string): Promise<void> {
  await page.getByRole("button", { name: "Chat options" }).click();
  await page.getByRole("menuitem", { name: item }).click();
}

export async function openPrivateChat(page: Page, name: string): Promise<void> {
  await person(page, name).click();
  await page.getByRole("menuitem", { name: "Private chat" }).click();
  await expect(heading(page)).toHaveText(name);
}

export async function post(page: Page, text: string): Promise<void> {
  await composer(page).fill(text);
  await composer(page).press("Enter");
  await expect(composer(page)).toHaveValue("");
}

// --- what people see -------------------------------------------------------------------------------------------------

/** Each of these texts is one message on this screen. */
export async function see(page: Page, ...texts: string[]): Promise<void> {
  for (const text of texts) await expect(message(page, text)).toHaveCount(1);
}

/** The texts on this screen, in their order. */
export function texts(page: Page): Promise<string[]> {
  return messages(page).locator(".message-body").allTextContents();
}

/** Exactly these messages, in this order. */
export async function seeOnly(page: Page, ...expected: string[]): Promise<void> {
  await expect.poll(() => texts(page)).toEqual(expected);
}

/** Everything that was said on this page was stored. It is on the screen from the next frame on. */
export async function seeAllSent(page: Page): Promise<void> {
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  await expect(messages(page).locator(".message:not([data-state=posted])")).toHaveCount(0);
}

export async function seePresence(page: Page, name: string, word: "Online" | "Away"): Promise<void> {
  await expect(person(page, name)).toHaveAccessibleDescription(new RegExp(`^${word}\\b`), { timeout: 25_000 });
}

/** Gives what the page has said of its connection since, unless it was loaded anew meanwhile. */
export async function listenToStatus(page: Page): Promise<() => Promise<string[]>> {
  const words = await page.evaluateHandle(() => {
    const bar = document.querySelector(".status-bar")!;
    const words: string[] = [];
    new MutationObserver(() => words.push(bar.textContent)).observe(bar, { childList: true, subtree: true });
    return words;
  });
  return () => words.jsonValue();
}
