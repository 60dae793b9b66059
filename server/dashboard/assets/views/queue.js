// The list of conflicts as it is shown: filters, groups, entries.

import { el } from "../element.js";
import { labelOf } from "../merge.js";
import { chooser, empty } from "../parts.js";
import { part } from "../request.js";
import { state } from "../state.js";
import { ago } from "../time.js";
import { conflictWords } from "../words.js";

/** What tells conflicts apart. */
export const id = (item) => `${item.entity}/${item.entityId}`;

/** Where a conflict is shown. */
export const address = (item) => `conflicts/${part(item.entity)}/${part(item.entityId)}`;

const groupOf = (item) => `${item.entity}: ${conflictWords(item.type)[0].toLowerCase()}`;

function grouped(items) {
  const groups = new Map();
  for (const item of items) groups.set(groupOf(item), [...(groups.get(groupOf(item)) ?? []), item]);
  return groups;
}

/** Which conflicts are listed. */
export function filters(queue) {
  const known = new Set([
    ...(state.stats?.tables ?? []).map((table) => table.entity),
    ...(queue.items ?? []).map((item) => item.entity),
  ]);
  const types = new Set([
    ...Object.keys(state.stats?.conflicts?.byType ?? {}),
    ...(queue.items ?? []).map((item) => item.type),
  ]);
  if (queue.filter.entity) known.add(queue.filter.entity);
  return el(
    "div.filters",
    { class: queue.current ? "reading" : "", role: "search", "aria-label": "Filters" },
    chooser(
      "Show",
      queue.filter.status,
      [
        ["open", "open ones"],
        ["resolved", "decided ones"],
        ["converged", "settled by themselves"],
      ],
      (value) => queue.choose("status", value),
    ),
    chooser(
      "Table",
      queue.filter.entity,
      [["", "all"], ...[...known].sort().map((name) => [name, name])],
      (value) => queue.choose("entity", value),
    ),
    chooser(
      "Kind",
      queue.filter.type,
      [["", "all"], ...[...types].sort().map((type) => [type, conflictWords(type)[0]])],
      (value) => queue.choose("type", value),
    ),
  );
}

/** What stands where the list is empty. */
export function nothing(queue, open) {
  const filtered = queue.filter.entity || queue.filter.type;
  if (filtered) return empty("Nothing matches these filters.");
  return open
    ? empty(
        "No row waits for a decision.",
        "When both sides change the same row, it appears here with both versions.",
      )
    : empty("Nothing yet.", "Decisions stay readable here, with the version that was not taken.");
}

/** What stands beside the list while no conflict is chosen. */
export function invitation() {
  return el(
    "div.empty",
    {},
    el("p.strong", {}, "Choose a row to see both versions side by side."),
    el(
      "p",
      {},
      "Keys: ",
      el("kbd", {}, "j"),
      " and ",
      el("kbd", {}, "k"),
      " go through the list, ",
      el("kbd", {}, "?"),
      " shows all.",
    ),
  );
}

/** The list, grouped. */
export function list(queue, open) {
  const groups = Map.groupBy ? Map.groupBy(queue.items ?? [], groupOf) : grouped(queue.items ?? []);
  return el(
    "nav.list",
    { "aria-label": "Conflicts" },
    queue.items === null && el("p.foot.muted", {}, "Loading …"),
    el(
      "div.groups",
      {},
      [...groups].map(([group, items]) => [
        el("h3", { "data-key": `h ${group}` }, el("span", {}, group), el("span", {}, items.length)),
        el(
          "ul",
          { "data-key": `l ${group}` },
          items.map((item) => entry(queue, item, open)),
        ),
      ]),
    ),
    queue.cursor &&
      el("p.foot", {}, el("button.small", { type: "button", onclick: () => queue.load(true) }, "More")),
    open && queue.items?.length > 0 && foot(queue),
  );
}

function entry(queue, item, open) {
  const here = queue.current?.is(item);
  const box =
    open &&
    el("input", {
      type: "checkbox",
      checked: queue.marked.has(id(item)),
      "aria-label": `Mark ${item.entity} ${item.entityId}`,
      onchange: () => queue.mark(item),
    });
  const columns = item.changedColumns ?? [];
  const label = labelOf(item);
  const what =
    item.status === "OPEN"
      ? columns.slice(0, 3).join(", ") + (columns.length > 3 ? ` and ${columns.length - 3} more` : "")
      : `${item.resolution ?? "settled"}${item.resolvedBy ? ` by ${item.resolvedBy}` : ""}`;
  return el(
    "li",
    { "data-key": id(item) },
    box,
    el(
      "a",
      { href: `#/${address(item)}`, "aria-current": here ? "true" : null },
      el(
        "span.head",
        {},
        el("span.label", { class: label ? "" : "mono" }, label ?? item.entityId),
        ago(item.resolvedAt ?? item.detectedAt),
      ),
      label && el("span.name", { title: item.entityId }, item.entityId),
      el("span.what", {}, what || "the whole row"),
    ),
  );
}

/** Deciding many at once. */
function foot(queue) {
  const number = queue.marked.size;
  const all = number === queue.items.length;
  return el(
    "div.foot",
    {},
    el(
      "button.small",
      { type: "button", onclick: () => queue.markAll(!all) },
      all ? "Unmark all" : "Mark all",
    ),
    el(
      "button.small.primary",
      { type: "button", disabled: number === 0, onclick: () => queue.many() },
      `Decide ${number || ""} …`,
    ),
    queue.cursor &&
      el("button.small", { type: "button", onclick: () => queue.all() }, "Decide all that match …"),
  );
}
