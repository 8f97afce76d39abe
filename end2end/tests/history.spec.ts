/** Long conversations: nothing moves under the eyes of whoever reads. */

import {
  chat,
  composer,
  expect,
  message,
  messages,
  openChat,
  post,
  test,
  type Page,
} from "./support.ts";
import type { Visitor } from "./support.socket.ts";

const MANY = 1_000;

async function fill(by: Visitor, count: number, from = 1): Promise<void> {
  for (let first = from; first < from + count; first += 50) {
    const batch = Array.from({ length: Math.min(50, from + count - first) }, (_, i) => `line ${first + i}.`);
    await Promise.all(batch.map((text) => by.post(by.lobby, text)));
  }
}

const jump = (page: Page) => page.getByRole("button", { name: "Jump to latest" });

test("a thousand messages scroll back to the first one, and none jumps", async ({ enter, summon }) => {
  const ada = await summon("Ada");
  await fill(ada, MANY);
  const bob = await enter("Bob");
  await expect(message(bob, `line ${MANY}.`)).toBeInViewport();

  const seen = new Set<number>();
  let worst = 0;
  await expect(async () => {
    const step = await scrollUp(bob);
    step.seqs.forEach((seq) => seen.add(seq));
    worst = Math.max(worst, step.moved);
    await expect(bob.getByText("This is the beginning of the chat.")).toBeInViewport({ timeout: 50 });
  }).toPass({ timeout: 75_000, intervals: [10] });
  expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: MANY }, (_, i) => i + 1));
  expect(worst, "pixels that something moved by itself").toBeLessThanOrEqual(2);

  await ada.post(ada.lobby, "fresh");
  await expect(jump(bob)).toContainText("1 new");
  await expect(bob.getByText("This is the beginning of the chat.")).toBeInViewport();
  await jump(bob).click();
  await expect(message(bob, "fresh")).toBeInViewport();
  await expect(jump(bob)).toBeHidden();
  await expect(composer(bob)).toBeFocused();
  await ada.post(ada.lobby, "fresher");
  await expect(message(bob, "fresher")).toBeInViewport();
});

test("a message that arrives while one reads above moves nothing", async ({ enter, summon }) => {
  const ada = await summon("Ada");
  await fill(ada, 60);
  const bob = await enter("Bob");
  await expect(message(bob, "line 60.")).toBeInViewport();
  await messages(bob).evaluate((list) => list.scrollBy(0, -600));
  await expect(jump(bob)).toBeVisible();
  // Older messages come above by themselves, which has a story of its own.
  await expect(bob.getByText("This is the beginning of the chat.")).toBeAttached();
  const before = await tops(bob);
  for (let i = 1; i <= 3; i++) await ada.post(ada.lobby, `while you read ${i}`);
  await expect(jump(bob)).toContainText("3 new");
  expect(await tops(bob)).toEqual(before);
  await expect(message(bob, "while you read 3")).not.toBeInViewport();

  await post(bob, "my own goes to the end");
  await expect(message(bob, "my own goes to the end")).toBeInViewport();
});

test("a chat opens where one stopped reading, and is read as one goes on", async ({ enter, summon }) => {
  const ada = await summon("Ada");
  await fill(ada, 30);
  const bob = await enter("Bob");
  await expect(message(bob, "line 30.")).toBeInViewport();
  await ada.create("Tea");
  await openChat(bob, "Tea");
  await fill(ada, 100, 31);
  await expect(chat(bob, "Lobby")).toContainText("99+");
  await openChat(bob, "Lobby");
  await expect(messages(bob).getByRole("separator", { name: "New messages" })).toBeInViewport();
  await expect(message(bob, "line 31.")).toBeInViewport();
  await expect(message(bob, "line 130.")).not.toBeInViewport();
  // What was in sight for a second is read, and no more.
  await expect(chat(bob, "Lobby")).not.toContainText("99+ unread", { timeout: 25_000 });

  await bob.reload();
  await expect(messages(bob).getByRole("separator", { name: "New messages" })).toBeInViewport();
  await jump(bob).click();
  await expect(message(bob, "line 130.")).toBeInViewport();
  await expect(chat(bob, "Lobby")).not.toContainText("unread");
});

test("Page Up and Page Down scroll while one writes", async ({ enter, summon }) => {
  const ada = await summon("Ada");
  await fill(ada, 60);
  const bob = await enter("Bob");
  await expect(message(bob, "line 60.")).toBeInViewport();
  await composer(bob).fill("thinking");
  await bob.keyboard.press("PageUp");
  await expect(message(bob, "line 60.")).not.toBeInViewport();
  await expect(composer(bob)).toBeFocused();
  await bob.keyboard.press("Escape");
  await expect(message(bob, "line 60.")).toBeInViewport();
  await expect(composer(bob)).toHaveValue("thinking");
});

/** Where every message stands that is at least partly in sight. */
function tops(page: Page): Promise<[string, number][]> {
  return messages(page).evaluate((list) => {
    const frame = list.getBoundingClientRect();
    return [...list.querySelectorAll<HTMLElement>(".message")]
      .map((one) => [one.dataset.seq ?? "", one.getBoundingClientRect()] as const)
      .filter(([, box]) => box.bottom > frame.top && box.top < frame.bottom)
      .map(([seq, box]) => [seq, Math.round(box.top)]);
  });
}

/**
 * Scrolls one screen up, and watches the first message in sight for some frames, in which older ones may come. Gives
 * by how many pixels it moved at most, and what is loaded.
 */
function scrollUp(page: Page): Promise<{ moved: number; seqs: number[] }> {
  return messages(page).evaluate(async (list) => {
    const frame = () => new Promise((next) => requestAnimationFrame(next));
    const loaded = () => [...list.querySelectorAll<HTMLElement>("[data-seq]")].map((one) => Number(one.dataset.seq));
    const upper = list.getBoundingClientRect().top;
    list.scrollTop -= list.clientHeight;
    await frame();
    await frame();
    const anchor = [...list.querySelectorAll(".message")].find((one) => one.getBoundingClientRect().top >= upper)!;
    const place = anchor.getBoundingClientRect().top;
    const first = loaded()[0];
    let moved = 0;
    for (let frames = 0, late = 0; frames < 60 && late < 6; frames++) {
      await frame();
      moved = Math.max(moved, Math.abs(anchor.getBoundingClientRect().top - place));
      if (loaded()[0] !== first || list.scrollTop > 2 * list.clientHeight) late++;
    }
    return { moved, seqs: loaded() };
  });
}
