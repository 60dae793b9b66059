// What was done: backups, exports, restores, comparisons; and who asked for what.

import { say } from "../dialog.js";
import { el } from "../element.js";
import { on } from "../live.js";
import { bytes, count } from "../number.js";
import { chooser, empty, heading, number, pill, refusal, table } from "../parts.js";
import * as service from "../service.js";
import { milliseconds, moment, ago } from "../time.js";
import { OPERATIONS, OUTCOMES, operationWord } from "../words.js";
import { progressOf } from "./operation.js";

/** The view of past and running operations. */
export function history(page) {
  const own = new History(page);
  return { title: () => "History", render: () => own.render(), end: () => own.stop() };
}

class History {
  constructor(page) {
    Object.assign(this, { page, filter: { type: "", status: "" }, items: null, cursor: null, error: null });
    this.stop = on("backups", () => this.load());
    this.load();
  }

  async load(more = false) {
    try {
      const answer = await service.history({ ...this.filter, limit: 50, cursor: more ? this.cursor : null });
      this.items = more ? [...this.items, ...answer.items] : answer.items;
      this.cursor = answer.nextCursor;
      this.error = null;
    } catch (error) {
      this.error = error;
    }
    this.page.draw();
  }

  choose(name, value) {
    this.filter = { ...this.filter, [name]: value };
    this.items = null;
    this.load();
  }

  async cancel(entry) {
    try {
      await service.cancel(entry.id);
      say("It is being cancelled.");
    } catch (error) {
      this.error = error;
    }
    await this.load();
  }

  render() {
    const types = Object.entries(OPERATIONS);
    const outcomes = Object.entries(OUTCOMES).map(([status, [, word]]) => [status, word]);
    return [
      heading("History", "Every backup, export, restore and comparison, with what came of it."),
      el(
        "div.filters",
        { role: "search", "aria-label": "Filters" },
        chooser("Kind", this.filter.type, [["", "all"], ...types], (value) => this.choose("type", value)),
        chooser("Outcome", this.filter.status, [["", "all"], ...outcomes], (value) =>
          this.choose("status", value),
        ),
      ),
      this.error && refusal(this.error),
      this.items === null
        ? !this.error && el("p.muted", {}, "Loading …")
        : this.items.length
          ? this.list()
          : empty("Nothing here.", "Backups are listed as soon as they begin."),
      this.cursor &&
        el("p", {}, el("button", { type: "button", onclick: () => this.load(true) }, "Older ones")),
    ];
  }

  list() {
    return table(
      "Operations",
      ["Began", "What", "Outcome", number("Rows"), number("Took"), number("Size"), "File or error"],
      this.items.map((entry) => this.line(entry)),
    );
  }

  line(entry) {
    const [tone, word] = OUTCOMES[entry.status] ?? ["calm", entry.status];
    const running = entry.status === "RUNNING";
    return el(
      "tr",
      { "data-key": entry.id },
      el(
        "th",
        { scope: "row" },
        moment(entry.startedAt),
        el("br"),
        el("span.muted", {}, ago(entry.startedAt)),
      ),
      el("td", {}, operationWord(entry), entry.actor && el("div.muted", {}, `by ${entry.actor}`)),
      el("td", {}, pill(tone, word)),
      el("td.number", {}, count(entry.recordCount)),
      el("td.number", {}, milliseconds(entry.durationMs)),
      el("td.number", {}, bytes(entry.sizeBytes)),
      el(
        "td.wide",
        {},
        running && [
          progressOf(entry),
          el("button.small", { type: "button", onclick: () => this.cancel(entry) }, "Cancel"),
        ],
        entry.error ? el("p.minus", {}, entry.error) : entry.filepath && el("span.mono", {}, entry.filepath),
      ),
    );
  }
}
