// One conflict: what became of it, what is chosen, what is sent.

import { ask, say } from "../dialog.js";
import { el } from "../element.js";
import { labelOf, looksTheSame, mergeable, moved, resulting, valuesOf } from "../merge.js";
import { notice, pill, refusal } from "../parts.js";
import * as service from "../service.js";
import { ago, moment } from "../time.js";
import { conflictWords } from "../words.js";
import { versions } from "./versions.js";

const AGAIN_MS = 2000;

/** One conflict that is looked at. */
export class Conflict {
  /** `decided` is called when it was decided here. */
  constructor(page, entity, entityId, decided) {
    Object.assign(this, { page, entity, entityId, decided });
    this.item = null; // what is shown, and what a decision is about
    this.newer = null; // what it has become meanwhile
    this.error = null;
    this.resolution = null;
    this.chosen = {};
    this.movedCells = new Set();
    this.all = false;
    this.busy = false;
    this.ended = false;
    this.check();
    // Events tell of conflicts that open and close, not of rows that move while they are open.
    this.timer = setInterval(() => this.open && !document.hidden && this.check(), AGAIN_MS);
  }

  is(item) {
    return item.entity === this.entity && item.entityId === this.entityId;
  }

  end() {
    this.ended = true;
    clearInterval(this.timer);
  }

  /** Ask how it is now. What is being read is never replaced by itself. */
  async check() {
    try {
      const found = await service.conflict(this);
      if (this.ended) return;
      this.error = null;
      if (!this.item || looksTheSame(this.item, found)) this.item = found;
      else if (found.version !== this.item.version || found.status !== this.item.status) this.newer = found;
    } catch (error) {
      if (this.ended) return;
      this.error = error;
    }
    this.page.draw();
  }

  /** Show what it has become, with what moved marked. */
  catchUp() {
    this.movedCells = moved(this.item, this.newer);
    this.item = this.newer;
    this.newer = null;
    this.error = null;
    for (const cell of this.movedCells) delete this.chosen[cell.split(".").slice(1).join(".")];
    this.page.draw();
  }

  get open() {
    return this.item?.status === "OPEN";
  }

  choose(resolution) {
    if (!this.open || (resolution === "MERGE" && !mergeable(this.item))) return;
    this.resolution = resolution;
    this.page.draw();
  }

  /** Take one column's value in a merge: {side} or {value}. */
  pick(column, choice) {
    this.resolution = "MERGE";
    this.chosen = { ...this.chosen, [column]: choice };
    this.page.draw();
  }

  toggleColumns() {
    this.all = !this.all;
    this.page.draw();
  }

  get result() {
    return this.resolution ? resulting(this.item, this.resolution, this.chosen) : null;
  }

  /** Send the decision. A row that moved since it was shown is never overwritten: the service answers 409. */
  async decide() {
    if (!this.open || !this.resolution || this.busy || this.newer || this.result.missing.length) return;
    if (this.result.row === null && !(await this.sure())) return;
    const decision = { resolution: this.resolution, version: this.item.version };
    if (this.resolution === "MERGE") decision.values = valuesOf(this.item, this.chosen);
    this.busy = true;
    this.page.draw();
    try {
      await this.send(decision);
      say(`${this.entity} ${this.entityId} is decided: ${this.resolution}.`);
      this.decided();
    } catch (error) {
      await this.refused(error);
    }
    this.busy = false;
    this.page.draw();
  }

  /** Once more where the service has learned of it meanwhile, but nothing that is shown has moved. */
  async send(decision) {
    try {
      await service.resolve(this, decision);
    } catch (error) {
      if (error.status !== 409) throw error;
      await this.check();
      if (this.newer || this.item.version === decision.version) throw error;
      await service.resolve(this, { ...decision, version: this.item.version });
    }
  }

  async refused(error) {
    if (error.status === 409) {
      this.newer = null;
      await this.check();
      if (this.newer) return;
    }
    this.error = error;
  }

  sure() {
    return ask({
      title: "Delete this row on both sides?",
      body: [
        el(
          "p",
          {},
          `${this.resolution} has no such row. The other side's version stays readable under the decided conflicts.`,
        ),
      ],
      yes: "Delete it",
      danger: true,
    });
  }

  render() {
    const item = this.item;
    if (!item) return this.error ? this.unknown() : el("div.empty", {}, "Loading …");
    const [title, meaning] = conflictWords(item.type);
    return el(
      "article.conflict.card",
      { "aria-label": `${item.entity} ${item.entityId}`, "data-key": `c ${item.entity} ${item.entityId}` },
      el("p.back", {}, el("a", { href: "#/conflicts" }, "← All conflicts")),
      el(
        "div.title",
        {},
        el("h2", {}, [item.entity, labelOf(item)].filter(Boolean).join(": ")),
        el("span.mono", {}, item.entityId),
        el("span.muted", {}, "found ", ago(item.detectedAt), ", ", moment(item.detectedAt)),
      ),
      el(
        "p",
        {},
        el("b", {}, title),
        ". ",
        meaning,
        item.constraint && [" The rule is ", el("code", {}, item.constraint), "."],
        item.error && el("span.muted", {}, ` ${item.error}`),
      ),
      item.related?.length > 0 && related(item.related),
      this.open ? null : outcome(item),
      this.newer && this.movedNotice(),
      this.error && refusal(this.error),
      this.open && this.verdict(),
      versions(this),
    );
  }

  unknown() {
    if (this.error.status !== 404) return refusal(this.error);
    return notice(
      "wait",
      `${this.entity} ${this.entityId} has no conflict (any more).`,
      "It was decided, or both sides became equal by themselves.",
    );
  }

  movedNotice() {
    const gone = this.newer.status !== "OPEN";
    const words = gone
      ? `This conflict was settled meanwhile${this.newer.resolvedBy ? ` by ${this.newer.resolvedBy}` : ""}.`
      : "This row moved while you were reading. Nothing was written.";
    const hint = gone ? null : "Look at its new state before you decide; what moved is marked.";
    return notice(
      "wait",
      words,
      hint,
      el("button.primary", { type: "button", onclick: () => this.catchUp() }, "Show its new state"),
    );
  }

  verdict() {
    const button = (resolution, text, key, off) =>
      el(
        "button",
        {
          type: "button",
          "aria-pressed": String(this.resolution === resolution),
          disabled: off,
          onclick: () => this.choose(resolution),
          title: off ? "One side has no row" : `Key: ${key}`,
        },
        text,
      );
    const missing = this.result?.missing ?? [];
    const words = {
      MAIN: this.item.main ? "Write MAIN's row to both sides" : "Delete the row on both sides",
      BACKUP: this.item.backup ? "Write BACKUP's row to both sides" : "Delete the row on both sides",
      MERGE: missing.length
        ? `${missing.length} column${missing.length === 1 ? "" : "s"} still to choose`
        : "Write the merged row to both sides",
    };
    const ready = this.resolution && !missing.length && !this.newer && !this.busy;
    return el(
      "div.verdict",
      { role: "group", "aria-label": "Decision" },
      button("MAIN", this.item.main ? "Take MAIN" : "Take MAIN: no row", "m"),
      button("BACKUP", this.item.backup ? "Take BACKUP" : "Take BACKUP: no row", "b"),
      button("MERGE", "Merge by column", "g", !mergeable(this.item)),
      el(
        "button.primary.hold",
        { type: "button", disabled: !ready, onclick: () => this.decide(), title: "Key: a" },
        this.busy ? "Writing …" : (words[this.resolution] ?? "Choose MAIN, BACKUP or merge"),
      ),
    );
  }
}

function outcome(item) {
  const tone = item.status === "RESOLVED" ? "good" : "calm";
  return el(
    "p",
    {},
    pill(tone, item.status === "RESOLVED" ? `decided: ${item.resolution ?? "?"}` : "settled by itself"),
    " ",
    item.resolvedBy && `by ${item.resolvedBy} `,
    item.resolvedAt && moment(item.resolvedAt),
    item.reason && ` – ${item.reason}`,
  );
}

/** The rows that stand in the way, or that are missing. */
function related(rows) {
  const value = (text) => (text === null ? el("span.none", {}, "NULL") : text);
  return rows.map(({ side, entity, entityId, row }) =>
    el(
      "details",
      { "data-key": `r ${side} ${entity} ${entityId}` },
      el("summary", {}, `${row ? "In the way" : "Missing"} on ${side}: ${entity} ${entityId}`),
      row
        ? el(
            "dl.facts",
            {},
            Object.entries(row).map(([name, text]) => [el("dt", {}, name), el("dd.mono", {}, value(text))]),
          )
        : el("p.muted", {}, "There is no such row."),
    ),
  );
}
