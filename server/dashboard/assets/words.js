// What a status means, in sentences. Pure: documents in, words out.

import { count, many } from "./number.js";

export const LINKS = ["MAIN_TO_BACKUP", "BACKUP_TO_MAIN"];
export const ARROWS = { MAIN_TO_BACKUP: "MAIN → BACKUP", BACKUP_TO_MAIN: "BACKUP → MAIN" };
export const SIDE_OF = { MAIN_TO_BACKUP: "main", BACKUP_TO_MAIN: "backup" };
const SLOW_MS = 2000;

/** Tone and word of a link's state; the tone is never said by colour alone. */
export const LINK_STATES = {
  streaming: ["good", "streaming", "Each change is carried over as it is made."],
  copying: ["busy", "copying", "The target is being filled."],
  comparing: ["busy", "comparing", "Both sides are being compared."],
  paused: ["wait", "paused", "Somebody paused it. Changes wait and none is lost."],
  reconnecting: ["wait", "reconnecting", "A database does not answer. It is tried again by itself."],
  stopped: ["bad", "stopped", "It failed too often and waits for you."],
};

/**
 * The state of everything in one sentence, with a tone: good, busy, wait or bad.
 * @param {Object|null} status the document of GET /backup/status
 * @param {string} feed how the page is fed
 */
export function headline(status, feed) {
  if (feed === "away") return ["bad", "The service does not answer.", "This page shows what it last said."];
  if (!status) return ["busy", "Asking the service …", ""];
  const away = Object.entries(status.databases).filter(([, database]) => !database.connected);
  if (status.state === "disabled") {
    return [
      "wait",
      "Sync is switched off.",
      "ENABLE_BACKUP_SERVICE is false: changes are captured, nothing is carried over.",
    ];
  }
  if (status.state === "starting" && away.every(([, database]) => !database.error)) return worded(status);
  if (away.length === 2) return ["bad", "Neither database can be reached.", ""];
  if (away.length && away[0][0] === "MAIN")
    return ["bad", "MAIN cannot be reached.", "It is tried again by itself."];
  if (away.length) {
    return [
      "bad",
      "BACKUP cannot be reached.",
      "MAIN goes on working; its changes wait and are carried over later.",
    ];
  }
  return worded(status) ?? running(status);
}

function worded(status) {
  switch (status.state) {
    case "notRunning":
      return ["bad", "No service carries changes over.", "`make run` or `cdc run` starts one."];
    case "starting":
      return ["busy", "The service is starting.", ""];
    case "standby":
      return ["wait", "This instance stands by.", "Another one works; this one takes over when that ends."];
    case "waiting":
      return [
        "bad",
        "Both sides hold different data.",
        "Nothing is written until you say which side counts.",
      ];
    case "copying":
      return ["busy", "BACKUP is being filled from MAIN.", "MAIN can be used meanwhile."];
    case "comparing":
      return ["busy", "Both sides are being compared.", ""];
    case "stopped":
      return ["bad", "Sync has stopped.", "It failed too often. See below what to do."];
    case "reconnecting":
      return ["wait", "Sync is reconnecting.", "It is tried again by itself."];
    default:
      return null;
  }
}

function running(status) {
  const links = working(status);
  const pending = links.reduce((sum, link) => sum + (link.pending ?? 0), 0);
  const lag = Math.max(0, ...links.map((link) => link.lagMs ?? 0));
  const open = status.openConflicts ?? 0;
  if (status.state === "paused" || links.some((link) => link.state === "paused")) {
    const all = links.every((link) => link.state === "paused");
    return [
      "wait",
      all ? "Sync is paused." : "One direction is paused.",
      `${many(pending, "change")} wait${pending === 1 ? "s" : ""}; none is lost.`,
    ];
  }
  if (pending && lag > SLOW_MS) return ["busy", "Catching up.", `${many(pending, "change")} on the way.`];
  if (open) {
    return [
      "wait",
      `${many(open, "row")} wait${open === 1 ? "s" : ""} for your decision.`,
      "Everything else is equal on both sides.",
    ];
  }
  return pending
    ? ["good", "Both sides are in step.", `${count(pending)} on the way.`]
    : ["good", "Both sides are equal.", ""];
}

/** The links that are meant to run. */
export function working(status) {
  const names = status.sync.twoWay ? LINKS : LINKS.slice(0, 1);
  return names.map((name) => status.sync.links[name]);
}

/** The moment of the last change that was carried over either way, or null. */
export function lastChange(status) {
  const times = Object.values(status.sync.links)
    .map((link) => link.lastAppliedAt)
    .filter(Boolean);
  return times.sort((a, b) => new Date(a) - new Date(b)).at(-1) ?? null;
}

const CONFLICTS = {
  INSERT_EXISTS: [
    "Both sides inserted this row",
    "Each side made a row with this key, and they are not the same.",
  ],
  UPDATE_ORIGIN_DIFFERS: [
    "Both sides changed this row",
    "Each side changed it before it had seen the other's change.",
  ],
  UPDATE_MISSING: [
    "Changed on one side, deleted on the other",
    "One side changed the row while the other deleted it.",
  ],
  DELETE_ORIGIN_DIFFERS: [
    "Deleted on one side, changed on the other",
    "One side deleted the row while the other changed it.",
  ],
  UNIQUE_VIOLATION: [
    "A value is taken",
    "The other side has another row with a value that may stand only once.",
  ],
  FOREIGN_KEY_VIOLATION: [
    "A row that it needs is missing",
    "It points to a row that the other side does not have.",
  ],
  REJECTED: ["The other database refused this row", "A rule of that database does not allow it."],
  SCHEMA_MISMATCH: [
    "The tables differ",
    "The other side's table cannot hold this row without losing a value.",
  ],
};

/** A conflict's type as a heading and a sentence. */
export const conflictWords = (type) => CONFLICTS[type] ?? [type, ""];

export const OPERATIONS = {
  FULL: "Backup",
  EXPORT: "Export",
  RESTORE: "Restore",
  INITIAL_COPY: "First copy",
  VERIFY: "Check",
};

const CHECKS = { SIDES: "Comparison", FILE: "Check of a file", RESTORE_TEST: "Restore test" };

/** What an operation is called, with the side that a restore is about. */
export function operationWord({ type, detail }) {
  if (type !== "RESTORE") return CHECKS[detail?.kind] ?? OPERATIONS[type] ?? type;
  const what = detail?.dryRun ? "Preview of a restore" : "Restore";
  return detail?.target ? `${what} to ${detail.target}` : what;
}

/** Tone and word of an operation's status. */
export const OUTCOMES = {
  RUNNING: ["busy", "running"],
  COMPLETED: ["good", "done"],
  UNCHANGED: ["calm", "nothing new"],
  FAILED: ["bad", "failed"],
  INTERRUPTED: ["bad", "interrupted"],
  NOT_TESTABLE: ["wait", "not testable"],
};
