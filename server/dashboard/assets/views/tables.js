// The tables: what is captured, whether both sides agree, and what happens when both change a row.

import { say } from "../dialog.js";
import { el } from "../element.js";
import { count, many } from "../number.js";
import { empty, heading, notice, number, pill, refusal, table } from "../parts.js";
import * as service from "../service.js";
import { state } from "../state.js";
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
    Object.assign(this, { page, error: null, operation: null, report: null, policies: null });
    page.refresh();
    this.loadPolicies();
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

  async loadPolicies() {
    try {
      this.policies = await service.policies();
    } catch (error) {
      this.error = error;
    }
    this.page.draw();
  }

  async setPolicy(entity, policy) {
    const rule = await askPolicy(entity, policy, this.policyOf(entity));
    try {
      if (rule) {
        await service.setPolicy(entity, rule);
        say(`${entity}: ${POLICIES[policy].replace(" …", "")}.`);
      }
      this.error = null;
    } catch (error) {
      this.error = error;
    }
    await this.loadPolicies();
  }

  policyOf(entity) {
    return this.policies?.tables[entity] ?? this.policies?.default;
  }

  render() {
    const list = state.stats?.tables ?? null;
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
      list === null ? el("p.muted", {}, "Loading …") : list.length ? this.list(list) : nothing(),
    ];
  }

  list(all) {
    const heads = [
      "Table",
      "Captured",
      number("Rows on MAIN"),
      number("Rows on BACKUP"),
      number("Carried over"),
      number("Open conflicts"),
      "When both change a row",
    ];
    return table(
      "Tables",
      heads,
      all.map((one) => this.line(one)),
    );
  }

  line(one) {
    const drift = one.rowsMain !== null && one.rowsBackup !== null ? one.rowsMain - one.rowsBackup : 0;
    return el(
      "tr",
      { "data-key": one.entity },
      el("th", { scope: "row" }, one.entity),
      el("td", {}, captured(one)),
      el("td.number", {}, count(one.rowsMain)),
      el(
        "td.number",
        {},
        count(one.rowsBackup),
        drift !== 0 &&
          el(
            "div.drift",
            { title: "Changes on the way, or open conflicts" },
            `${drift > 0 ? "−" : "+"}${count(Math.abs(drift))}`,
          ),
      ),
      el("td.number", {}, count(one.applied)),
      el("td.number", {}, one.conflicts ? el("a", { href: "#/conflicts" }, count(one.conflicts)) : "0"),
      el("td", {}, this.policy(one)),
    );
  }

  policy(one) {
    const rule = this.policyOf(one.entity);
    if (!rule) return el("span.muted", {}, "–");
    const choices = Object.entries(POLICIES).map(([value, text]) =>
      el("option", { value, selected: value === rule.policy }, text),
    );
    return [
      el(
        "select",
        {
          "aria-label": `When both sides change a row of ${one.entity}`,
          value: rule.policy,
          onchange: (event) => this.setPolicy(one.entity, event.target.value),
        },
        choices,
      ),
      rule.text !== rule.policy && el("div.mono.muted", {}, rule.text),
    ];
  }
}

function captured(one) {
  if (one.captured === true || one.captured?.captured === true) return pill("good", "captured");
  const why = one.reason ?? one.captured?.reason ?? null;
  return [pill("wait", "not captured"), why && el("div.muted", {}, why)];
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
  if (entry.status !== "COMPLETED") return notice("bad", "The comparison did not end well.", entry.error);
  const different = (detail.tables ?? []).filter(
    (one) => one.differing || one.missingMain || one.missingBackup,
  );
  if (detail.equal ?? !different.length)
    return notice("good", `Both sides are equal: ${many(entry.recordCount ?? 0, "row")} compared.`);
  return [
    notice(
      "wait",
      `${many(different.length, "table")} differ${different.length === 1 ? "s" : ""}.`,
      "`cdc verify --repair MAIN` takes MAIN's rows for them, `--repair BACKUP` BACKUP's.",
    ),
    table(
      "Differences",
      ["Table", number("different"), number("missing on MAIN"), number("missing on BACKUP")],
      different.map((one) =>
        el(
          "tr",
          {},
          el("th", { scope: "row" }, one.entity),
          el("td.number", {}, count(one.differing)),
          el("td.number", {}, count(one.missingMain)),
          el("td.number", {}, count(one.missingBackup)),
        ),
      ),
    ),
  ];
}
