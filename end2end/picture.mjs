/** Puts the pictures that the README shows where it looks for them, as small as they get without losing anything. */

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

const pictures = join(import.meta.dirname, "tests/picture");
const shown = join(import.meta.dirname, "../docs/screenshots");

const all = readdirSync(pictures).map((name) => join(pictures, name));
const { error } = spawnSync("optipng", ["-quiet", "-o2", "-strip", "all", ...all], { stdio: "inherit" });
if (error) console.warn("picture: without optipng the pictures stay larger than they need to be");

mkdirSync(shown, { recursive: true });
copyFileSync(join(pictures, "chat-busy-desktop-light.png"), join(shown, "chat-desktop-light.png"));
copyFileSync(join(pictures, "chat-busy-phone-dark.png"), join(shown, "chat-phone-dark.png"));
