/**
 * A town with people who have been talking since yesterday, for looking at. It is the same on every run. Ada is the
 * one through whose eyes it is seen; whoever else is there has no browser.
 */

import type { BrowserContextOptions } from "@playwright/test";
import { Day, stopTheSun } from "./support.day.ts";
import { type Entry, type Page, alive, expect, test as base } from "./support.ts";
import type { Visitor } from "./support.socket.ts";

/** Who lives there, and in which colour: colours come from ids, and ids are drawn by lot. */
const hues = {
  "Ada Lindqvist": 5,
  "Marcus Oyelaran": 8,
  "Yuki Tanaka": 11,
  "Sofía Herrera": 1,
  "Noah Brandt": 7,
  "Priya Raman": 9,
  Chatr: 6,
};
const initials: Record<string, string> = Object.fromEntries(
  Object.entries(hues).map(([name, hue]) => [letters(name), String(hue)]),
);

/** A screen and what its owner points with. */
export type Look = { name: string } & BrowserContextOptions;
export const desktop: Look = { name: "desktop", viewport: { width: 1440, height: 900 } };
export const phone: Look = { name: "phone", viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
export const looks = [desktop, phone];

export class Town {
  readonly day: Day;
  readonly marcus: Visitor;
  readonly yuki: Visitor;
  readonly sofia: Visitor;
  readonly noah: Visitor;
  readonly priya: Visitor;
  readonly #ada: Visitor;
  readonly #visit: (entry?: Entry) => Promise<Page>;
  readonly #chats: Record<string, string> = {};

  private constructor(day: Day, visit: (entry?: Entry) => Promise<Page>, visitors: Visitor[]) {
    this.day = day;
    this.#visit = visit;
    [this.#ada, this.marcus, this.yuki, this.sofia, this.noah, this.priya] = visitors as [
      Visitor,
      Visitor,
      Visitor,
      Visitor,
      Visitor,
      Visitor,
    ];
    this.#chats.Lobby = this.#ada.lobby;
  }

  /** Everybody comes, and talks until now. */
  static async settle(
    day: Day,
    visit: (entry?: Entry) => Promise<Page>,
    summon: (name: string) => Promise<Visitor>,
  ): Promise<Town> {
    day.at("2026-11-23T08:00:00Z");
    const visitors: Visitor[] = [];
    for (const name of Object.keys(hues)) if (name !== "Chatr") visitors.push(await summon(name));
    const town = new Town(day, visit, visitors);
    await town.#found();
    await town.#talk();
    day.at("2026-11-24T10:42:00Z");
    return town;
  }

  /** Ada's id. */
  get ada(): string {
    return this.#ada.id;
  }

  get origin(): string {
    return this.#ada.pass.url;
  }

  /** The id of a chat. */
  chat(name: string): string {
    const id = this.#chats[name];
    if (!id) throw new Error(`there is no chat ${name}`);
    return id;
  }

  /** Ada opens her browser, with this chat in front. */
  async open(look: Look, chat: string | undefined, entry: Entry = {}): Promise<Page> {
    const { name: _, ...options } = look;
    const page = await this.#visit({
      colorScheme: "light",
      ...options,
      path: chat === undefined ? "/chat" : `/chat/${this.chat(chat)}`,
      ...entry,
      first: async (page) => {
        const { url, ...cookie } = this.#ada.pass;
        await page.context().addCookies([{ ...cookie, url: entry.by?.origin ?? url }]);
        await stopTheSun(page);
        await entry.first?.(page);
      },
    });
    if (options.javaScriptEnabled !== false && entry.javaScriptEnabled !== false) await alive(page);
    return page;
  }

  async #found(): Promise<void> {
    const { marcus, sofia, priya, noah, yuki } = this;
    const ada = this.#ada;
    type Kind = { access?: string; record?: string };
    const found = async (by: Visitor, name: string, kind: Kind, ...members: Visitor[]) => {
      const chat = await by.create(name, kind);
      this.#chats[name] = chat;
      for (const member of members) {
        if (kind.access === "private") await by.ask("inviteToChat", { chat, user: member.id });
        else await member.ask("joinChat", { chat });
      }
    };
    await found(ada, "Launch week", {}, marcus, sofia, priya, noah, yuki);
    await found(ada, "Quiet corner", {});
    await found(sofia, "Design", {}, ada, yuki);
    await found(priya, "Board", { access: "private" }, ada, marcus);
    await found(marcus, "Hallway", { record: "off" }, ada, sofia, priya);
    await found(noah, "Bike commuters", {});
    await found(yuki, "Book club", {}, noah);
    this.#chats["Yuki Tanaka"] = await yuki.pairWith(ada.id);
    this.#chats["Marcus Oyelaran"] = await marcus.pairWith(ada.id);
    for (const one of [yuki, noah]) {
      await one.ask("userEnterIdle", {});
      // Told before the day goes on: whatever carries it would not be believed tomorrow.
      const isTold = (fact: Visitor["heard"][0]) => fact.chatEvent === "userIsIdle" && fact.data.user === one.id;
      await expect.poll(() => ada.heard.some(isTold)).toBe(true);
    }
  }

  async #talk(): Promise<void> {
    const { marcus, sofia, priya, noah, yuki } = this;
    const ada = this.#ada;
    const launch = this.chat("Launch week");
    const say = async (time: string, by: Visitor, words: string, chat = launch) => {
      this.day.at(time);
      await by.post(chat, words);
    };
    await say("2026-11-23T16:12:00Z", sofia, "The new onboarding is in review. Three screens instead of seven.");
    await say("2026-11-23T16:13:00Z", sofia, "Prototype: https://proto.example.org/onboarding-v4");
    await say("2026-11-23T16:20:00Z", ada, "Lovely. The second screen reads like a person wrote it.");
    await say("2026-11-23T16:21:00Z", marcus, "Can we keep the old tour behind a link? Support still points people at it.");
    await say("2026-11-23T16:24:00Z", ada, "Yes, at the bottom of the help page.");
    await say("2026-11-24T09:02:00Z", priya, "Good morning! Load test from last night:");
    await say(
      "2026-11-24T09:03:00Z",
      priya,
      "5,000 people for two hours\np99 at 38 ms, nothing lost, nothing doubled\nmemory flat after the first ten minutes",
    );
    await say("2026-11-24T09:05:00Z", marcus, "That is the graph I wanted to see 🎉");
    await say("2026-11-24T09:06:00Z", ada, "Brilliant. I will put it on the first slide.");
    await say("2026-11-24T09:07:00Z", ada, "/remind 3h freeze the release branch");
    await expect.poll(() => ada.saw("I will remind you")).toBe(true);
    await ada.ask("markRead", { chat: launch, seq: (await ada.read(launch)).at(-1)!.seq });
    await say("2026-11-24T10:31:00Z", noah, "Press kit is done, in three languages. The French one reads best, merci Yuki!");
    await say("2026-11-24T10:38:00Z", sofia, "Two more screenshots and I am through.");
    await say("2026-11-24T10:38:30Z", sofia, "Does anybody object to the dark one as the cover?");
    await say("2026-11-24T10:40:00Z", marcus, "Dark cover, yes please.");

    await say("2026-11-24T08:40:00Z", priya, "Good morning, everybody.", ada.lobby);
    await say("2026-11-24T08:41:00Z", noah, "Morning! The kitchen has croissants.", ada.lobby);
    await ada.ask("markRead", { chat: ada.lobby, seq: (await ada.read(ada.lobby)).at(-1)!.seq });

    const design = this.chat("Design");
    for (const words of ["Icons are on the new grid.", "Colours too.", "Have a look when you can."]) {
      await say("2026-11-24T09:50:00Z", sofia, words, design);
    }
    const yukis = this.chat("Yuki Tanaka");
    await say("2026-11-24T09:20:00Z", ada, "How was the train?", yukis);
    await ada.ask("markRead", { chat: yukis, seq: (await ada.read(yukis)).at(-1)!.seq });
    await say("2026-11-24T10:11:00Z", yuki, "On time, for once. Lunch at one?", yukis);
  }
}

/** Gives every avatar the colour that its person has in every picture. */
export async function paint(page: Page): Promise<void> {
  await page.evaluate((hues) => {
    for (const avatar of document.querySelectorAll<HTMLElement>(".avatar")) {
      const hue = hues[avatar.textContent];
      if (hue) avatar.dataset.hue = hue;
    }
  }, initials);
}

/** As the page shortens a name. */
function letters(name: string): string {
  const words = name.split(" ");
  return [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => word?.[0] ?? "").join("");
}

export const test = base.extend<{ day: Day; town: Town }>({
  day: async ({}, use) => {
    const day = await Day.begin();
    await use(day);
    await day.end();
  },

  settings: async ({ day }, use) => {
    await use({ CHATR_LIMITS: "relaxed", ...day.settings });
  },

  town: async ({ day, visit, summon }, use) => {
    await use(await Town.settle(day, visit, summon));
  },
});
