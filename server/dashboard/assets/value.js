// One value of a row, as the database has it, with what differs marked.

import { comparable, marked } from "./diff.js";
import { el } from "./element.js";

/**
 * The content of a cell.
 * @param {string|null|undefined} text undefined: the side has no such column or no row
 * @param {string|null|undefined} other what it is compared with; undefined: nothing is marked
 */
export function pieces(text, other) {
  if (text === undefined) return el("span.muted", {}, "–");
  if (text === null)
    return el("span.none", {}, other === undefined || other === null ? "NULL" : el("mark", {}, "NULL"));
  if (text === "") return el("span.none", {}, "empty text");
  const shown = comparable(text);
  if (other === undefined || other === text) return shown;
  const parts = other === null ? [{ text: shown, changed: true }] : marked(shown, comparable(other));
  return parts.map((part) => (part.changed ? el("mark", {}, part.text) : part.text));
}

/** A value that is only shown. */
export const shown = (text, other) => el("span.value", {}, pieces(text, other));
