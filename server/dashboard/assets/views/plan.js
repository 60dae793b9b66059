// What a restore would do, or did, to each table.

import { el } from "../element.js";
import { count, many } from "../number.js";
import { number, table } from "../parts.js";

const SAMPLES = { INSERT: "+ insert", UPDATE: "± change", DELETE: "− delete" };

const entriesOf = ({ tables }) =>
  Array.isArray(tables) ? tables.map((one) => [one.entity, one]) : Object.entries(tables ?? {});

/** How many rows in all. */
export function totals(preview) {
  const sum = { inserted: 0, updated: 0, deleted: 0, unchanged: 0 };
  for (const [, one] of entriesOf(preview)) for (const key of Object.keys(sum)) sum[key] += one[key] ?? 0;
  return { ...sum, changed: sum.inserted + sum.updated + sum.deleted };
}

/** What would be written, for a sentence. */
export const sentence = ({ inserted, updated, deleted }) =>
  `insert ${count(inserted)}, change ${count(updated)} and delete ${many(deleted, "row")}`;

/** The same with the numbers marked. */
export const phrase = ({ inserted, updated, deleted }) => [
  el("b.plus", {}, `insert ${many(inserted, "row")}`),
  ", ",
  el("b.changes", {}, `change ${count(updated)}`),
  " and ",
  el("b.minus", {}, `delete ${count(deleted)}`),
];

/** The counts of each table. */
export function counts(preview) {
  const cell = (value, sign, tone) =>
    el("td.number", { class: value ? tone : "muted" }, value ? `${sign}${count(value)}` : "0");
  const rows = entriesOf(preview).map(([entity, one]) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, entity),
      cell(one.inserted, "+", "plus"),
      cell(one.updated, "±", "changes"),
      cell(one.deleted, "−", "minus"),
      el("td.number.muted", {}, count(one.unchanged)),
    ),
  );
  return table(
    "Rows per table",
    ["Table", number("inserted"), number("changed"), number("deleted"), number("as they are")],
    rows,
  );
}

/** What else there is to know. */
export const notes = (list) =>
  list?.length > 0 &&
  el(
    "ul",
    {},
    list.map((note) => el("li", {}, note)),
  );

/** A few of the rows that would change, by their keys. */
export function samples(preview) {
  const all = Object.entries(preview.samples ?? {}).filter(([, rows]) => rows.length);
  if (!all.length) return null;
  const line = ({ kind, entityId }) =>
    el("li", {}, el("span.muted", {}, SAMPLES[kind] ?? kind), " ", el("span.mono", {}, entityId));
  return el(
    "section",
    {},
    el("h2", {}, "Samples"),
    all.map(([entity, rows]) =>
      el("details.sample", {}, el("summary", {}, entity), el("ul.samples", {}, rows.map(line))),
    ),
  );
}
