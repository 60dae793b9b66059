// The way back: choose a side, see what would change, type its name, watch it, read what became of it.

import { el } from "../element.js";
import { count, many } from "../number.js";
import { heading, notice, pill, refusal } from "../parts.js";
import * as service from "../service.js";
import { moment } from "../time.js";
import { Operation, progressOf } from "./operation.js";
import { counts, notes, phrase, samples, sentence, totals } from "./plan.js";
import { unknownSnapshot } from "./snapshot_table.js";

const STEPS = ["Side", "Preview", "Confirm", "Restore"];
const MEANING = {
  MAIN: "MAIN becomes what it was then. BACKUP follows, unless you say otherwise below.",
  BACKUP:
    "BACKUP becomes what MAIN was then. MAIN is not touched, and sync pauses until you choose a direction.",
};

/** The restore wizard; `rest` names the snapshot. */
export function restore(page, [name]) {
  const own = new Restore(page, name ?? "");
  return { title: () => "Restore", render: () => own.render(), end: () => own.operation?.end() };
}

class Restore {
  constructor(page, name) {
    Object.assign(this, {
      page,
      name,
      step: 0,
      target: null,
      propagate: null,
      preview: null,
      typed: "",
      error: null,
      busy: false,
    });
    Object.assign(this, { snapshot: undefined, operation: null });
    this.load();
  }

  async load() {
    try {
      this.snapshot = (await service.snapshots()).items.find((item) => item.name === this.name) ?? null;
    } catch (error) {
      this.error = error;
    }
    this.page.draw();
  }

  get request() {
    return { filepath: this.name, target: this.target, propagate: this.propagate };
  }

  choose(target) {
    Object.assign(this, { target, propagate: target === "MAIN", preview: null, typed: "" });
    this.page.draw();
  }

  to(step) {
    Object.assign(this, { step, error: null });
    this.page.draw();
    document.querySelector("h1")?.focus();
  }

  async look() {
    this.preview = null;
    this.busy = true;
    this.to(1);
    try {
      this.preview = await service.previewRestore(this.request);
    } catch (error) {
      this.error = error;
    }
    this.busy = false;
    this.page.draw();
  }

  async begin(event) {
    event.preventDefault();
    if (this.typed !== this.target || this.busy) return;
    this.busy = true;
    this.page.draw();
    try {
      const entry = await service.restore(this.request);
      this.to(3);
      this.operation = new Operation(entry.id, () => this.page.draw());
    } catch (error) {
      this.error = error;
    }
    this.busy = false;
    this.page.draw();
  }

  render() {
    if (this.snapshot === null) return [heading("Restore"), unknownSnapshot(this.name), this.back()];
    const item = this.snapshot;
    return [
      heading(
        "Restore",
        item && [
          "Snapshot of ",
          moment(item.createdAt),
          `, ${many(item.recordCount ?? 0, "row")}. `,
          el("code", {}, item.name),
        ],
      ),
      el(
        "ol.steps",
        { "aria-label": "Steps" },
        STEPS.map((step, index) =>
          el(
            "li",
            { class: index < this.step ? "done" : "", "aria-current": index === this.step ? "step" : null },
            step,
          ),
        ),
      ),
      el(
        "div.wizard",
        {},
        this.error && refusal(this.error),
        [() => this.side(), () => this.changes(), () => this.confirm(), () => this.running()][this.step](),
      ),
    ];
  }

  back() {
    return el("p", {}, el("a.button", { href: "#/snapshots" }, "Back to the snapshots"));
  }

  side() {
    const choice = (target) =>
      el(
        "label.target",
        {},
        el("input", {
          type: "radio",
          name: "target",
          checked: this.target === target,
          onchange: () => this.choose(target),
        }),
        el("span", {}, el("span.strong", {}, target), el("br"), el("span.muted", {}, MEANING[target])),
      );
    return [
      el(
        "fieldset.targets",
        {},
        el("legend", {}, "Which side is to be restored?"),
        choice("MAIN"),
        choice("BACKUP"),
      ),
      this.target && this.following(),
      el(
        "div.actions",
        {},
        el("a.button", { href: "#/snapshots" }, "Cancel"),
        el(
          "button.primary",
          { type: "button", disabled: !this.target, onclick: () => this.look() },
          "See what would change",
        ),
      ),
    ];
  }

  following() {
    const other = this.target === "MAIN" ? "BACKUP" : "MAIN";
    return el(
      "label.choice",
      {},
      el("input", {
        type: "checkbox",
        checked: this.propagate,
        onchange: (event) => (
          (this.propagate = event.target.checked),
          (this.preview = null),
          this.page.draw()
        ),
      }),
      el(
        "span",
        {},
        `${other} follows: what changes on ${this.target} is carried over like any other change.`,
      ),
    );
  }

  changes() {
    if (this.busy)
      return el("p", { role: "status" }, "Reading the snapshot and comparing it with ", this.target, " …");
    const back = el("button", { type: "button", onclick: () => this.to(0) }, "Back");
    if (!this.preview) return el("div.actions", {}, back);
    const sum = totals(this.preview);
    return [
      el(
        "p",
        { role: "status" },
        sum.changed
          ? [
              `On ${this.target} this would `,
              phrase(sum),
              `, and leave ${many(sum.unchanged, "row")} as ${sum.unchanged === 1 ? "it is" : "they are"}. Nothing is written yet.`,
            ]
          : `${this.target} already is as the snapshot has it. Nothing would change.`,
      ),
      counts(this.preview),
      notes(this.preview.notes),
      samples(this.preview),
      el(
        "div.actions",
        {},
        back,
        el("button.primary", { type: "button", onclick: () => this.to(2) }, "Go on"),
      ),
    ];
  }

  confirm() {
    const sum = totals(this.preview);
    return el(
      "form",
      { onsubmit: (event) => this.begin(event) },
      notice(
        "wait",
        `This will ${sentence(sum)} on ${this.target}.`,
        this.propagate
          ? "The other side follows."
          : "The other side is not touched; sync pauses until you choose a direction.",
      ),
      el(
        "p",
        {},
        "A safety snapshot of ",
        this.target,
        " is taken first, and everything happens in one transaction: it is done as a whole or not at all.",
      ),
      el(
        "label.field",
        {},
        el("span", {}, `Type ${this.target} to confirm`),
        el("input", {
          type: "text",
          autocomplete: "off",
          spellcheck: "false",
          autocapitalize: "characters",
          oninput: (event) => ((this.typed = event.target.value.trim()), this.page.draw()),
        }),
      ),
      el(
        "div.actions",
        {},
        el("button", { type: "button", onclick: () => this.to(1) }, "Back"),
        el(
          "button.danger",
          { type: "submit", disabled: this.typed !== this.target || this.busy },
          `Restore ${this.target}`,
        ),
      ),
    );
  }

  running() {
    const entry = this.operation?.entry;
    if (!entry || entry.status === "RUNNING")
      return el(
        "section.card",
        { "aria-label": "Progress" },
        el("h2", {}, `${this.target} is being restored`),
        progressOf(entry),
      );
    const good = entry.status === "COMPLETED";
    return [
      good
        ? notice(
            "good",
            `${this.target} is restored.`,
            `${count(entry.recordCount)} rows were compared with the snapshot before the commit.`,
          )
        : notice(
            "bad",
            `${this.target} is as it was before: the restore ${entry.status === "FAILED" ? "failed" : "was stopped"}.`,
            entry.error,
          ),
      el(
        "p",
        {},
        pill(good ? "good" : "bad", entry.status.toLowerCase()),
        " ",
        entry.finishedAt && moment(entry.finishedAt),
      ),
      entry.detail?.tables && counts(entry.detail),
      notes(entry.detail?.notes),
      this.back(),
    ];
  }
}
