// What happens when both sides change a row: asked for before it is changed.

import { ask } from "../dialog.js";
import { el } from "../element.js";

/** The policies and what they are called. */
export const POLICIES = {
  MANUAL: "ask a person",
  MAIN_WINS: "MAIN wins",
  BACKUP_WINS: "BACKUP wins",
  LATEST_WINS: "the latest wins …",
  MERGE: "merge by column …",
};

const MEANING = {
  MANUAL: "A row that both sides change waits for a person; both versions are kept meanwhile.",
  MAIN_WINS:
    "Where both sides change a row, MAIN's is taken at once. BACKUP's version stays readable under the decided conflicts.",
  BACKUP_WINS:
    "Where both sides change a row, BACKUP's is taken at once. MAIN's version stays readable under the decided conflicts.",
  LATEST_WINS:
    "The row whose time in this column is later is taken at once. Equal times and NULL are left to a person.",
  MERGE:
    "Each column is taken from the side that changed it. Where both changed one column its strategy decides; without one, a person does.",
};
const LINE = /^\s*(.+?)\s*=\s*(\S+)\s*$/;

/**
 * Ask for what a policy needs, and whether it is to be.
 * @param {string} entity
 * @param {string} policy the one that was chosen
 * @param {Object|undefined} now the table's policy as it is: column, columns
 * @returns {Promise<Object|null>} the body of the request; null: nothing is changed
 */
export async function askPolicy(entity, policy, now) {
  const rule = { policy };
  const fields = {
    LATEST_WINS: () => latest(rule, now),
    MERGE: () => strategies(rule, now),
  }[policy];
  const yes = await ask({
    title: `${entity}: ${POLICIES[policy].replace(" …", "")}?`,
    body: [
      el("p", {}, MEANING[policy]),
      fields?.(),
      el("p.muted", {}, "It holds from now on. Conflicts that are open stay open."),
    ],
    yes: "Change the policy",
  });
  return yes ? rule : null;
}

function latest(rule, now) {
  rule.column = now?.column ?? "";
  const typed = (event) => (rule.column = event.target.value.trim());
  return el(
    "label.field.wide",
    {},
    el("span", {}, "Column with the time of the last change"),
    el("input", {
      type: "text",
      autocomplete: "off",
      value: rule.column,
      placeholder: "updatedAt",
      oninput: typed,
    }),
  );
}

function strategies(rule, now) {
  rule.columns = { ...now?.columns };
  const typed = (event) => {
    const lines = event.target.value.split("\n").map((line) => LINE.exec(line));
    rule.columns = Object.fromEntries(
      lines.filter(Boolean).map(([, column, strategy]) => [column, strategy]),
    );
  };
  const value = Object.entries(rule.columns).map(([column, strategy]) => `${column} = ${strategy}`);
  return [
    el(
      "label.field.wide",
      {},
      el("span", {}, "Strategies, one column a line (may be empty)"),
      el("textarea", {
        rows: "4",
        spellcheck: "false",
        value: value.join("\n"),
        placeholder: "stock = SUM\nupdatedAt = MAX",
        oninput: typed,
      }),
    ),
    el(
      "p.muted",
      {},
      "MAIN, BACKUP, MAX, MIN, LATEST(column), SUM (both sides' additions), UNION (of sets), JSON (key by key).",
    ),
  ];
}
