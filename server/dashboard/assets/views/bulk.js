// One decision for many conflicts: say what would happen, then do it, row by row and each only if it has not moved.

import { sheet } from "../dialog.js";
import { el, show } from "../element.js";
import { mergeable, resulting } from "../merge.js";
import { many } from "../number.js";
import { bar } from "../parts.js";
import * as service from "../service.js";

const AT_ONCE = 4;

/**
 * Ask which decision, show what it means for each, and carry it out.
 * @param {Object[]} items conflicts as they are shown, with the versions that count
 * @returns {Promise<{decided: number, left: Object[]}|null>} null: nothing was asked for
 */
export function decideMany(items) {
  return new Promise((resolve) => {
    const own = { items, resolution: null, done: 0, left: [], running: false, ended: false };
    const place = el("div");
    const dialog = sheet(`Decide ${many(items.length, "row")}`, place);
    const draw = () => show(place, content(own, dialog, draw));
    dialog.addEventListener("cancel", (event) => own.running && event.preventDefault());
    dialog.addEventListener("close", () => resolve(own.ended ? { decided: own.done, left: own.left } : null));
    draw();
  });
}

function content(own, dialog, draw) {
  if (own.ended) return report(own, dialog);
  if (own.running)
    return [
      el("p", { role: "status" }, `${own.done + own.left.length} of ${own.items.length}`),
      bar(own.done + own.left.length, own.items.length, "Decisions written"),
    ];
  return [
    sides(own, draw),
    own.resolution && preview(own),
    el(
      "div.actions",
      {},
      el("button", { type: "button", onclick: () => dialog.close() }, "Cancel"),
      el(
        "button.primary",
        {
          type: "button",
          disabled: !own.resolution || !plan(own).ready.length,
          onclick: () => run(own, draw),
        },
        own.resolution ? `Decide ${many(plan(own).ready.length, "row")}` : "Decide",
      ),
    ),
  ];
}

/** The choice of a resolution, kept in `own`. */
export function sides(own, draw) {
  const choice = (resolution, title, meaning) =>
    el(
      "label.target",
      {},
      el("input", {
        type: "radio",
        name: "resolution",
        checked: own.resolution === resolution,
        onchange: () => (Object.assign(own, { resolution }), draw()),
      }),
      el("span", {}, el("span.strong", {}, title), el("br"), el("span.muted", {}, meaning)),
    );
  return el(
    "fieldset.targets",
    {},
    el("legend", {}, "What is to stand on both sides?"),
    choice("MAIN", "MAIN's rows", "BACKUP's versions stay readable under the decided conflicts."),
    choice("BACKUP", "BACKUP's rows", "MAIN's versions stay readable under the decided conflicts."),
    choice(
      "MERGE",
      "Both, column by column",
      "Each column from the side that changed it. Rows in which both changed one column stay open.",
    ),
  );
}

/** What the decision means for each row. */
function plan({ items, resolution }) {
  const ready = items.filter(
    (item) => resolution !== "MERGE" || (mergeable(item) && !resulting(item, "MERGE").missing.length),
  );
  const deleted = ready.filter((item) => resulting(item, resolution).row === null);
  return { ready, deleted, open: items.filter((item) => !ready.includes(item)) };
}

function preview(own) {
  const { ready, deleted, open } = plan(own);
  const tables = new Map();
  for (const item of ready) tables.set(item.entity, (tables.get(item.entity) ?? 0) + 1);
  return el(
    "div.card",
    { role: "status" },
    el("p.strong", {}, `${many(ready.length, "row")} will be equal on both sides.`),
    el(
      "ul.plain",
      {},
      [...tables].map(([entity, number]) => el("li", {}, el("span.mono", {}, entity), number)),
    ),
    deleted.length > 0 &&
      el(
        "p.minus",
        {},
        `${many(deleted.length, "of them is", "of them are")} deleted, because ${own.resolution} has no such row.`,
      ),
    open.length > 0 && el("p.muted", {}, `${many(open.length, "row")} will stay open.`),
    el("p.muted", {}, "A row that moves meanwhile is left open."),
  );
}

async function run(own, draw) {
  const { ready, open } = plan(own);
  Object.assign(own, { running: true, items: ready, left: [] });
  draw();
  const queue = [...ready];
  const one = async () => {
    for (let item = queue.shift(); item; item = queue.shift()) {
      try {
        await service.resolve(item, { resolution: own.resolution, version: item.version });
        own.done += 1;
      } catch (error) {
        own.left.push({ item, error });
      }
      draw();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  own.left.push(...open.map((item) => ({ item, error: null })));
  Object.assign(own, { running: false, ended: true });
  draw();
}

function report(own, dialog) {
  const failed = own.left.filter(({ error }) => error);
  return [
    el("p.strong", { role: "status" }, `${many(own.done, "row")} decided.`),
    failed.length > 0 && el("p", {}, "These were left open:"),
    el(
      "ul",
      {},
      failed
        .slice(0, 20)
        .map(({ item, error }) =>
          el(
            "li",
            {},
            el("span.mono", {}, `${item.entity} ${item.entityId}`),
            `: ${error.status === 409 ? "it moved meanwhile" : error.message}`,
          ),
        ),
    ),
    el(
      "div.actions",
      {},
      el("button.primary", { type: "button", autofocus: true, onclick: () => dialog.close() }, "Done"),
    ),
  ];
}
