// The three versions of a row and the one that results, column by column.

import { el } from "../element.js";
import { byItself, changeOf, columnsOf, differing } from "../merge.js";
import { many } from "../number.js";
import { pieces, shown } from "../value.js";

const NOTES = {
  main: "changed on MAIN only",
  backup: "changed on BACKUP only",
  both: "changed on both",
  same: "",
};

/** The table of a conflict's versions, with the result of what is chosen. */
export function versions(conflict) {
  const { item } = conflict;
  const columns = columnsOf(item);
  const different = differing(item);
  const visible = conflict.all ? columns : different;
  const result = conflict.open ? conflict.result : null;
  const heads = [
    el("th", { scope: "col" }, "Column"),
    el("th.main", { scope: "col" }, "MAIN", el("small", {}, item.main ? "has now" : "has no such row")),
    el(
      "th.base",
      { scope: "col" },
      "base",
      el("small", {}, item.base ? "what both had before" : "not known"),
    ),
    el("th.backup", { scope: "col" }, "BACKUP", el("small", {}, item.backup ? "has now" : "has no such row")),
    result &&
      el(
        "th.result",
        { scope: "col" },
        "result",
        el("small", {}, result.row === null ? "no row" : "on both sides"),
      ),
  ];
  return [
    el(
      "div.actions",
      {},
      el("span.muted", {}, difference(item, different.length, columns.length)),
      columns.length > different.length &&
        el(
          "button.quiet.small",
          { type: "button", onclick: () => conflict.toggleColumns(), title: "Key: d" },
          conflict.all ? "Only those" : "Show all",
        ),
    ),
    el(
      "div.scroll",
      { tabindex: "0", role: "region", "aria-label": "Versions of the row" },
      el(
        "table.versions",
        {},
        el("thead", {}, el("tr", {}, heads)),
        el(
          "tbody",
          {},
          visible.map((column) => line(conflict, column, result)),
        ),
      ),
    ),
  ];
}

function difference(item, different, all) {
  if (item.main && item.backup)
    return `${different} of ${many(all, "column")} differ${different === 1 ? "s" : ""}.`;
  return item.main || item.backup
    ? `${item.main ? "BACKUP" : "MAIN"} has no such row.`
    : "Neither side has this row.";
}

function line(conflict, column, result) {
  const { item } = conflict;
  const change = changeOf(item, column);
  const [main, backup] = [item.main?.[column], item.backup?.[column]];
  const base = item.base?.[column];
  return el(
    "tr",
    { class: change, "data-key": column },
    el("th", { scope: "row" }, column, el("small", {}, note(item, column, change))),
    cell(conflict, column, "MAIN", main, change, item.base ? base : backup),
    el("td.base", { "data-head": "base" }, item.base ? shown(base) : shown(undefined)),
    cell(conflict, column, "BACKUP", backup, change, item.base ? base : main),
    result && outcome(conflict, column, result),
  );
}

/** What happened to a column, said beside its name. */
function note(item, column, change) {
  if (item.main && item.backup) return change === "both" && !item.base ? "differs" : NOTES[change];
  const [side, row] = item.main ? ["MAIN", item.main] : ["BACKUP", item.backup];
  return item.base && row && row[column] !== item.base[column] ? `changed on ${side}` : "";
}

/** A side's value: in an open conflict a button that takes it into the merge. */
function cell(conflict, column, side, text, change, against) {
  const { item } = conflict;
  const name = side.toLowerCase();
  const marks = change === "same" || change === (side === "MAIN" ? "backup" : "main") ? undefined : against;
  const moved = conflict.movedCells.has(`${name}.${column}`) || conflict.movedCells.has(`${name}.`);
  const choosable = conflict.open && change !== "same" && item.main && item.backup && !conflict.newer;
  const content = choosable
    ? el(
        "button.value",
        {
          type: "button",
          "aria-pressed": String(taken(conflict, column) === side),
          "aria-label": `${column}: take ${side}'s value ${text ?? "NULL"}`,
          onclick: () => conflict.pick(column, { side }),
        },
        pieces(text, marks),
      )
    : shown(text, marks);
  return el(`td.${name}`, { class: moved ? "moved" : "", "data-head": side }, content);
}

/** Which side's value is taken as things are chosen. */
function taken(conflict, column) {
  if (conflict.resolution !== "MERGE") return conflict.resolution;
  return (conflict.chosen[column] ?? byItself(conflict.item, column))?.side;
}

function outcome(conflict, column, { row, missing }) {
  if (missing.includes(column)) {
    return el(
      "td.todo",
      { "data-head": "result" },
      el("p", {}, "Choose MAIN or BACKUP, or ", ownValue(conflict, column, "")),
    );
  }
  if (row === null) return el("td", { "data-head": "result" }, el("span.value.none", {}, "deleted"));
  const own = conflict.chosen[column];
  const mine = conflict.resolution === "MERGE" && own && "value" in own;
  return el(
    "td.result",
    { "data-head": "result" },
    mine
      ? editor(conflict, column, own.value)
      : [
          shown(row[column]),
          conflict.resolution === "MERGE" &&
            changeOf(conflict.item, column) !== "same" &&
            ownValue(conflict, column, row[column]),
        ],
  );
}

function ownValue(conflict, column, start) {
  return el(
    "button.quiet.small",
    {
      type: "button",
      "aria-label": `${column}: type another value`,
      onclick: () => conflict.pick(column, { value: start ?? "" }),
    },
    "another value",
  );
}

/** A value typed by hand: text exactly as PostgreSQL reads it, or NULL. */
function editor(conflict, column, value) {
  const isNull = value === null;
  return el(
    "div.own",
    {},
    el("textarea", {
      rows: "2",
      disabled: isNull,
      value: value ?? "",
      "aria-label": `${column}: value`,
      oninput: (event) => conflict.pick(column, { value: event.target.value }),
    }),
    el(
      "label.choice",
      {},
      el("input", {
        type: "checkbox",
        checked: isNull,
        onchange: (event) => conflict.pick(column, { value: event.target.checked ? null : "" }),
      }),
      "NULL",
    ),
  );
}
