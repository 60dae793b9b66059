// Both databases, what goes between them, and whether anything wants doing.

import { Chart, Series } from "../chart.js";
import { ask, say } from "../dialog.js";
import { el } from "../element.js";
import { on } from "../live.js";
import { count, bytes, many, rate } from "../number.js";
import { notice, pill, prose } from "../parts.js";
import * as service from "../service.js";
import { state, watch } from "../state.js";
import { ago, milliseconds, moment, until } from "../time.js";
import {
  ARROWS,
  LINKS,
  LINK_STATES,
  conflictWords,
  headline,
  lastChange,
  OUTCOMES,
  working,
} from "../words.js";

const SIDE_OF = { MAIN_TO_BACKUP: "main", BACKUP_TO_MAIN: "backup" };
const recent = Object.fromEntries(LINKS.map((name) => [name, new Series(["changes per second"])]));
const before = {};
const LINES = 7;
const moving = [];
watch(sample);
on("changes", (data) => {
  const at = new Date().toISOString();
  for (const [link, tables] of Object.entries(data?.links ?? data ?? {})) {
    for (const [table, number] of Object.entries(tables))
      moving.unshift({ key: `${at} ${link} ${table}`, link, table, number, at });
  }
  moving.splice(LINES);
});

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

/** The overview. */
export function overview(page) {
  const charts = Object.fromEntries(
    LINKS.map((name) => [
      name,
      new Chart(`lane-${name}`, recent[name], {
        label: `Changes per second from ${ARROWS[name].replace("→", "to")} in the last minutes`,
        colours: [`--${SIDE_OF[name]}`],
        height: 40,
      }),
    ]),
  );
  return {
    title: () => headline(state.status, state.feed)[1].replace(/\.$/, ""),
    render: () => [summary(page), problems(), state.status && pair(charts), state.status && cards()],
    keys: [
      ["c", "To the conflicts", () => page.go("conflicts")],
      ["p", "Pause or resume", () => toggle(page)],
    ],
    end: () => Object.values(charts).forEach((chart) => chart.end()),
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
      el("h1", { tabindex: "-1", role: "status" }, words),
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

function problems() {
  const tones = { error: "bad", critical: "bad", warning: "wait", info: "calm" };
  const list = state.status?.problems ?? [];
  if (!list.length) return null;
  return el(
    "section.notices",
    { "aria-label": "Problems" },
    list.map((problem) => notice(tones[problem.severity] ?? "wait", problem.message, problem.hint)),
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

function pair(charts) {
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
          el("b", {}, milliseconds(lag.p50 ?? link.lagMs)),
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

function cards() {
  return el(
    "section.cards",
    { "aria-label": "Conflicts and snapshots" },
    conflictCard(),
    snapshotCard(),
    proofCard(),
    movingCard(),
  );
}

function conflictCard() {
  const open = state.status.openConflicts;
  const types = Object.entries(state.stats?.conflicts?.byType ?? {}).filter(([, number]) => number > 0);
  return el(
    "section.card",
    {},
    el("h2", {}, "Conflicts"),
    el("p.big", {}, count(open)),
    el(
      "p.muted",
      {},
      open
        ? "Both versions are kept, and both databases stay writable, until you decide."
        : "No row waits for a decision.",
    ),
    el(
      "ul.plain",
      {},
      types.map(([type, number]) =>
        el("li", {}, el("span", {}, conflictWords(type)[0]), el("b", {}, count(number))),
      ),
    ),
    el(
      "p.actions",
      {},
      el(
        "a.button",
        { href: "#/conflicts", class: open ? "primary" : "" },
        open ? "Decide" : "Past decisions",
      ),
    ),
  );
}

function snapshotCard() {
  const { last, next } = state.status.backup;
  const [tone, word] = OUTCOMES[last?.status] ?? ["calm", last?.status ?? "none yet"];
  return el(
    "section.card",
    {},
    el("h2", {}, "Last snapshot"),
    last
      ? [
          el("p.big", {}, ago(last.finishedAt ?? last.startedAt ?? last.createdAt)),
          el("p", {}, pill(tone, word)),
          el(
            "p.muted",
            {},
            last.recordCount !== null &&
              last.recordCount !== undefined &&
              `${many(last.recordCount, "row")}, ${bytes(last.sizeBytes)}. `,
            next && ["Next ", until(typeof next === "string" ? next : next.at), "."],
          ),
        ]
      : [
          el("p.big", {}, "none yet"),
          el(
            "p.muted",
            {},
            next
              ? ["The first comes ", until(typeof next === "string" ? next : next.at), "."]
              : "None is planned.",
          ),
        ],
    last?.error && el("p.error", {}, last.error),
    el("p.actions", {}, el("a.button", { href: "#/snapshots" }, "Snapshots")),
  );
}

function proofCard() {
  const proof = state.status.backup.lastVerified;
  const at = typeof proof === "string" ? proof : (proof?.at ?? proof?.finishedAt ?? proof?.verifiedAt);
  return el(
    "section.card",
    {},
    el("h2", {}, "Last proven restore"),
    at
      ? [
          el("p.big", {}, ago(at)),
          el(
            "p.muted",
            {},
            "A snapshot was restored into a throw-away database and compared, ",
            moment(at),
            ".",
          ),
        ]
      : [
          el("p.big", {}, "not yet"),
          el(
            "p.muted",
            {},
            "A snapshot is restored into a throw-away database from time to time, to know that it works.",
          ),
        ],
    el("p.actions", {}, el("a.button", { href: "#/snapshots" }, "Restore …")),
  );
}

/** What went over in the last seconds, newest first. */
function movingCard() {
  const line = ({ key, link, table, number, at }) =>
    el(
      "li",
      { "data-key": key, class: SIDE_OF[link] },
      el("span.mono", {}, table),
      el("span", {}, el("b", {}, ARROWS[link])),
      el("span.muted", {}, many(number, "change"), " · ", ago(at)),
    );
  return el(
    "section.card",
    {},
    el("h2", {}, "Moving"),
    moving.length
      ? el("ul.moving", {}, moving.map(line))
      : el("p.muted", {}, "Changes appear here as they are carried over."),
  );
}

async function toggle(page) {
  const links = Object.values(state.status?.sync.links ?? {});
  if (links.some((link) => link.state === "paused")) await resume(page);
  else await pause(page);
}

async function pause(page) {
  const yes = await ask({
    title: "Pause sync?",
    body: [
      el(
        "p",
        {},
        "Changes are no longer carried over, in either direction, until somebody resumes. It survives a restart.",
      ),
      el(
        "p",
        {},
        "Applications go on writing to both sides. What they write is kept in each database and carried over later; the same row changed on both sides becomes a conflict.",
      ),
    ],
    yes: "Pause sync",
  });
  if (yes) await act(service.pause, "Sync is paused.", page);
}

async function resume(page) {
  const waiting = Object.values(state.status.sync.links).reduce((sum, link) => sum + (link.pending ?? 0), 0);
  const yes = await ask({
    title: "Resume sync?",
    body: [
      el(
        "p",
        {},
        `${many(waiting, "change")} that wait${waiting === 1 ? "s" : ""} will be carried over now, oldest first. Rows that both sides changed meanwhile become conflicts.`,
      ),
    ],
    yes: "Resume sync",
  });
  if (yes) await act(service.resume, "Sync resumes.", page);
}

async function act(order, done, page) {
  try {
    await order();
    say(done);
  } catch (error) {
    say(`${error.message} ${error.hint ?? ""}`);
  }
  await page.refresh();
}
