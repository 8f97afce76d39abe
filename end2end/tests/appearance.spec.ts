/** Whether everybody can see and use it: on any screen, in any colours, with any eyes. */

import {
  type Entry,
  type Page,
  alive,
  chat,
  composer,
  connected,
  expect,
  heading,
  me,
  message,
  messages,
  people,
  post,
  reload,
  tolerate,
} from "./support.ts";
import { barriers, magnify, narrow, overflow, watchShifts } from "./support.examiner.ts";
import type { Visitor } from "./support.socket.ts";
import { desktop, looks, phone, test } from "./support.town.ts";

const long = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft";

test("initials can be read in every colour that somebody may have", async ({ town }) => {
  const page = await town.open(desktop, "Launch week");
  const hues = await page.evaluate(() => {
    const avatar = document.querySelector<HTMLElement>(".avatar")!;
    const style = getComputedStyle(document.documentElement);
    let hue = 0;
    for (; style.getPropertyValue(`--hue-${hue}`) !== ""; hue += 1) {
      const another = avatar.cloneNode(true) as HTMLElement;
      another.dataset.hue = String(hue);
      avatar.after(another);
    }
    return hue;
  });
  expect(hues).toBe(12);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    expect.soft(await barriers(page), colorScheme).toEqual([]);
  }
});

test("long words and names fit into 320 px", async ({ town, visit, summon }) => {
  const other = await summon(long.slice(0, 64));
  const tower = await other.create(long.slice(0, 64));
  await other.post(tower, long.repeat(5));
  await other.post(town.chat("Lobby"), `${long} https://example.org/${long.repeat(3)}`);
  await other.ask("inviteToChat", { chat: tower, user: town.ada });
  const page = await town.open(phone, "Lobby", { viewport: narrow });
  await expect(message(page, "https://example.org")).toBeVisible();
  expect(await overflow(page)).toEqual([]);
  await page.getByRole("button", { name: "Show people" }).click();
  await expect(people(page)).toContainText(long.slice(0, 64));
  expect(await overflow(page)).toEqual([]);
  await page.goto(`/chat/${tower}`);
  await alive(page);
  await expect(heading(page)).toHaveText(long.slice(0, 64));
  expect(await overflow(page)).toEqual([]);
  await page.goto("/chat");
  await alive(page);
  await expect(chat(page, long.slice(0, 64))).toBeVisible();
  expect(await overflow(page)).toEqual([]);
  const door = await visit({ ...phone, viewport: narrow, path: `/?problem=tooLong&name=${long}` });
  await expect(door.getByRole("alert")).toBeVisible();
  expect(await overflow(door)).toEqual([]);
});

test("on a phone one writes at the lower edge, also with large text", async ({ town }) => {
  const page = await town.open(phone, "Launch week");
  for (const size of ["100%", "200%"]) {
    await magnify(page, size);
    await expect(composer(page)).toBeInViewport({ ratio: 1 });
    await expect(page.getByRole("button", { name: "Send" })).toBeInViewport({ ratio: 1 });
    await expect(page.getByRole("link", { name: "Back to chats" })).toBeInViewport({ ratio: 1 });
  }
});

test("with the system's own colours everything has an edge", async ({ town }) => {
  const page = await town.open(desktop, "Launch week", { forcedColors: "active" });
  const edge = (selector: string) =>
    page.locator(selector).first().evaluate((element) => {
      const { borderTopWidth, borderTopStyle, outlineWidth, outlineStyle } = getComputedStyle(element);
      const border = borderTopStyle === "none" ? 0 : parseFloat(borderTopWidth);
      return Math.max(border, outlineStyle === "none" ? 0 : parseFloat(outlineWidth));
    });
  for (const selector of [
    ".message[data-own] .message-body",
    ".message:not([data-own]) .message-body",
    ".chat-link[aria-current=page]",
    ".composer-field",
    ".composer-send",
    ".avatar",
    ".badge",
  ]) {
    expect.soft(await edge(selector), selector).toBeGreaterThanOrEqual(1);
  }
  expect(await barriers(page)).toEqual([]);
});

test("who wants no motion gets none", async ({ town }) => {
  const page = await town.open(desktop, "Launch week", { reducedMotion: "reduce" });
  await connected(page);
  await town.sofia.post(town.chat("Design"), "Look up!");
  await expect(page.locator(".toast")).toBeVisible();
  await page.getByRole("button", { name: "Chat options" }).click();
  const moving = await page.evaluate(() =>
    document
      .getAnimations()
      .filter((one) => one.playState === "running" && Number(one.effect?.getComputedTiming().duration) > 1)
      .map((one) => (one as CSSAnimation).animationName ?? "a transition"),
  );
  expect(moving).toEqual([]);
});

const paper = { light: "rgb(251, 250, 248)", dark: "rgb(25, 29, 27)" };

for (const [system, chosen, seen] of [
  ["light", "", "light"],
  ["dark", "", "dark"],
  ["dark", "light", "light"],
  ["light", "dark", "dark"],
] as const) {
  const setting = chosen ? `set to ${chosen}` : "with nothing set";
  test(`on a ${system} system, ${setting}, the first paint is ${seen}, and so are all others`, async ({ town }) => {
    const open = (entry: Entry) =>
      town.open(desktop, "Launch week", {
        ...entry,
        colorScheme: system,
        first: async (page) => {
          if (chosen) await page.context().addCookies([{ name: "theme", value: chosen, url: town.origin }]);
          await entry.first?.(page);
        },
      });
    const surface = (page: Page) =>
      page.getByRole("main").evaluate((main) => getComputedStyle(main).backgroundColor);

    const still = await open({ javaScriptEnabled: false });
    expect(await surface(still), "before any script").toBe(paper[seen]);

    const seenThemes = async (page: Page) => {
      await page.addInitScript(() => {
        const themes: (string | undefined)[] = [];
        Object.assign(window, { themes });
        document.addEventListener("DOMContentLoaded", () => {
          const root = document.documentElement;
          themes.push(root.dataset.theme ?? "");
          const note = () => themes.push(root.dataset.theme ?? "");
          new MutationObserver(note).observe(root, { attributeFilter: ["data-theme"] });
        });
      });
    };
    const live = await open({ first: seenThemes });
    expect(await surface(live), "when it is alive").toBe(paper[seen]);
    expect(await live.evaluate(() => (window as unknown as { themes: string[] }).themes)).toEqual([chosen]);
  });
}

test("the theme that one chooses is there at once, and after a reload", async ({ town }) => {
  const page = await town.open(desktop, "Launch week");
  const surface = () => page.getByRole("main").evaluate((main) => getComputedStyle(main).backgroundColor);
  await me(page).click();
  await page.getByRole("menuitem", { name: "Settings" }).click();
  await page.getByRole("radio", { name: "Dark" }).check();
  expect(await surface()).toBe(paper.dark);
  await reload(page);
  expect(await surface()).toBe(paper.dark);
  await me(page).click();
  await page.getByRole("menuitem", { name: "Settings" }).click();
  await expect(page.getByRole("radio", { name: "Dark" })).toBeChecked();
  await page.getByRole("radio", { name: "System" }).check();
  expect(await surface()).toBe(paper.light);
});

test("a page may only do what it says, and says it with a new nonce each time", async ({ town }) => {
  const page = await town.open(desktop, "Launch week");
  const nonces = new Set<string>();
  for (const path of ["/", "/chat", new URL(page.url()).pathname, "/nowhere"]) {
    const answer = await page.request.get(path, { headers: { accept: "text/html" } });
    const policy = answer.headers()["content-security-policy"] ?? "";
    const nonce = /script-src [^;]*'nonce-([^']{16,})'/.exec(policy)?.[1];
    expect(nonce, `${path}: ${policy}`).toBeTruthy();
    nonces.add(nonce!);
    expect(policy).not.toMatch(/unsafe-inline|'unsafe-eval'|\*|https?:/);
    for (const what of ["default-src 'self'", "form-action 'self'", "object-src 'none'", "base-uri 'none'"]) {
      expect(policy).toContain(what);
    }
    expect(policy).toContain("frame-ancestors 'none'");
    const html = await answer.text();
    for (const [tag] of html.matchAll(/<script\b[^>]*>/g)) {
      expect(tag.includes(`nonce="${nonce}"`) || /\bsrc="\//.test(tag), tag).toBe(true);
    }
    expect(html.match(/<[^>]+\s(on[a-z]+|style)=/g), `${path}: handlers and styles inside of tags`).toBeNull();
    const addresses = html.match(/(src|href|action)="(https?:)?\/\/(?!proto\.example)[^"]*"/g);
    expect(addresses, `${path}: other origins`).toBeNull();
  }
  expect(nonces.size).toBe(4);
});

test("a script that somebody smuggles in does not run", async ({ town }) => {
  const page = await town.open(desktop, "Launch week");
  tolerate(page, /Content Security Policy/);
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "window.harmed = 1";
    document.body.append(script);
    const image = document.createElement("img");
    image.setAttribute("onerror", "window.harmed = 1");
    image.src = "data:,";
    document.body.append(image);
  });
  await expect(page.locator("body > img")).toBeAttached();
  expect(await page.evaluate(() => "harmed" in window)).toBe(false);
});

test("no request goes to another origin, from the first page to the last", async ({ town, server }) => {
  const asked: string[] = [];
  const page = await town.open(desktop, "Launch week", {
    first: async (page) => {
      page.on("request", (request) => asked.push(new URL(request.url()).host));
      page.on("websocket", (socket) => asked.push(new URL(socket.url()).host));
    },
  });
  await post(page, "see https://example.org/picture.png");
  await expect(message(page, "see https://")).toHaveAttribute("data-state", "posted");
  await page.getByRole("link", { name: /^Lobby/ }).click();
  await expect(heading(page)).toHaveText("Lobby");
  expect(asked.length).toBeGreaterThan(4);
  const own = [town.origin, server.sockets ?? town.origin].map((address) => new URL(address).host);
  expect(new Set(asked)).toEqual(new Set(own));
});

test("nothing moves when the page comes alive, with fifty messages and with none", async ({ town }) => {
  for (let i = 1; i <= 60; i++) {
    await town.sofia.post(town.chat("Design"), `Line ${i}${i % 7 ? "" : ", a longer one: " + "and more ".repeat(40)}`);
  }
  for (const look of looks) {
    for (const name of ["Design", "Launch week", "Quiet corner", undefined]) {
      let shifts = async (): Promise<string[]> => [];
      const page = await town.open(look, name, {
        first: async (page) => void (shifts = await watchShifts(page)),
      });
      await page.waitForLoadState("networkidle");
      expect.soft(await shifts(), `${name} on a ${look.name}`).toEqual([]);
      await page.context().close();
    }
  }
});

test("text that runs from right to left does so, in messages, names and where one writes", async ({ town, summon }) => {
  const layla = await summon("ليلى");
  const garden = await layla.create("حديقة");
  await layla.post(garden, "صباح الخير! العنوان: https://example.org والوقت 10:30");
  const page = await town.open(phone, undefined, { path: `/chat/${garden}` });
  await expect(heading(page)).toHaveText("حديقة");
  const body = message(page, "صباح").locator(".message-body");
  expect(await body.evaluate((element) => getComputedStyle(element).direction)).toBe("rtl");
  await page.getByRole("button", { name: "Join chat" }).click();
  await composer(page).fill("شكرا");
  expect(await composer(page).evaluate((element) => getComputedStyle(element).direction)).toBe("rtl");
  await page.getByRole("button", { name: "Send" }).click();
  await expect(message(page, "شكرا")).toHaveAttribute("data-state", "posted");
  expect(await overflow(page)).toEqual([]);
  expect(await barriers(page)).toEqual([]);
});

test("one message stands above the composer, and a thousand do not make the page slow or wide", async ({ town }) => {
  const corner = town.chat("Quiet corner");
  await town.marcus.ask("joinChat", { chat: corner });
  await town.marcus.post(corner, "First!");
  const page = await town.open(phone, "Quiet corner");
  const gap = async () => {
    const [last, field] = await Promise.all([
      messages(page).getByRole("article").last().boundingBox(),
      page.locator(".composer").boundingBox(),
    ]);
    return field!.y - (last!.y + last!.height);
  };
  expect(await gap()).toBeLessThan(60);
  expect(await gap()).toBeGreaterThanOrEqual(0);

  for (let i = 0; i < 10; i++) {
    await Promise.all(Array.from({ length: 100 }, (_, j) => town.marcus.post(corner, `Message ${i}-${j}`)));
  }
  await reload(page);
  await expect(messages(page)).toBeVisible();
  await page.getByRole("button", { name: /^Jump to latest/ }).click();
  await expect(message(page, "Message 9-99")).toBeInViewport();
  expect(await messages(page).getByRole("article").count()).toBeLessThanOrEqual(120);
  expect(await gap()).toBeLessThan(60);
  expect(await overflow(page)).toEqual([]);
});

test("very many chats and people scroll in their lists, and the rest stays where it is", async ({ town, summon }) => {
  // Five at a time, and all come before there are chats to be shown to each: a store that is far away, or slow, turns
  // more away, and rightly.
  const name = (number: number) => String(number).padStart(3, "0");
  const fives = Array.from({ length: 24 }, (_, i) => [0, 1, 2, 3, 4].map((j) => name(5 * i + j)));
  const guests: Visitor[] = [];
  for (const five of fives) guests.push(...(await Promise.all(five.map((number) => summon(`Guest ${number}`)))));
  for (const [i, five] of fives.entries()) {
    await Promise.all(five.map((number, j) => guests[5 * i + j]!.create(`Chat ${number}`)));
  }
  const page = await town.open(desktop, "Launch week");
  await expect(people(page).getByRole("listitem")).toHaveCount(127);
  await expect(chat(page, "Chat 119")).toBeAttached();
  for (const list of [page.getByRole("navigation", { name: "Chats" }), page.locator(".people-list")]) {
    expect(await list.evaluate((element) => element.scrollHeight > element.clientHeight)).toBe(true);
  }
  for (const fixed of [me(page), page.getByRole("button", { name: "New chat" }), composer(page), heading(page)]) {
    await expect(fixed).toBeInViewport({ ratio: 1 });
  }
  await chat(page, "Chat 119").scrollIntoViewIfNeeded();
  await expect(chat(page, "Chat 119")).toBeInViewport();
  expect(await overflow(page)).toEqual([]);
  expect(await barriers(page)).toEqual([]);
});
