/** A guest keeps their name with a passkey, and comes back by it when the browser has forgotten them. */

import { barriers, narrow, overflow, smallTargets } from "./support.examiner.ts";
import {
  alive,
  chat,
  expect,
  heading,
  me,
  newChat,
  openChat,
  post,
  reload,
  see,
  test,
  tolerate,
  type Locator,
  type Page,
} from "./support.ts";

/** What this page's browser keeps passkeys with: Chromium's own, without a person in front of it. */
class Device {
  readonly ask: (command: string, parameters?: object) => Promise<any>;

  private constructor(ask: Device["ask"]) {
    this.ask = ask;
  }

  static async of(page: Page): Promise<Device> {
    const session = await page.context().newCDPSession(page);
    const send = (command: string, parameters = {}) => session.send(`WebAuthn.${command}` as never, parameters as never);
    await send("enable");
    const { authenticatorId } = (await send("addVirtualAuthenticator", {
      options: {
        protocol: "ctap2",
        transport: "internal",
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    })) as { authenticatorId: string };
    return new Device((command, parameters) => send(command, { authenticatorId, ...parameters }));
  }

  /** Whether whoever is in front of it has the right finger. */
  async knowsFinger(isUserVerified: boolean): Promise<void> {
    await this.ask("setUserVerified", { isUserVerified });
  }

  async passkeys(): Promise<object[]> {
    return (await this.ask("getCredentials")).credentials;
  }

  /** The same passkeys, as devices of one person have them. */
  async share(other: Device): Promise<void> {
    for (const credential of await this.passkeys()) await other.ask("addCredential", { credential });
  }
}

const door = (page: Page): Locator => page.getByRole("button", { name: "Sign in with a passkey" });
const section = (page: Page): Locator => page.getByRole("region", { name: "Passkeys" });
const kept = (page: Page): Locator => section(page).getByRole("listitem");

async function openSettings(page: Page): Promise<void> {
  await me(page).click();
  await page.getByRole("menuitem", { name: "Settings" }).click();
  await expect(page.getByRole("dialog", { name: "Settings" })).toBeVisible();
}

async function keepName(page: Page): Promise<void> {
  await openSettings(page);
  await section(page).getByRole("button", { name: "Keep this name with a passkey" }).click();
  await expect(kept(page)).toHaveCount(1);
}

test("who lost their cookies comes back by passkey to their name, chats and messages", async ({ enter, visit }) => {
  const ada = await enter("Ada", { byName: true });
  const device = await Device.of(ada);
  await newChat(ada, "Cellar", ["Private"]);
  await post(ada, "for me alone");
  await see(ada, "for me alone");
  const cellar = new URL(ada.url()).pathname;
  await keepName(ada);
  await expect(kept(ada)).toContainText("Never used");
  await ada.context().clearCookies();

  await ada.goto(cellar);
  await expect(ada).toHaveURL(/\/\?return=/);
  await door(ada).click();
  await expect(heading(ada)).toHaveText("Cellar");
  await alive(ada);
  await expect(me(ada)).toHaveAccessibleName("Ada");
  await see(ada, "for me alone");
  await expect(chat(ada, "Lobby")).toBeVisible();
  await openSettings(ada);
  await expect(kept(ada)).toContainText("Last used");

  // Another device of hers, which has never been here.
  const elsewhere = await visit({ byName: true });
  await device.share(await Device.of(elsewhere));
  await door(elsewhere).click();
  await expect(heading(elsewhere)).toHaveText("Lobby");
  await expect(me(elsewhere)).toHaveAccessibleName("Ada");
  await alive(elsewhere);
  await openChat(elsewhere, "Cellar");
  await see(elsewhere, "for me alone");
});

test("a passkey that is removed opens nothing any more", async ({ enter }) => {
  const ada = await enter("Ada", { byName: true });
  await Device.of(ada);
  await keepName(ada);
  await kept(ada).getByRole("button", { name: /^Remove the passkey added/ }).click();
  await expect(kept(ada)).toHaveCount(0);
  await expect(section(ada).getByRole("status")).toContainText("Only this browser knows that you are you");
  await reload(ada);
  await openSettings(ada);
  await expect(section(ada)).toBeVisible();
  await expect(kept(ada)).toHaveCount(0);

  await ada.context().clearCookies();
  await ada.goto("/");
  tolerate(ada, /status of 403/);
  await door(ada).click();
  await expect(ada.getByRole("alert")).toHaveText("This passkey opens nothing here. It may have been removed.");
  await expect(ada.getByRole("textbox", { name: "Your name" })).toBeVisible();
});

test("who calls it off, or has no passkey here, is told so and can go on", async ({ enter }) => {
  const ada = await enter("Ada", { byName: true });
  const device = await Device.of(ada);
  await device.knowsFinger(false);
  await openSettings(ada);
  const add = section(ada).getByRole("button", { name: "Keep this name with a passkey" });
  await add.click();
  await expect(section(ada).getByRole("alert")).toContainText("No passkey was made");
  await device.knowsFinger(true);
  await add.click();
  await expect(kept(ada)).toHaveCount(1);
  await expect(section(ada).getByRole("alert")).toHaveCount(0);
  await section(ada).getByRole("button", { name: "Add another passkey" }).click();
  await expect(section(ada).getByRole("alert")).toHaveText("This device has a passkey for you already.");
  await expect(kept(ada)).toHaveCount(1);

  await device.ask("clearCredentials");
  await ada.context().clearCookies();
  await ada.goto("/");
  await door(ada).click();
  await expect(ada.getByRole("alert")).toContainText("You are not signed in");
  await ada.getByRole("textbox", { name: "Your name" }).fill("Eve");
  await ada.getByRole("button", { name: "Join" }).click();
  await expect(heading(ada)).toHaveText("Lobby");
});

test("adding one, coming back and removing it take no mouse, and nothing bars the way", async ({ enter }) => {
  const ada = await enter("Ada", { byName: true });
  await Device.of(ada);
  const press = async (wanted: Locator) => {
    for (let presses = 0; presses < 60; presses++) {
      if (await wanted.evaluate((element) => element === document.activeElement)) break;
      await ada.keyboard.press("Tab");
    }
    await expect(wanted).toBeFocused();
    await ada.keyboard.press("Enter");
  };
  const isFit = async () => {
    const wide = ada.viewportSize() ?? narrow;
    for (const size of [narrow, wide]) {
      await ada.setViewportSize(size);
      expect(await barriers(ada)).toEqual([]);
      expect(await overflow(ada)).toEqual([]);
      expect(await smallTargets(ada, 24)).toEqual([]);
    }
  };
  const settings = async () => {
    await ada.goto("/");
    await alive(ada);
    await openSettings(ada);
    await expect(section(ada)).toBeVisible();
  };
  await settings();
  const add = section(ada).getByRole("button", { name: /passkey$/ }).last();
  await press(add);
  await expect(kept(ada)).toHaveCount(1);
  await expect(add).toBeFocused();
  await isFit();

  await ada.context().clearCookies();
  await ada.goto("/");
  await expect(door(ada)).toBeVisible();
  await isFit();
  await press(door(ada));
  await expect(heading(ada)).toHaveText("Lobby");

  await settings();
  await press(kept(ada).getByRole("button"));
  await expect(kept(ada)).toHaveCount(0);
  await expect(add).toBeFocused();
  await isFit();
});

test("at an address by number, and in a browser without them, nobody is offered a passkey", async ({ enter, visit }) => {
  const without = async (page: Page) => {
    await page.addInitScript("delete window.PublicKeyCredential");
  };
  for (const entry of [{}, { byName: true, first: without }]) {
    const front = await visit(entry);
    await front.waitForLoadState("networkidle");
    await expect(front.getByRole("button", { name: "Join" })).toBeVisible();
    await expect(door(front)).toHaveCount(0);
    const ada = await enter("Ada", entry);
    await openSettings(ada);
    await expect(ada.getByRole("region", { name: "Privacy" })).toBeVisible();
    await expect(section(ada)).toHaveCount(0);
  }
});

test.describe("switched off", () => {
  test.use({ settings: { CHATR_LIMITS: "relaxed", CHATR_PASSKEYS: "off" } });

  test("nobody is offered a passkey", async ({ enter, visit }) => {
    const front = await visit({ byName: true });
    await front.waitForLoadState("networkidle");
    await expect(door(front)).toHaveCount(0);
    const ada = await enter("Ada", { byName: true });
    await openSettings(ada);
    await expect(section(ada)).toHaveCount(0);
  });
});
