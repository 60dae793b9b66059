// Pieces that several views are made of.

import { el } from "./element.js";

const SIGNS = { good: "✓", busy: "↻", wait: "!", bad: "✕", calm: "·" };

/** A state as sign and word, in a tone. */
export function pill(tone, word, title) {
  return el(
    "span.pill",
    { class: tone, title },
    el("span.sign", { "aria-hidden": "true" }, SIGNS[tone]),
    word,
  );
}

/** Text in which what stands between backticks is code that can be copied. */
export function prose(text) {
  return String(text ?? "")
    .split("`")
    .map((piece, index) => (index % 2 ? el("code", {}, piece) : piece));
}

/** A message with what to do about it. */
export function notice(tone, message, hint, ...actions) {
  const role = tone === "bad" ? "alert" : "status";
  return el(
    "div.notice",
    { class: tone, role },
    el("span.sign", { "aria-hidden": "true" }, SIGNS[tone]),
    el(
      "div",
      {},
      el("p", {}, prose(message)),
      hint && el("p.hint", {}, prose(hint)),
      actions.length > 0 && el("p.actions", {}, actions),
    ),
  );
}

/** What a failed request said. */
export const refusal = (error) => notice("bad", error.message, error.hint);

/** A command with a button that copies it. */
export function command(text) {
  const copy = async (event) => {
    const button = event.currentTarget;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "copied";
    } catch {
      getSelection().selectAllChildren(button.previousElementSibling);
    }
  };
  return el(
    "div.command",
    {},
    el("code", { tabindex: "0" }, text),
    el("button.quiet", { type: "button", onclick: copy }, "copy"),
  );
}

/** A select with a label. `choices` are [value, text] pairs. */
export function chooser(label, value, choices, onchange) {
  const options = choices.map(([choice, text]) =>
    el("option", { value: choice, selected: choice === value }, text),
  );
  return el(
    "label.field",
    {},
    el("span", {}, label),
    el("select", { onchange: (event) => onchange(event.target.value) }, options),
  );
}

/** A bar that says how far something is; without a total it only says that it goes on. */
export function bar(done, total, label) {
  const attributes = total ? { max: total, value: Math.min(done, total) } : {};
  return el("progress", { ...attributes, "aria-label": label });
}

/** A heading row of a view: its title, a sentence, and buttons at the right. */
export function heading(title, sentence, ...actions) {
  return el(
    "header.heading",
    {},
    el("div", {}, el("h1", { tabindex: "-1" }, title), sentence && el("p.muted", {}, sentence)),
    el("div.actions", {}, actions),
  );
}

/** What a list shows when it has nothing. */
export function empty(title, ...what) {
  return el("div.empty", {}, el("p.strong", {}, title), el("p", {}, what));
}

/** A table that scrolls sideways where the screen is narrow, with the keyboard too. */
export function table(label, heads, rows, attributes = {}) {
  const columns = heads.map((head) => (typeof head === "string" ? el("th", { scope: "col" }, head) : head));
  return el(
    "div.scroll",
    { tabindex: "0", role: "region", "aria-label": label },
    el("table", attributes, el("thead", {}, el("tr", {}, columns)), el("tbody", {}, rows)),
  );
}

export const number = (text) => el("th.number", { scope: "col" }, text);
