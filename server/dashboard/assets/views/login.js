// A way in for who has a token. The link that the demo prints comes in at /login by itself.

import { el } from "../element.js";
import { command, refusal } from "../parts.js";
import { logIn } from "../service.js";

/** The login page. */
export function login(page) {
  let error = null;
  let busy = false;
  const submit = async (event) => {
    event.preventDefault();
    const token = new FormData(event.target)
      .get("token")
      .trim()
      .replace(/^Bearer\s+/i, "");
    busy = true;
    page.draw();
    try {
      await logIn(token);
      window.dispatchEvent(new CustomEvent("authorised"));
    } catch (refused) {
      error = refused;
    }
    busy = false;
    page.draw();
  };
  return {
    title: () => "Log in",
    render: () =>
      el(
        "section.card.login",
        {},
        el("p.brand", {}, el("img", { src: "/assets/icon.svg", alt: "" }), "cdc"),
        el("h1", { tabindex: "-1" }, "Log in"),
        el(
          "p.muted",
          {},
          "Paste an administrator's token. It is exchanged for a session of this browser and not kept.",
        ),
        new URLSearchParams(location.search).get("login") === "expired" &&
          refusal({
            message: "That link was used already or is too old.",
            hint: "Each link works once. Paste a token, or start the service anew for another link.",
          }),
        error && refusal(error),
        el(
          "form",
          { onsubmit: submit },
          el(
            "label.field.wide",
            {},
            el("span", {}, "Token"),
            el("textarea", {
              name: "token",
              rows: "4",
              required: true,
              autocomplete: "off",
              spellcheck: "false",
              autocapitalize: "off",
            }),
          ),
          el(
            "div.actions",
            {},
            el("button.primary", { type: "submit", disabled: busy }, busy ? "Logging in …" : "Log in"),
          ),
        ),
        el("h2", {}, "No token?"),
        el("p", {}, "On the machine of the service this prints one:"),
        command(".venv/bin/cdc token"),
        el(
          "p.muted",
          {},
          "The demo (`make run`) also prints a link that logs in by itself.".replaceAll("`", ""),
        ),
      ),
  };
}
