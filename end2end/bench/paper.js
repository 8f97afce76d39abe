/** Figures with their spread, as a table on the screen and in docs/benchmarks.md. Refuses to know what is measured. */

import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

const page = resolve(import.meta.dirname, "../../docs/benchmarks.md");

const HEAD = "| what | median | smallest – greatest | unit | goal |\n| --- | ---: | ---: | --- | --- |\n";

export const median = (figures) => sorted(figures)[Math.floor((figures.length - 1) / 2)];

const sorted = (figures) => [...figures].sort((a, b) => a - b);

/** Three digits that count, as the tables of the server have them. */
function shown(figure) {
  const size = Math.abs(figure);
  if (size >= 100) return Math.round(figure).toLocaleString("en");
  return figure.toFixed(size >= 10 ? 1 : 2);
}

export class Table {
  #rows = "";

  /** `goal` is what the figure should be, or empty. */
  row(what, unit, figures, goal = "") {
    const ends = sorted(figures);
    const line = `| ${what} | ${shown(median(figures))} | ${shown(ends[0])} – ${shown(ends.at(-1))} | ${unit} | ${goal} |`;
    console.log(line);
    this.#rows += `${line}\n`;
  }

  /** Puts the table between `<!-- name -->` and `<!-- end of name -->`, below the words. */
  publish(name, words) {
    const [open, close] = [`<!-- ${name} -->\n`, `<!-- end of ${name} -->`];
    const text = readFileSync(page, "utf8");
    const [from, to] = [text.indexOf(open), text.indexOf(close)];
    if (from < 0 || to < from) throw new Error(`docs/benchmarks.md has no place for ${name}`);
    console.log(words);
    const table = `${words}\n\n${HEAD}${this.#rows}`;
    writeFileSync(page, text.slice(0, from + open.length) + table + text.slice(to));
  }
}
