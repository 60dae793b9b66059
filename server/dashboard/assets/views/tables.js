// The tables: what is captured, whether both sides agree, and what happens when both change a row.

import { say } from "../dialog.js";
import { el } from "../element.js";
import { count, many } from "../number.js";
import { empty, heading, notice, number, pill, refusal, table } from "../parts.js";
import * as service from "../service.js";
import { state } from "../state.js";
import { ARROWS } from "../words.js";
import { Operation, progressOf } from "./operation.js";
import { POLICIES, askPolicy } from "./policy.js";

/** The view of tables. */
export function tables(page) {
  const own = new Tables(page);
  return {
    title: () => "Tables",
    render: () => own.render(),
    end: () => own.operation?.end(),
    keys: [["v", "Compare both sides now", () => own.verify()]],
  };
}

class Tables {
  constructor(page) {
    Object.assign(this, { page, error: null, operation: null, report: null, items: null });
    page.refresh();
    this.load();
  }

  async verify() {
    if (this.operation) return;
    Object.assign(this, { error: null, report: null });
    try {
      const entry = await service.verify();
      this.operation = new Operation(entry.id, (now) => this.followed(now));
    } catch (error) {
      this.error = error;
    }
    this.page.draw();
  }

  followed(entry) {
    if (entry && entry.status !== "RUNNING") {
      this.report = entry;
      this.operation = null;
      this.page.refresh();
    }
    this.page.draw();
  }

  async load() {
    try {
      this.items = (await service.tables()).items;
    } catch (error) {
      this.error = error;
    }
    this.page.draw();
  }

  async setPolicy(one, policy) {
    this.error = null;
    const rule = await askPolicy(one.entity, policy, one.policy);
    try {
      if (rule) {
        await service.setPolicy(one.entity, rule);
        say(`${one.entity}: ${POLICIES[policy].replace(" …", "")}.`);
      }
    } catch (error) {
      this.error = error;
    }
    await this.load();
  }

  render() {
    return [
      heading(
        "Tables",
        "What is captured, whether both sides agree, and what happens when both change the same row.",
        el(
          "button.primary",
          { type: "button", disabled: Boolean(this.operation), onclick: () => this.verify() },
          "Compare both sides now",
        ),
      ),
      this.error && refusal(this.error),
      this.operation &&
        el(
          "section.card",
          { "aria-label": "Running" },
          el("h2", {}, "Both sides are being compared"),
          progressOf(this.operation.entry),
        ),
      this.report && outcome(this.report),
      this.items === null
        ? !this.error && el("p.muted", {}, "Loading …")
        : this.items.length
          ? this.list()
          : nothing(),
    ];
  }

  list() {
    const figures = new Map((state.stats?.tables ?? []).map((one) => [one.entity, one]));
    const heads = [
      "Table",
      "Captured",
      number("Rows on MAIN"),
      number("Rows on BACKUP"),
      number("Carried over"),
      number("Open conflicts"),
      "When both change a row",
    ];
    const lines = this.items.map((one) => this.line(one, figures.get(one.entity) ?? {}));
    return table("Tables", heads, lines);
  }

  line(one, { rowsMain, rowsBackup, applied, conflicts }) {
    return el(
      "tr",
      { "data-key": one.entity },
      el("th", { scope: "row" }, one.entity),
      el("td", {}, captured(one)),
      el("td.number", {}, count(rowsMain)),
      el("td.number", {}, count(rowsBackup), drift(rowsMain, rowsBackup)),
      el("td.number", {}, count(applied)),
      el("td.number", {}, conflicts ? el("a", { href: "#/conflicts" }, count(conflicts)) : count(conflicts)),
      el("td", {}, one.main.state === "captured" && this.policy(one)),
    );
  }

  policy(one) {
    const rule = one.policy;
    const choices = Object.entries(POLICIES).map(([value, text]) =>
      el("option", { value, selected: value === rule.policy }, text),
    );
    return [
      el(
        "select",
        {
          "aria-label": `When both sides change a row of ${one.entity}`,
          value: rule.policy,
          onchange: (event) => this.setPolicy(one, event.target.value),
        },
        choices,
      ),
      rule.text !== rule.policy && el("div.mono.muted", {}, rule.text),
    ];
  }
}

const CAPTURED = {
  captured: ["good", "captured"],
  waiting: ["busy", "about to be captured"],
  refused: ["bad", "not captured"],
  excluded: ["calm", "left out"],
  missing: ["wait", "missing"],
};

/** How the table is captured, on each side where that is not the same, and why it is not. */
function captured({ main, backup, waiting }) {
  const same = main.state === backup.state;
  const line = (name, side) => {
    const [tone, word] = CAPTURED[side.state] ?? ["calm", side.state];
    return el(
      "div",
      {},
      pill(tone, name ? `${name}: ${word}` : word),
      side.notes.map((note) => el("div.muted", {}, note)),
    );
  };
  return [
    same ? line("", main.notes.length ? main : backup) : [line("MAIN", main), line("BACKUP", backup)],
    Object.entries(waiting).map(([link, reason]) =>
      el("div.drift", {}, `${ARROWS[link] ?? link} waits: ${reason}`),
    ),
  ];
}

/** How many rows more or fewer BACKUP has, where both are known. */
function drift(rowsMain, rowsBackup) {
  const more = (rowsBackup ?? 0) - (rowsMain ?? 0);
  if (rowsMain === null || rowsBackup === null || !more) return null;
  const title = "Changes on the way, open conflicts, or estimates of large tables";
  return el("div.drift", { title }, `${more > 0 ? "+" : "−"}${count(Math.abs(more))}`);
}

function nothing() {
  return empty(
    "No table is known yet.",
    "Make sure that triggers are installed: ",
    el("code", {}, "make install-triggers"),
    " prints what is captured, and why something is not.",
  );
}

function outcome(entry) {
  const detail = entry.detail ?? {};
  const different = Object.entries(detail.tables ?? {}).filter(
    ([, one]) => one.error || one.differing || one.missingMain || one.missingBackup,
  );
  if (detail.equal)
    return notice("good", `Both sides are equal: ${many(entry.recordCount ?? 0, "row")} compared.`);
  if (!different.length) return notice("bad", "The comparison did not come to its end.", entry.error);
  return [
    notice(
      "wait",
      `${many(different.length, "table")} differ${different.length === 1 ? "s" : ""}.`,
      "`cdc verify --repair BACKUP` makes BACKUP's rows equal to MAIN's, `--repair MAIN` the other way round.",
    ),
    table(
      "Differences",
      ["Table", number("different"), number("missing on MAIN"), number("missing on BACKUP"), ""],
      different.map(([entity, one]) =>
        el(
          "tr",
          {},
          el("th", { scope: "row" }, entity),
          el("td.number", {}, count(one.differing)),
          el("td.number", {}, count(one.missingMain)),
          el("td.number", {}, count(one.missingBackup)),
          el("td", {}, one.error),
        ),
      ),
    ),
  ];
}
