// The cards under the two databases: conflicts, snapshots, proof, and what just moved.

import { el } from "../element.js";
import { on } from "../live.js";
import { bytes, count, many } from "../number.js";
import { pill } from "../parts.js";
import * as service from "../service.js";
import { state } from "../state.js";
import { ago, moment, until, zones } from "../time.js";
import { ARROWS, OUTCOMES, SIDE_OF, conflictWords } from "../words.js";

const LINES = 7;
const moving = [];
let proven = null;
on("changes", (data) => {
  const at = new Date().toISOString();
  for (const [link, tables] of Object.entries(data?.links ?? data ?? {})) {
    for (const [table, number] of Object.entries(tables))
      moving.unshift({ key: `${at} ${link} ${table}`, link, table, number, at });
  }
  moving.splice(LINES);
});

/** Look up when a snapshot was last restored for trial and found right. */
export async function findProof(page) {
  try {
    const { items } = await service.history({ type: "VERIFY", status: "COMPLETED", limit: 100 });
    proven = items.find((entry) => entry.detail.kind === "RESTORE_TEST") ?? null;
  } catch {
    return; // the status says what is wrong
  }
  page.draw();
}

/** All of them. */
export function cards() {
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
  const at = proven?.finishedAt;
  return el(
    "section.card",
    {},
    el("h2", {}, "Last proven restore"),
    at
      ? [
          el("p.big", {}, ago(at)),
          el("p.muted", {}, "Restored into a throw-away database and compared, ", moment(at), "."),
        ]
      : [
          el("p.big", {}, "not yet"),
          el(
            "p.muted",
            {},
            "A snapshot is restored into a throw-away database from time to time, to know that it works.",
          ),
        ],
    proven?.filepath && el("p.mono.muted", {}, proven.filepath.split("/").at(-1)),
    el("p.actions", {}, el("a.button", { href: "#/snapshots" }, "Restore …")),
  );
}

/** What went over in the last seconds, newest first. */
function movingCard() {
  const line = ({ key, link, table, number, at }) =>
    el(
      "li",
      { "data-key": key, class: SIDE_OF[link], title: zones(at) },
      el("span.mono", {}, table),
      el("b", { title: ARROWS[link] }, `→ ${ARROWS[link].split(" → ")[1]}`),
      el("span.number", {}, number, el("span.unseen", {}, number === 1 ? " change" : " changes")),
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
