// Times are shown as the service gives them, in UTC. Nothing is converted but on hover, where both zones stand.

import { el } from "./element.js";

const PARTS = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(\.\d+)?(Z|[+-]\d{2}:?\d{2})$/;

/** Both zones of a moment, for a title. */
export function zones(text) {
  const moment = new Date(text);
  if (Number.isNaN(moment.getTime())) return text;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const local = moment.toLocaleString("sv-SE");
  return `${text}\n${local} in ${zone} (this browser)`;
}

/** A moment as given, without the fraction of its second. */
export function clock(text, { date = true } = {}) {
  if (!text) return "never";
  const found = PARTS.exec(text);
  if (!found) return text;
  const zone = found[4] === "Z" || found[4] === "+00:00" ? "UTC" : found[4];
  return `${date ? `${found[1]} ` : ""}${found[2]} ${zone}`;
}

/** How long ago, in a word or two: "2 s", "5 min". */
export function age(text, now = Date.now()) {
  const seconds = Math.max(0, (now - new Date(text).getTime()) / 1000);
  return span(seconds);
}

/** A length of time in its largest fitting unit. */
export function span(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 129600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

/** Milliseconds as people read them: "3.1 ms", "1.4 s". */
export function milliseconds(value) {
  if (value === null || value === undefined) return "–";
  if (value < 10) return `${value.toFixed(1)} ms`;
  if (value < 1000) return `${Math.round(value)} ms`;
  return value < 90000 ? `${(value / 1000).toFixed(1)} s` : span(value / 1000);
}

/** An element for a moment: its clock time, both zones on hover. */
export function moment(text, options) {
  if (!text) return el("span.muted", {}, "never");
  return el("time", { datetime: text, title: zones(text) }, clock(text, options));
}

/** An element for a moment as an age; the clock time and both zones on hover. */
export function ago(text, { suffix = " ago" } = {}) {
  if (!text) return el("span.muted", {}, "never");
  return el("time", { datetime: text, title: zones(text) }, `${age(text)}${suffix}`);
}

/** An element for a moment that is still to come. */
export function until(text) {
  const seconds = (new Date(text).getTime() - Date.now()) / 1000;
  return el("time", { datetime: text, title: zones(text) }, seconds > 0 ? `in ${span(seconds)}` : "now");
}
