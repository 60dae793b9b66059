// What differs between two texts, piece by piece. Pure.

import { laidOut } from "./json.js";

const PIECE = /[\p{L}\p{N}_]+(?:[.:,]\p{N}+)*|\s+|[^\p{L}\p{N}_\s]/gu;
const MOST = 3000;
const REMEMBERED = 200;
const remembered = new Map();

/**
 * The parts of `text`, each with whether it is not in `other`.
 * @param {string} text what is shown
 * @param {string|null} other what it is compared with
 * @returns {{text: string, changed: boolean}[]}
 */
export function marked(text, other) {
  if (text === other || other === null || other === undefined) return [{ text, changed: text !== other }];
  if (short(text) && short(other)) return [{ text, changed: true }];
  const key = JSON.stringify([text, other]);
  if (!remembered.has(key)) {
    if (remembered.size >= REMEMBERED) remembered.clear();
    const [mine, theirs] = [text.match(PIECE) ?? [], other.match(PIECE) ?? []];
    remembered.set(key, joined(mine, kept(mine, theirs)));
  }
  return remembered.get(key);
}

/** A short value is marked whole: half a number is no change that anyone would name. */
const short = (text) => text.length <= 24 && !/\s/.test(text.trim());

/** The two texts as they are compared and shown: JSON laid out on lines where both are JSON. */
export function comparable(text) {
  return text === null || text === undefined ? text : (laidOut(text) ?? text);
}

function joined(pieces, keep) {
  const parts = [];
  pieces.forEach((piece, index) => {
    const changed = !keep[index];
    const last = parts.at(-1);
    if (last && last.changed === changed) last.text += piece;
    else parts.push({ text: piece, changed });
  });
  return bridged(parts);
}

/** Blanks between two changed words belong to the change. */
function bridged(parts) {
  const out = [];
  parts.forEach((part, index) => {
    const between = !part.changed && index > 0 && index < parts.length - 1 && /^[^\S\n]+$/.test(part.text);
    const changed = part.changed || between;
    const last = out.at(-1);
    if (last && last.changed === changed) last.text += part.text;
    else out.push({ text: part.text, changed });
  });
  return out;
}

/** A word that stayed says more than a blank or a comma. */
const weight = (piece) => (/[\p{L}\p{N}]/u.test(piece[0]) ? 4 : 1);

/** For each piece of `mine` whether it is in a longest common subsequence with `theirs`. */
function kept(mine, theirs) {
  const keep = new Array(mine.length).fill(false);
  let start = 0;
  while (start < mine.length && start < theirs.length && mine[start] === theirs[start]) keep[start++] = true;
  let end = 0;
  const most = Math.min(mine.length, theirs.length) - start;
  while (end < most && mine.at(-1 - end) === theirs.at(-1 - end)) keep[mine.length - 1 - end++] = true;
  const a = mine.slice(start, mine.length - end);
  const b = theirs.slice(start, theirs.length - end);
  if (a.length > MOST || b.length > MOST) return keep; // the middle of very long texts is marked whole
  const width = b.length + 1;
  const table = new Uint16Array((a.length + 1) * width); // the best that is left from here on
  const together = (i, j) => table[(i + 1) * width + j + 1] + weight(a[i]);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const apart = Math.max(table[(i + 1) * width + j], table[i * width + j + 1]);
      table[i * width + j] = a[i] === b[j] ? Math.max(apart, together(i, j)) : apart;
    }
  }
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i] === b[j] && table[i * width + j] === together(i, j)) {
      keep[start + i] = true;
      i += 1;
      j += 1;
    } else if (table[(i + 1) * width + j] >= table[i * width + j + 1]) i += 1;
    else j += 1;
  }
  return keep;
}
