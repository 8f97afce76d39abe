/**
 * What one more message costs the page of somebody who has scrolled far back in a long chat and returned: the time of the
 * main thread, from Chromium's own counters. Between the messages the same page is measured at rest, and that is taken off.
 */

import { Table } from "./paper.js";
import { browse, converse, profile, sentence, serve, Writer } from "./release.js";

const SIZES = [1_000, 10_000];

/** A window is a few messages, and then the same time without any. */
const WINDOWS = 7;
const MESSAGES = 10;
const PAUSE = 150;
const BURST = 100;

/** Milliseconds for one page of history, and for everything to come to rest. */
const PATIENCE = 10_000;
const REST = 2_500;

const COUNTERS = { TaskDuration: "main thread", ScriptDuration: "scripts", LayoutDuration: "layout", RecalcStyleDuration: "style" };

const sleep = (time) => new Promise((awake) => setTimeout(awake, time));

const server = await serve();
const browser = await browse();
try {
  const writers = await Promise.all(["Ada", "Grace", "Alan"].map((name) => Writer.enter(server.origin, name)));
  let written = 0;
  const table = new Table();
  const whole = {};
  for (const size of SIZES) {
    await converse(writers, written + 1, size - written);
    written = size;
    const { each, burst, said } = await read(writers, size);
    written += said;
    for (const [counter, name] of Object.entries(COUNTERS)) {
      const goal = counter === "TaskDuration" && size === 10_000 ? "2 possible, 36 usual" : "";
      table.row(`one message, ${size.toLocaleString("en")} in the list: ${name}`, "ms", each[counter], goal);
    }
    table.row(`${BURST} messages at once, ${size.toLocaleString("en")} in the list: main thread`, "ms", [burst]);
    whole[size] = each.TaskDuration;
  }
  const [few, many] = SIZES.map((size) => whole[size]);
  table.row("one message, 10,000 against 1,000", "×", many.map((time, at) => time / few[at]), "≤ 1.3");
  table.publish("long-chat", `Chromium ${browser.version()}, headless, 1440 × 900.`);
  writers.forEach((writer) => writer.leave());
} finally {
  await browser.close();
  await server.stop();
}

/** Somebody opens the chat, goes back until so many messages are in the list, returns to the end, and watches. */
async function read(writers, size) {
  const context = await profile(browser, server.origin, `Reader of ${size}`);
  const page = await context.newPage();
  await page.goto(`/chat/${writers[0].lobby}`);
  await page.locator("html[data-hydrated]").waitFor({ state: "attached" });
  await goBack(page, size);
  await page.getByRole("button", { name: "Jump to latest" }).click();
  await sleep(REST);

  const session = await context.newCDPSession(page);
  await session.send("Performance.enable");
  const counters = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value * 1_000]));
  };
  const each = Object.fromEntries(Object.keys(COUNTERS).map((counter) => [counter, []]));
  let said = 0;
  for (let window = 0; window < WINDOWS; window++) {
    const start = await counters();
    for (let message = 0; message < MESSAGES; message++) {
      await writers[said % writers.length].post(sentence(++said));
      await sleep(PAUSE);
    }
    const between = await counters();
    await sleep(between.Timestamp - start.Timestamp);
    const end = await counters();
    for (const counter of Object.keys(COUNTERS)) {
      const working = between[counter] - start[counter];
      const resting = end[counter] - between[counter];
      each[counter].push((working - resting) / MESSAGES);
    }
  }
  const before = await counters();
  await Promise.all(Array.from({ length: BURST }, () => writers[said % writers.length].post(sentence(++said))));
  await sleep(REST);
  const burst = (await counters()).TaskDuration - before.TaskDuration;

  const shown = await page.locator(".message").count();
  const newest = Number(await page.locator(".message").last().getAttribute("data-seq"));
  if (shown !== size + said || newest !== size + said) {
    throw new Error(`${shown} of ${size + said} messages are in the list, up to number ${newest}`);
  }
  await context.close();
  return { each, burst, said };
}

/** Scrolls to the upper edge again and again, where older messages come. */
async function goBack(page, size) {
  let loaded = 0;
  let late = Date.now() + PATIENCE;
  while (loaded < size) {
    const now = await page.evaluate(async () => {
      const list = document.querySelector(".messages");
      list.scrollTop = 0;
      for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
      return list.querySelectorAll("[data-seq]").length;
    });
    if (now > loaded) late = Date.now() + PATIENCE;
    if (Date.now() > late) throw new Error(`only ${now} messages came`);
    loaded = now;
  }
}
