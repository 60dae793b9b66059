// Both databases, what goes between them, and whether anything wants doing.

import { el } from "../element.js";
import { on } from "../live.js";
import { notice, prose } from "../parts.js";
import { state } from "../state.js";
import { ago } from "../time.js";
import { headline, lastChange, working } from "../words.js";
import { cards, findProof } from "./cards.js";
import { charts, pair } from "./pair.js";
import { resume, toggle } from "./pausing.js";

/** The overview. */
export function overview(page) {
  const drawn = charts();
  const stop = on("backups", () => findProof(page));
  findProof(page);
  return {
    title: () => headline(state.status, state.feed)[1].replace(/\.$/, ""),
    render: () => [summary(page), problems(), state.status && pair(drawn), state.status && cards()],
    keys: [
      ["c", "To the conflicts", () => page.go("conflicts")],
      ["p", "Pause or resume", () => toggle(page)],
    ],
    end: () => {
      stop();
      Object.values(drawn).forEach((chart) => chart.end());
    },
  };
}

function summary(page) {
  const [tone, words, more] = headline(state.status, state.feed);
  const signs = { good: "✓", busy: "↻", wait: "!", bad: "✕" };
  const last = state.status && lastChange(state.status);
  return el(
    "section.summary",
    { class: tone, "aria-label": "Summary" },
    el("span.sign", { "aria-hidden": "true" }, signs[tone]),
    el(
      "div",
      {},
      el("div", { "aria-live": "polite" }, el("h1", { tabindex: "-1" }, words)),
      el(
        "p",
        {},
        prose(more),
        more && " ",
        state.status && (last ? ["Last change ", ago(last), "."] : "No change was carried over yet."),
      ),
    ),
    state.status && buttons(page),
  );
}

/** What is wrong and what to do. Conflicts have a card of their own, with the way there. */
function problems() {
  const tones = { error: "bad", critical: "bad", warning: "wait", info: "calm" };
  const list = (state.status?.problems ?? []).filter(({ id }) => id !== "conflicts-open");
  if (!list.length) return null;
  return el(
    "section.notices",
    { "aria-label": "Problems" },
    list.map(({ id, severity, message, hint }) =>
      el("div", { "data-key": id }, notice(tones[severity] ?? "wait", message, hint)),
    ),
  );
}

function buttons(page) {
  const links = working(state.status);
  const paused = links.some((link) => link.state === "paused");
  const stopped = links.some((link) => link.state === "stopped" && link.lastError);
  return el(
    "div.actions",
    {},
    stopped && el("button", { type: "button", onclick: () => resume(page) }, "Try again …"),
    el("button", { type: "button", onclick: () => toggle(page) }, paused ? "Resume sync …" : "Pause sync …"),
  );
}
