// Questions that have to be answered before something happens, as the browser's own modal dialogs.

import { el } from "./element.js";

/**
 * Ask, and say what will happen.
 * @param {Object} question title, body (nodes), yes (the button's text), danger (it takes something away)
 * @returns {Promise<boolean>}
 */
export function ask({ title, body, yes, danger = false }) {
  return new Promise((resolve) => {
    const dialog = sheet(title, [
      el("div.body", {}, body),
      el(
        "form.actions",
        { method: "dialog" },
        el("button", { value: "no" }, "Cancel"),
        el(`button.${danger ? "danger" : "primary"}`, { value: "yes", autofocus: true }, yes),
      ),
    ]);
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

/** Show a modal sheet; it is gone from the page when it closes. */
export function sheet(title, content) {
  const id = `sheet-${crypto.randomUUID?.() ?? Date.now()}`;
  const dialog = el("dialog", { "aria-labelledby": id }, el("h2", { id }, title), content);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close("no"));
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Say in passing that something was done; read out by screen readers. */
export function say(text) {
  const place = document.getElementById("said");
  place.textContent = "";
  place.append(el("span", {}, text));
  clearTimeout(say.timer);
  say.timer = setTimeout(() => place.replaceChildren(), 6000);
}
