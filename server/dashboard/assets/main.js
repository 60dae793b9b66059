// The frame: which view the address names, the bar at the top, drawing, keys.

import { listenForKeys, help, viewKeys } from "./shortcuts.js";
import { el, show } from "./element.js";
import { refresh, start, stop } from "./live.js";
import { logOut } from "./service.js";
import { change, state, watch } from "./state.js";
import { conflicts } from "./views/conflicts.js";
import { history } from "./views/history.js";
import { login } from "./views/login.js";
import { overview } from "./views/overview.js";
import { restore } from "./views/restore.js";
import { settings } from "./views/settings.js";
import { snapshots } from "./views/snapshots.js";
import { tables } from "./views/tables.js";

const VIEWS = { overview, conflicts, snapshots, restore, history, tables, settings };
const PLACES = [
  ["overview", "Overview"],
  ["conflicts", "Conflicts"],
  ["snapshots", "Snapshots"],
  ["history", "History"],
  ["tables", "Tables"],
  ["settings", "Settings"],
];
const KEYS = PLACES.map(([name, text], index) => [String(index + 1), text, () => go(name)]);
KEYS.push(["t", "Light, dark or as the system", nextTheme]);

const content = document.getElementById("content");
const bar = document.getElementById("bar");
let view = null;
let shown = null;
let waiting = false;

/** What a view may ask of the frame. */
const page = { draw, go, refresh };

/** Draw the view and the bar soon, however many things changed. */
function draw() {
  if (waiting) return;
  waiting = true;
  setTimeout(() => {
    waiting = false;
    drawBar();
    if (!view) return;
    show(content, view.render());
    document.title = `${view.title()} · cdc`;
  }, 16);
}

/** Go to a view: "conflicts", "conflicts/Product/42". */
function go(place) {
  location.hash = `#/${place}`;
}

function enter() {
  const [name, ...rest] = location.hash.replace(/^#\/?/, "").split("/").map(decoded);
  const make = state.known ? (VIEWS[name] ?? overview) : login;
  const key = state.known ? name : "login";
  if (view?.move && shown === key) {
    view.move(rest);
    draw();
    return;
  }
  view?.end?.();
  content.replaceChildren();
  shown = key;
  view = make(page, rest);
  viewKeys(view.keys ?? []);
  drawNow();
  content.querySelector("h1")?.focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

function drawNow() {
  drawBar();
  show(content, view.render());
  document.title = `${view.title()} · cdc`;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a half-typed address
  }
}

function drawBar() {
  if (!state.known) {
    show(bar);
    return;
  }
  const open = state.status?.openConflicts ?? 0;
  const link = ([name, text]) => {
    const here =
      name === shown ||
      (name === "overview" && !VIEWS[shown]) ||
      (name === "snapshots" && shown === "restore");
    const tally =
      name === "conflicts" && open > 0 && el("span.tally", {}, open, el("span.unseen", {}, " open"));
    return el("a", { href: `#/${name}`, "aria-current": here ? "page" : null }, text, tally);
  };
  show(
    bar,
    el("a.brand", { href: "#/overview" }, el("img", { src: "/assets/icon.svg", alt: "" }), "cdc"),
    el("nav", { "aria-label": "Main" }, PLACES.map(link)),
    el(
      "div.tools",
      {},
      feed(),
      el(
        "button.quiet.small",
        { type: "button", onclick: nextTheme, title: "Light, dark or as the system (t)" },
        `Theme: ${window.theme.current()}`,
      ),
      el(
        "button.quiet.small.keyboard",
        { type: "button", onclick: () => help(KEYS), title: "Keys (?)" },
        "Keys",
      ),
      el("button.quiet.small", { type: "button", onclick: leave }, "Log out"),
    ),
  );
}

function feed() {
  const words = {
    live: ["good", "live", "News arrive as they happen."],
    polling: ["wait", "polling", "The stream of news is broken; the service is asked every few seconds."],
    away: ["bad", "no answer", "The service does not answer. It is tried again by itself."],
    connecting: ["busy", "connecting", ""],
  };
  const [tone, word, title] = words[state.feed];
  const signs = { good: "●", wait: "◐", bad: "○", busy: "◌" };
  return el(
    "span.feed",
    { class: tone, title, role: "status" },
    el("span", { "aria-hidden": "true" }, signs[tone]),
    ` ${word}`,
  );
}

function nextTheme() {
  const names = window.theme.names;
  window.theme.choose(names[(names.indexOf(window.theme.current()) + 1) % names.length]);
  draw();
}

async function leave() {
  await logOut().catch(() => null);
  forget();
}

function forget() {
  if (!state.known) return;
  stop();
  change({ known: false, status: null, stats: null });
  enter();
}

window.addEventListener("hashchange", enter);
window.addEventListener("unauthorised", forget);
window.addEventListener("authorised", () => {
  change({ known: true });
  start();
  enter();
});
watch(draw);
setInterval(draw, 1000); // ages grow
listenForKeys(KEYS);
enter();
start();
