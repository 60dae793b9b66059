// One conflict's columns and the row that a decision leads to. Pure; the service computes the real row again.

/** The names of all columns of a conflict, in the order of the table. */
export function columnsOf({ base, main, backup }) {
  return [...new Set([...Object.keys(main ?? {}), ...Object.keys(backup ?? {}), ...Object.keys(base ?? {})])];
}

/**
 * What happened to one column.
 * @returns {"same"|"main"|"backup"|"both"} unchanged or equal, changed on one side only, or differently on both
 */
export function changeOf({ base, main, backup }, column) {
  const [ours, theirs] = [main?.[column], backup?.[column]];
  if (ours === theirs) return "same";
  if (!base || !(column in base) || !main || !backup) return "both";
  if (ours === base[column]) return "backup";
  return theirs === base[column] ? "main" : "both";
}

const NAMES = ["name", "title", "label", "subject", "email", "sku", "number", "receipt", "code"];

/** What people would call the row, where a column looks like it; else null. */
export function labelOf({ main, backup, base }) {
  const row = main ?? backup ?? base ?? {};
  const column = NAMES.map((name) => Object.keys(row).find((each) => each.toLowerCase() === name)).find(
    Boolean,
  );
  return column ? row[column] : null;
}

/** The columns in which the sides differ. */
export const differing = (conflict) =>
  columnsOf(conflict).filter((column) => changeOf(conflict, column) !== "same");

/**
 * The row that a decision leads to.
 * @param {Object} conflict with base, main, backup
 * @param {"MAIN"|"BACKUP"|"MERGE"} resolution
 * @param {Object} chosen for MERGE: column -> {side: "MAIN"|"BACKUP"} or {value: text or null}
 * @returns {{row: Object|null, missing: string[]}} a null row is deleted; missing are columns still to decide
 */
export function resulting(conflict, resolution, chosen = {}) {
  if (resolution === "MAIN") return { row: conflict.main, missing: [] };
  if (resolution === "BACKUP") return { row: conflict.backup, missing: [] };
  const row = {};
  const missing = [];
  for (const column of columnsOf(conflict)) {
    const pick = chosen[column] ?? byItself(conflict, column);
    if (!pick) missing.push(column);
    else row[column] = "value" in pick ? pick.value : side(conflict, pick.side)[column];
  }
  return { row, missing };
}

/** What a column takes when nobody says anything: the side that changed it. */
export function byItself(conflict, column) {
  const change = changeOf(conflict, column);
  if (change === "both") return null;
  return { side: change === "backup" ? "BACKUP" : "MAIN" };
}

/** Whether the two rows can be merged column by column: both must be there. */
export const mergeable = (conflict) => Boolean(conflict.main && conflict.backup);

/** The `values` of the request: what was chosen by hand. */
export function valuesOf(conflict, chosen) {
  const values = {};
  for (const [column, pick] of Object.entries(chosen)) {
    values[column] = "value" in pick ? pick.value : (side(conflict, pick.side)[column] ?? null);
  }
  return values;
}

const shown = ({ status, type, constraint, related, base, main, backup }) =>
  JSON.stringify([status, type, constraint, related, base, main, backup]);

/** Whether two states of a conflict are one to whoever reads them, whatever else the service has learned of it. */
export const looksTheSame = (before, after) => shown(before) === shown(after);

/** The columns that differ between two states of a conflict, as "side.column". */
export function moved(before, after) {
  const found = new Set();
  for (const name of ["main", "backup"]) {
    for (const column of columnsOf(after)) {
      if ((before[name]?.[column] ?? null) !== (after[name]?.[column] ?? null))
        found.add(`${name}.${column}`);
    }
    if (!before[name] !== !after[name]) found.add(`${name}.`);
  }
  return found;
}

const side = (conflict, name) => (name === "MAIN" ? conflict.main : conflict.backup) ?? {};
