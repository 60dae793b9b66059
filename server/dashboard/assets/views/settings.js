// The settings as they are in force, and who changed what.

import { el } from "../element.js";
import { empty, heading, pill, refusal, table } from "../parts.js";
import * as service from "../service.js";
import { moment } from "../time.js";

/** The view of settings and of the audit log. */
export function settings(page) {
  const own = { settings: null, audit: null, error: null };
  load(own, page);
  return { title: () => "Settings", render: () => render(own, page) };
}

async function load(own, page) {
  try {
    const [found, audit] = await Promise.all([service.settings(), service.audit({ limit: 50 })]);
    Object.assign(own, { settings: found.items, audit: audit.items });
  } catch (error) {
    own.error = error;
  }
  page.draw();
}

function render(own) {
  return [
    heading(
      "Settings",
      "As they are in force. They come from the environment and .env; a change needs a restart. Secrets are not shown.",
    ),
    own.error && refusal(own.error),
    own.settings && table("Settings", ["Variable", "Value", ""], own.settings.map(setting)),
    el("h2", {}, "Who did what"),
    own.audit &&
      (own.audit.length
        ? table("Audit log", ["When", "Who", "What", "Result"], own.audit.map(act))
        : empty("Nobody changed anything yet.")),
  ];
}

function setting(one) {
  const value = one.secret ? (one.set ? "set, not shown" : null) : one.value;
  const nothing = value === null || value === undefined || value === "";
  return el(
    "tr",
    {},
    el("th.mono", { scope: "row" }, one.name),
    el(
      "td",
      {},
      nothing
        ? el("span.muted", {}, "not set")
        : el("span", { class: one.secret ? "muted" : "mono" }, String(value)),
    ),
    el("td", {}, one.default ? el("span.muted", {}, "default") : pill("calm", "yours")),
  );
}

function act(one) {
  const bad = one.status === null || one.status >= 400;
  return el(
    "tr",
    { "data-key": one.id },
    el("th", { scope: "row" }, moment(one.at)),
    el("td", {}, one.actor),
    el("td.mono", {}, `${one.method} ${one.path}`),
    el(
      "td",
      {},
      pill(bad ? "bad" : "good", one.result ?? "never ended"),
      one.detail && el("div.muted", {}, one.detail),
    ),
  );
}
