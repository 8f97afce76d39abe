/**
 * What the product looks like: each screen on a desktop and on a phone, by day and by night, compared with the
 * pictures in `picture/`. `npm run picture` takes them anew.
 */

import { expect } from "./support.ts";
import { scenes } from "./support.scenes.ts";
import { looks, paint, test } from "./support.town.ts";

for (const look of looks) {
  for (const [name, play] of Object.entries(scenes)) {
    test(`${name} on a ${look.name} looks as in its pictures`, async ({ town, wire, visit }) => {
      const page = await play({ town, wire, visit }, look);
      await paint(page);
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        await expect(page).toHaveScreenshot(`${name}-${look.name}-${colorScheme}.png`);
      }
    });
  }
}
