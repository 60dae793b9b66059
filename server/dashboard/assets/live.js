// Keeps the state fresh: server-sent events, and questions at intervals while no stream stands.

import * as service from "./service.js";
import { change, state } from "./state.js";

const POLL_MS = 3000;
const SELDOM_MS = 10000; // while the stream brings what is new

const listeners = new Map();
let stream = null;
let timer = null;
let askedAt = 0;

/** Call `listener(data)` at each event of that kind. Returns what ends that. */
export function on(kind, listener) {
  const all = listeners.get(kind) ?? new Set();
  listeners.set(kind, all.add(listener));
  return () => all.delete(listener);
}

/** Begin; goes on until `stop`. */
export function start() {
  stop();
  tick();
}

/** End the stream and the questions. */
export function stop() {
  clearTimeout(timer);
  stream?.close();
  stream = null;
  timer = null;
}

function open() {
  stream = new EventSource("/backup/events");
  stream.onopen = () => heard("live");
  stream.onerror = () => {
    if (state.feed === "live") change({ feed: "polling" });
    if (stream?.readyState === EventSource.CLOSED) {
      stream = null; // tick opens another
    }
  };
  for (const kind of ["status", "changes", "conflicts", "backups"]) {
    stream.addEventListener(kind, (event) => received(kind, event.data));
  }
  stream.addEventListener("resync", () => {
    refresh();
    for (const all of listeners.values()) for (const listener of all) listener(null);
  });
}

function received(kind, text) {
  let data;
  try {
    data = JSON.parse(text);
  } catch {
    return;
  }
  if (kind === "status" && data?.sync) change({ status: data });
  heard("live");
  for (const listener of listeners.get(kind) ?? []) listener(data);
}

function heard(feed) {
  change({ feed, heardAt: Date.now() });
}

/** Ask for what the stream did not bring; and see that there is a stream, once somebody is logged in. */
async function tick() {
  clearTimeout(timer);
  const turn = (timer = setTimeout(tick, POLL_MS));
  if (state.feed === "live" && Date.now() - askedAt < SELDOM_MS) return;
  const answered = await refresh();
  if (turn === timer && answered && !stream) open(); // else it was stopped meanwhile
}

/** Ask for the status, and the statistics, now. Returns whether there was an answer. */
export async function refresh() {
  askedAt = Date.now();
  const [status, figures] = await Promise.allSettled([service.status(), service.stats()]);
  if (figures.value) change({ stats: figures.value });
  if (status.value) {
    const feed = stream?.readyState === EventSource.OPEN ? "live" : "polling";
    change({ status: status.value, feed, heardAt: Date.now() });
  } else if (status.reason.status !== 401) change({ feed: "away" });
  return Boolean(status.value);
}
