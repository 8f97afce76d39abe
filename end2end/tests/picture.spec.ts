/**
 * The product's screens, each on a desktop and on a phone, by day and by night: do they look as in the pictures in
 * `picture/` (`npm run picture` takes them anew), and can everybody use them? Asked of each in one visit, since to
 * bring a town into a scene takes longer than to look at it.
 */

import { expect } from "./support.ts";
import { barriers, magnify, narrow, overflow, smallTargets } from "./support.examiner.ts";
import { scenes } from "./support.scenes.ts";
import { looks, paint, phone, test } from "./support.town.ts";

const suns = ["light", "dark"] as const;

for (const look of looks) {
  for (const [name, play] of Object.entries(scenes)) {
    test(`${name} on a ${look.name} looks as in its pictures and has no barriers`, async ({ town, wire, visit }) => {
      const page = await play({ town, wire, visit }, look);
      await paint(page);
      for (const colorScheme of suns) {
        await page.emulateMedia({ colorScheme });
        await expect.soft(page).toHaveScreenshot(`${name}-${look.name}-${colorScheme}.png`);
      }

      await page.emulateMedia({ reducedMotion: "reduce" });
      for (const colorScheme of suns) {
        await page.emulateMedia({ colorScheme });
        expect.soft(await barriers(page), `axe, ${colorScheme}`).toEqual([]);
      }
      expect.soft(await smallTargets(page, look === phone ? 44 : 24), "targets").toEqual([]);
      expect.soft(await overflow(page), "sideways").toEqual([]);

      await page.setViewportSize(narrow);
      await expect.soft.poll(() => overflow(page), "sideways at 320 px").toEqual([]);
      await magnify(page, "200%");
      await expect.soft.poll(() => overflow(page), "sideways at 320 px with text twice as large").toEqual([]);
    });
  }
}
