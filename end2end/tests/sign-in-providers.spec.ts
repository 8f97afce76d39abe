/** Somebody else vouches for people: in by their account, known by it, and the same person everywhere. */

import { barriers, narrow, overflow } from "./support.examiner.ts";
import { Club, GitHub, type Voucher } from "./support.providers.ts";
import {
  type Page,
  alive,
  chat,
  expect,
  heading,
  me,
  newChat,
  person,
  post,
  see,
  signIn,
  test as base,
  tolerate,
} from "./support.ts";

interface Vouchers {
  club: Club;
  github: GitHub;
}

const test = base.extend<Vouchers>({
  club: async ({}, use) => {
    const club = await Club.open();
    await use(club);
    await club.stop();
  },

  github: async ({}, use) => {
    const github = await GitHub.open();
    await use(github);
    await github.stop();
  },

  settings: async ({ club, github }, use) => {
    await use({ CHATR_LIMITS: "relaxed", ...club.settings, ...github.settings });
  },
});

/** From the front page to the provider's own. */
async function go(page: Page, to: Voucher): Promise<void> {
  tolerate(page, new RegExp(to.origin));
  const name = to instanceof Club ? "Sign in with the club" : "Sign in with GitHub";
  await page.getByRole("link", { name }).click();
  await page.waitForURL((url) => url.origin === to.origin);
}

/** The provider knows the person, who agrees. */
async function agree(page: Page, to: Voucher, name: string): Promise<void> {
  if (to instanceof GitHub) {
    await page.getByRole("textbox", { name: "Login" }).fill(name);
    await page.getByRole("button", { name: "Authorize" }).click();
    return;
  }
  await page.getByPlaceholder("Enter any login").fill(name);
  await page.getByPlaceholder("and password").fill("any");
  await page.getByRole("button", { name: "Sign-in" }).click();
  await page.getByRole("button", { name: "Continue" }).click();
}

async function disagree(page: Page, to: Voucher): Promise<void> {
  if (to instanceof GitHub) await page.getByRole("button", { name: "Cancel" }).click();
  else await page.getByRole("link", { name: "Cancel" }).click();
}

for (const [kind, badge] of [
  ["club", "Account"],
  ["github", "GitHub"],
] as const) {
  test(`by ${kind}: one is in, others see who vouches, and one comes back from elsewhere`, async ({
    visit,
    enter,
    club,
    github,
  }) => {
    const voucher = kind === "club" ? club : github;
    const bob = await enter("Bob");
    const ada = await visit();
    await go(ada, voucher);
    await agree(ada, voucher, "ada");
    await alive(ada);
    await expect(heading(ada)).toHaveText("Lobby");
    await expect(me(ada)).toHaveAccessibleName("ada");
    await expect(me(ada)).toHaveAccessibleDescription(badge);
    await expect(person(bob, "ada")).toHaveAccessibleDescription(`Online · ${badge}`, { timeout: 25_000 });
    await expect(person(ada, "Bob")).toHaveAccessibleDescription("Online");
    await post(ada, "it is me");
    await see(bob, "it is me");
    await newChat(ada, "Diary", ["Private"]);

    await me(ada).click();
    await ada.getByRole("menuitem", { name: "Sign out" }).click();
    await expect(ada.getByRole("button", { name: "Join" })).toBeVisible();
    await ada.goto("/chat");
    await expect(ada.getByRole("button", { name: "Join" })).toBeVisible();

    const again = await visit();
    await go(again, voucher);
    await agree(again, voucher, "ada");
    await alive(again);
    await expect(me(again)).toHaveAccessibleName("ada");
    await expect(chat(again, "Diary")).toBeVisible();
    const other = await visit();
    await go(other, voucher);
    await agree(other, voucher, "eve");
    await alive(other);
    await expect(me(other)).toHaveAccessibleName("eve");
    await expect(chat(other, "Diary")).toBeHidden();
  });

  test(`who calls it off at ${kind} is told so and can take another way`, async ({ visit, club, github }) => {
    const voucher = kind === "club" ? club : github;
    const ada = await visit({ path: "/chat" });
    await go(ada, voucher);
    await disagree(ada, voucher);
    await expect(ada.getByRole("alert")).toContainText("called off");
    await signIn(ada, "Ada");
    await expect(heading(ada)).toHaveText("Lobby");
  });
}

test("signing in leads back to the chat that was wanted, without scripts too", async ({ visit, summon, github }) => {
  const host = await summon("Host");
  const tea = await host.create("Tea");
  const ada = await visit({ path: `/chat/${tea}`, javaScriptEnabled: false });
  await go(ada, github);
  await agree(ada, github, "ada");
  await expect(heading(ada)).toHaveText("Tea");
});

test("a provider that is down is said to be, and the rest goes on", async ({ visit, club }) => {
  const ada = await visit();
  await club.stop();
  await ada.getByRole("link", { name: "Sign in with the club" }).click();
  await expect(ada.getByRole("alert")).toContainText("does not answer");
  await signIn(ada, "Ada");
  await expect(heading(ada)).toHaveText("Lobby");
});

test("two accounts of one name, and a guest who likes it, are three people", async ({ visit, enter, club, github }) => {
  const guest = await enter("ada");
  await expect(me(guest)).toHaveAccessibleName("ada");
  for (const voucher of [club, github]) {
    const page = await visit();
    await go(page, voucher);
    await agree(page, voucher, "ada");
    await alive(page);
    await expect(me(page)).toHaveAccessibleName(/^ada #[0-9a-f]{4}$/);
  }
});

test.describe("where nobody comes in by name alone", () => {
  test.use({ settings: async ({ github }, use) => use({ CHATR_GUESTS: "off", ...github.settings }) });

  test("only the providers stand at the door", async ({ visit, github }) => {
    const ada = await visit();
    await expect(ada.getByRole("textbox")).toHaveCount(0);
    await expect(ada.getByRole("link", { name: /^Sign in with/ })).toHaveCount(1);
    expect(await barriers(ada)).toEqual([]);
    await ada.setViewportSize(narrow);
    expect(await overflow(ada)).toEqual([]);
    await go(ada, github);
    await agree(ada, github, "ada");
    await expect(heading(ada)).toHaveText("Lobby");
  });
});
