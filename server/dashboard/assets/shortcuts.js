// Keys. A view brings its own; they rest while somebody types or a dialog is open.

import { el } from "./element.js";
import { sheet } from "./dialog.js";

const TYPING = "input, textarea, select, [contenteditable]";
let own = [];

/** Set the keys of the view that is shown: [[key, what it does, action], …]. */
export function viewKeys(keys) {
  own = keys;
}

/** Listen for keys from now on. `everywhere` are those that every view has. */
export function listenForKeys(everywhere) {
  let prefix = "";
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.closest?.(TYPING)) return;
    const all = [...everywhere, ["?", "This help", () => help(everywhere)], ...own];
    const typed = prefix + event.key;
    prefix = "";
    const found = all.find(([key]) => key === typed) ?? all.find(([key]) => key === event.key);
    if (found) {
      event.preventDefault();
      found[2]();
    } else if (all.some(([key]) => key.startsWith(event.key) && key.length > 1 && event.key.length === 1)) {
      prefix = event.key;
    }
  });
}

/** Show which keys there are. */
export function help(everywhere) {
  const list = (keys) =>
    el(
      "dl.keys",
      {},
      keys.map(([key, what]) => [
        el(
          "dt",
          {},
          [...(key.length > 2 ? [key] : key)].map((one) => el("kbd", {}, one)),
        ),
        el("dd", {}, what),
      ]),
    );
  const close = el("form.actions", { method: "dialog" }, el("button.primary", { autofocus: true }, "Close"));
  sheet(
    "Keys",
    [
      own.length > 0 && [el("h3", {}, "On this page"), list(own)],
      el("h3", {}, "Everywhere"),
      list([...everywhere, ["?", "This help"]]),
      close,
    ].filter(Boolean),
  );
}
