// One decision for all open conflicts that a filter takes, however many: the service goes through them.

import { sheet } from "../dialog.js";
import { el, show } from "../element.js";
import { many } from "../number.js";
import { bar, refusal } from "../parts.js";
import * as service from "../service.js";
import { sides } from "./bulk.js";

/**
 * Ask which decision, with the service's count of what it is about, and let the service carry it out.
 * @param {Object} filter entity and type, each may be empty
 * @returns {Promise<{decided: number, left: number}|null>} null: nothing was done
 */
export function decideAll({ entity, type }) {
  const wanted = Object.fromEntries(Object.entries({ entity, type }).filter(([, value]) => value));
  return new Promise((resolve) => {
    const own = { wanted, resolution: null, matching: null, done: null, error: null, running: false };
    const place = el("div");
    const dialog = sheet("Decide all that match", place);
    const draw = () => show(place, content(own, dialog, draw));
    dialog.addEventListener("cancel", (event) => own.running && event.preventDefault());
    dialog.addEventListener("close", () =>
      resolve(own.done && { decided: own.done.resolved, left: own.done.refusedTotal }),
    );
    count(own, draw);
    draw();
  });
}

async function count(own, draw) {
  try {
    own.matching = await service.resolveMany({ ...own.wanted, resolution: "MAIN", preview: true });
  } catch (error) {
    own.error = error;
  }
  draw();
}

async function run(own, draw) {
  own.running = true;
  draw();
  try {
    own.done = await service.resolveMany({ ...own.wanted, resolution: own.resolution });
  } catch (error) {
    own.error = error;
  }
  own.running = false;
  draw();
}

function content(own, dialog, draw) {
  if (own.running) return [el("p", { role: "status" }, "Deciding …"), bar(0, 0, "Decisions written")];
  if (own.done) return report(own.done, dialog);
  return [
    own.error && refusal(own.error),
    sides(own, draw),
    own.matching ? preview(own.matching) : el("p.muted", {}, "Counting …"),
    el(
      "div.actions",
      {},
      el("button", { type: "button", onclick: () => dialog.close() }, "Cancel"),
      el(
        "button.primary",
        {
          type: "button",
          disabled: !own.resolution || !own.matching?.matching,
          onclick: () => run(own, draw),
        },
        own.matching ? `Decide ${many(own.matching.matching, "row")}` : "Decide",
      ),
    ),
  ];
}

const preview = ({ matching, byEntity }) =>
  el(
    "div.card",
    { role: "status" },
    el("p.strong", {}, `${many(matching, "row")} that wait${matching === 1 ? "s" : ""} for a decision now:`),
    el(
      "ul.plain",
      {},
      Object.entries(byEntity).map(([entity, number]) => el("li", {}, el("span.mono", {}, entity), number)),
    ),
    el("p.muted", {}, "Rows that cannot be decided this way stay open."),
  );

const report = ({ resolved, refused, refusedTotal }, dialog) => [
  el("p.strong", { role: "status" }, `${many(resolved, "row")} decided.`),
  refusedTotal > 0 &&
    el("p", {}, `${many(refusedTotal, "row")} stay${refusedTotal === 1 ? "s" : ""} open, such as:`),
  el(
    "ul",
    {},
    refused.map(({ entity, entityId, detail }) =>
      el("li", {}, el("span.mono", {}, `${entity} ${entityId}`), `: ${detail}`),
    ),
  ),
  el(
    "div.actions",
    {},
    el("button.primary", { type: "button", autofocus: true, onclick: () => dialog.close() }, "Done"),
  ),
];
