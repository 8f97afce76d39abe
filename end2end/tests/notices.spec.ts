/** How somebody learns of what happens elsewhere, without being disturbed. */

import {
  chat,
  composer,
  expect,
  heading,
  join,
  me,
  messages,
  newChat,
  openChat,
  openPrivateChat,
  post,
  test,
  toast,
  type Page,
} from "./support.ts";
import { stopClock, takeClock, until } from "./support.clock.ts";

test("a message in another chat pops up, goes by itself after seven seconds, and stays while pointed at", async ({
  enter,
  summon,
}) => {
  const bob = await enter("Bob", { first: takeClock });
  const ada = await summon("Ada");
  const tea = await ada.create("Tea");
  await openChat(bob, "Tea");
  await join(bob);
  await openChat(bob, "Lobby");

  await stopClock(bob);
  await ada.post(tea, "kettle is on");
  await until(bob, toast(bob, "kettle is on"));
  await expect(toast(bob, "Ada · Tea")).toBeVisible();
  await bob.clock.fastForward(6_500);
  await expect(toast(bob, "kettle")).toBeVisible();
  await bob.clock.fastForward(1_000);
  await expect(toast(bob, "kettle")).toBeHidden();

  await ada.post(tea, "water boils");
  await until(bob, toast(bob, "water boils"));
  await toast(bob, "water boils").hover();
  await bob.clock.fastForward(20_000);
  await expect(toast(bob, "water boils")).toBeVisible();
  await bob.mouse.move(5, 5);
  await bob.clock.fastForward(6_000);
  await expect(toast(bob, "water boils")).toBeVisible();
  await bob.clock.fastForward(1_500);
  await expect(toast(bob, "water boils")).toBeHidden();

  await ada.post(tea, "milk?");
  await until(bob, toast(bob, "milk?"));
  await toast(bob, "milk?").getByRole("button", { name: "Open" }).focus();
  await bob.clock.fastForward(20_000);
  await expect(toast(bob, "milk?")).toBeVisible();
  await bob.keyboard.press("Enter");
  await expect(heading(bob)).toHaveText("Tea");
  await expect(toast(bob, "milk?")).toBeHidden();
});

test("Escape and a button dismiss it, a second message takes the first one's place", async ({ enter, summon }) => {
  const bob = await enter("Bob");
  const ada = await summon("Ada");
  const tea = await ada.create("Tea");
  await openChat(bob, "Tea");
  await join(bob);
  await openChat(bob, "Lobby");
  await composer(bob).fill("half a sent");
  await ada.post(tea, "one");
  await expect(toast(bob, "one")).toBeVisible();
  await ada.post(tea, "two");
  await expect(toast(bob, "two")).toContainText("(+1)");
  await expect(bob.locator(".toast")).toHaveCount(1);
  await expect(composer(bob)).toBeFocused();
  await bob.keyboard.press("Escape");
  await expect(bob.locator(".toast")).toHaveCount(0);
  await expect(composer(bob)).toHaveValue("half a sent");
  await expect(composer(bob)).toBeFocused();

  await ada.post(tea, "three");
  await toast(bob, "three").getByRole("button", { name: "Dismiss" }).click();
  await expect(bob.locator(".toast")).toHaveCount(0);
  await expect(chat(bob, "Tea")).toContainText("3 unread");
});

test("three pop-ups at most are on the screen", async ({ enter, summon }) => {
  const bob = await enter("Bob");
  const ada = await summon("Ada");
  for (const name of ["Tea", "Milk", "Soup", "Wine"]) {
    const id = await ada.create(name);
    await openChat(bob, name);
    await join(bob);
    await openChat(bob, "Lobby");
    await ada.post(id, `about ${name}`);
    await expect(toast(bob, `about ${name}`)).toBeVisible();
    await toast(bob, `about ${name}`).hover();
  }
  expect(await bob.locator(".toast").count()).toBeLessThanOrEqual(3);
});

test("what happens in the chat in front pops up nowhere", async ({ enter, summon }) => {
  const bob = await enter("Bob");
  const ada = await summon("Ada");
  await ada.post(ada.lobby, "right here");
  await expect(messages(bob)).toContainText("right here");
  await expect(bob.locator(".toast")).toHaveCount(0);
});

test("the title counts private messages, and only marks others", async ({ enter, summon }) => {
  const bob = await enter("Bob");
  const ada = await summon("Ada");
  const tea = await ada.create("Tea");
  await openChat(bob, "Tea");
  await join(bob);
  await openChat(bob, "Lobby");
  await expect(bob).toHaveTitle("Lobby – Chatr");
  await ada.post(tea, "for all");
  await expect(bob).toHaveTitle("• Lobby – Chatr");
  const pair = await ada.pairWith(await idOf(bob));
  await ada.post(pair, "for you");
  await ada.post(pair, "for you too");
  await expect(bob).toHaveTitle("(2) Lobby – Chatr");
  await openChat(bob, "Ada");
  await expect(bob).toHaveTitle("• Ada – Chatr");
  await openChat(bob, "Tea");
  await expect(bob).toHaveTitle("Tea – Chatr");
});

test("desktop notifications come after a click turned them on, and only while one looks elsewhere", async ({
  enter,
}) => {
  const bob = await enter("Bob", { first: desktop });
  const ada = await enter("Ada");
  await openPrivateChat(ada, "Bob");
  await post(ada, "hello?");
  await expect(toast(bob, "hello?")).toBeVisible();
  await lookAway(bob);
  await post(ada, "anybody?");
  await expect(toast(bob, "anybody?")).toBeVisible();
  expect(await shown(bob), "nobody asked for any").toEqual([]);
  expect(await bob.evaluate(() => Notification.permission), "and nobody was asked").toBe("default");

  await lookBack(bob);
  await me(bob).click();
  await bob.getByRole("menuitem", { name: "Settings" }).click();
  await bob.getByRole("button", { name: "Turn on notifications" }).click();
  await expect(bob.getByRole("button", { name: "Turn off notifications" })).toBeVisible();
  await bob.keyboard.press("Escape");

  await post(ada, "are you looking?");
  await expect(toast(bob, "are you looking?")).toBeVisible();
  expect(await shown(bob)).toEqual([]);
  await lookAway(bob);
  await post(ada, "look over here");
  await expect.poll(() => shown(bob)).toEqual([{ title: "Ada", body: "look over here" }]);

  await newChat(ada, "Tea");
  await bob.evaluate(() => (window as unknown as Desktop).notifications.at(-1)!.onclick!());
  await expect(heading(bob)).toHaveText("Ada");
});

interface Desktop {
  notifications: { title: string; body: string; onclick?: () => void }[];
  looking: boolean;
}

/** A desktop of paper: a browser without a screen has none of its own. It grants what is asked for by a click only. */
async function desktop(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const desktop = window as unknown as Desktop;
    desktop.notifications = [];
    desktop.looking = true;
    document.hasFocus = () => desktop.looking;
    let permission: NotificationPermission = "default";
    class Paper {
      static get permission() {
        return permission;
      }
      static async requestPermission() {
        permission = navigator.userActivation.isActive ? "granted" : "denied";
        return permission;
      }
      title: string;
      body: string;
      onclick?: () => void;
      constructor(title: string, options: NotificationOptions = {}) {
        this.title = title;
        this.body = options.body ?? "";
        desktop.notifications.push(this as Desktop["notifications"][number]);
      }
      close() {}
    }
    Object.assign(window, { Notification: Paper });
  });
}

const lookAway = (page: Page) => page.evaluate(() => void ((window as unknown as Desktop).looking = false));
const lookBack = (page: Page) => page.evaluate(() => void ((window as unknown as Desktop).looking = true));
const shown = (page: Page) =>
  page.evaluate(() => (window as unknown as Desktop).notifications.map(({ title, body }) => ({ title, body })));

/** A person's id, as the page itself knows it. */
async function idOf(page: Page): Promise<string> {
  const answer = await page.request.post("/api/snapshot", {
    data: { open: null },
    headers: { accept: "application/json" },
  });
  return (await answer.json()).me.id;
}
