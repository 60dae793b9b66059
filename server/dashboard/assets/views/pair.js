// The two databases as two boxes, and the two links as arrows between them.

import { Chart, Series } from "../chart.js";
import { el } from "../element.js";
import { count, many, rate } from "../number.js";
import { pill } from "../parts.js";
import { state, watch } from "../state.js";
import { milliseconds } from "../time.js";
import { ARROWS, LINKS, LINK_STATES, SIDE_OF } from "../words.js";

const recent = Object.fromEntries(LINKS.map((name) => [name, new Series(["changes per second"])]));
const before = {};
watch(sample);

/** Keep how much went over each link, from the totals of one status to the next. */
function sample() {
  for (const name of LINKS) {
    const total = state.status?.sync.links[name].appliedTotal;
    const at = state.heardAt / 1000;
    const last = before[name];
    if (total === null || total === undefined || (last && at - last.at < 0.9)) continue;
    before[name] = { at, total };
    if (last) recent[name].add(at, [Math.max(0, total - last.total) / (at - last.at)]);
  }
}

/** A chart for each link, to be ended with the view. */
export const charts = () =>
  Object.fromEntries(
    LINKS.map((name) => [
      name,
      new Chart(`lane-${name}`, recent[name], {
        label: `Changes per second from ${ARROWS[name].replace("→", "to")} in the last minutes`,
        colours: [`--${SIDE_OF[name]}`],
        height: 40,
      }),
    ]),
  );

/** Both boxes and both arrows. */
export function pair(charts) {
  return el(
    "section.pair",
    { "aria-label": "The two databases" },
    side("MAIN"),
    el(
      "div.lanes",
      {},
      LINKS.map((name) => lane(name, charts[name])),
    ),
    side("BACKUP"),
  );
}

function side(name) {
  const database = state.status.databases[name];
  const tables = state.stats?.tables ?? [];
  const rows = tables.reduce(
    (sum, table) => sum + ((name === "MAIN" ? table.rowsMain : table.rowsBackup) ?? 0),
    0,
  );
  return el(
    "div.card.side",
    { class: name.toLowerCase() },
    el("h2", {}, name),
    database.connected ? pill("good", "connected") : pill("bad", "not reached"),
    database.version && el("p.address.muted", {}, `PostgreSQL ${database.version}`),
    database.error && el("p.error", {}, database.error),
    tables.length > 0 && el("p.address", {}, `${many(tables.length, "table")}, ${many(rows, "row")}`),
  );
}

function lane(name, chart) {
  const link = state.status.sync.links[name];
  const figures = state.stats?.links?.[name];
  const off = name === "BACKUP_TO_MAIN" && !state.status.sync.twoWay;
  const [tone, word, meaning] = off
    ? ["calm", "off", "ENABLE_TWO_WAY_SYNC is false."]
    : link.state === "stopped" && !link.lastError
      ? ["calm", "not running", "The service has not started it yet."]
      : (LINK_STATES[link.state] ?? ["calm", link.state, ""]);
  const lag = link.lag ?? figures?.lagMs ?? {};
  const halted = ["stopped", "paused", "reconnecting"].includes(link.state);
  const series = recent[name].data[1];
  const speed = link.perSecond ?? figures?.perSecond ?? series.at(-1);
  return el(
    "div.lane",
    { class: `${SIDE_OF[name]}${halted ? " halted" : ""}`, role: "group", "aria-label": ARROWS[name] },
    el("div.top", {}, el("h3", {}, ARROWS[name]), pill(tone, word, meaning)),
    el("div.arrow", {}, chart.element()),
    !off &&
      el(
        "div.facts-line",
        {},
        el("span", {}, el("b", {}, rate(speed)), " changes/s"),
        el(
          "span",
          { title: "Time from commit on one side to commit on the other" },
          "lag ",
          el("b", {}, milliseconds(lag.p50 ?? (link.pending ? link.lagMs : null))),
          lag.p99 !== null && lag.p99 !== undefined && [" · p99 ", el("b", {}, milliseconds(lag.p99))],
        ),
        el("span", {}, el("b", {}, count(link.pending)), " pending"),
        el("span", {}, el("b", {}, count(link.appliedTotal)), " in all"),
      ),
    link.lastError &&
      !off &&
      el("p.error", {}, el("span.sign", { "aria-hidden": "true" }, "✕ "), link.lastError),
  );
}
