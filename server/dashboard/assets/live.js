// Keeps the state fresh: server-sent events, and questions at intervals while no stream stands.

import * as service from "./service.js";
import { change, state } from "./state.js";

const POLL_MS = 3000;
const STATS_MS = 5000;
const PATIENCE_MS = 45000; // the service sends a heartbeat more often than that

const listeners = new Map();
let stream = null;
let timer = null;
let statsAt = 0;

/** Call `listener(data)` at each event of that kind. Returns what ends that. */
export function on(kind, listener) {
  const all = listeners.get(kind) ?? new Set();
  listeners.set(kind, all.add(listener));
  return () => all.delete(listener);
}

/** Begin; goes on until `stop`. */
export function start() {
  stop();
  open();
  tick();
}

/** End the stream and the questions. */
export function stop() {
  clearTimeout(timer);
  stream?.close();
  stream = null;
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

/** Ask for what the stream did not bring. */
async function tick() {
  clearTimeout(timer);
  const silent = state.feed === "live" && Date.now() - state.heardAt > PATIENCE_MS;
  if (!stream || silent) {
    stream?.close();
    open();
  }
  await refresh({ stats: Date.now() - statsAt >= STATS_MS });
  timer = setTimeout(tick, POLL_MS);
}

/** Ask for the status, and the statistics, now. */
export async function refresh({ stats = true } = {}) {
  try {
    const questions = [service.status()];
    if (stats) questions.push(service.stats());
    const [status, figures] = await Promise.all(questions);
    if (figures) statsAt = Date.now();
    const feed = stream?.readyState === EventSource.OPEN ? "live" : "polling";
    change({ status, stats: figures ?? state.stats, known: true, feed, heardAt: Date.now() });
  } catch (error) {
    if (error.status === 401) return;
    change({ feed: "away" });
  }
}
