/** Azure Static Web Apps stand in front and sign people in: Chatr knows them by the platform's word. */

import { Platform, fakeSignIn, stayHere, wantsElsewhere } from "./support.platform.ts";
import { type Page, alive, expect, heading, me, person, post, see, signIn, test as base, tolerate } from "./support.ts";

const test = base.extend<{ chosen: Platform; platform: Platform }>({
  chosen: async ({}, use) => {
    await use(await Platform.choose());
  },

  settings: async ({ chosen }, use) => {
    await use({ CHATR_LIMITS: "relaxed", ...chosen.settings });
  },

  platform: async ({ chosen, server }, use) => {
    expect(server.origin).toBe(chosen.origin);
    await chosen.start();
    await use(chosen);
    await chosen.stop();
  },
});

async function signInWith(page: Page, provider: string, user: string, name: string): Promise<void> {
  tolerate(page, ...wantsElsewhere);
  await stayHere(page);
  await page.getByRole("link", { name: `Sign in with ${provider}` }).click();
  await page.waitForURL("**/.auth/login/**", { waitUntil: "commit" });
  await fakeSignIn(page, user, name);
  await alive(page);
}

test("who signs in at the platform is in, is seen with a badge, and is out after signing out", async ({
  platform,
  visit,
}) => {
  const ada = await visit();
  await signInWith(ada, "GitHub", "1", "ada");
  await expect(heading(ada)).toHaveText("Lobby");
  await expect(me(ada)).toHaveAccessibleDescription("GitHub");
  const bea = await visit();
  await signInWith(bea, "Microsoft", "1", "bea");
  await expect(person(bea, "ada")).toHaveAccessibleDescription("Online · GitHub", { timeout: 25_000 });
  await expect(person(ada, "bea")).toHaveAccessibleDescription("Online · Microsoft", { timeout: 25_000 });
  await post(ada, "it is me");
  await see(bea, "it is me");

  await me(ada).click();
  await ada.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(ada.getByRole("button", { name: "Join" })).toBeVisible();
  const gone = await ada.request.get(`${platform.origin}/.auth/me`);
  expect(await gone.json()).toEqual({ clientPrincipal: null });
  await ada.goto("/chat");
  await expect(ada.getByRole("button", { name: "Join" })).toBeVisible();

  const again = await visit();
  await signInWith(again, "GitHub", "1", "countess");
  await expect(me(again)).toHaveAccessibleName("ada");
});

test("a guest comes in by name beside the platform's own people", async ({ platform, visit }) => {
  const ada = await visit();
  expect(ada.url()).toContain(platform.origin);
  await signIn(ada, "Ada");
  await expect(heading(ada)).toHaveText("Lobby");
});

test("a principal that somebody writes is dropped where the platform passes none on", async ({ platform, visit }) => {
  const eve = await visit();
  const principal = { identityProvider: "github", userId: "1", userDetails: "eve", userRoles: ["authenticated"] };
  const header = { "x-ms-client-principal": Buffer.from(JSON.stringify(principal)).toString("base64") };
  const page = await eve.request.get(`${platform.origin}/chat`, { headers: header, maxRedirects: 0 });
  expect(page.headers().location).toBe("/");
});
