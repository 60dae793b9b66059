// What the page knows of the service, and who wants to be told when that changes.

export const state = {
  /** the document of GET /backup/status, null before the first answer */
  status: null,
  /** the document of GET /backup/stats */
  stats: null,
  /** how the page is fed: connecting, live, polling, away */
  feed: "connecting",
  /** false: nobody is logged in */
  known: true,
  /** when the last news came, by this machine's clock */
  heardAt: null,
};

const watchers = new Set();

/** Change some of it and tell everyone. */
export function change(parts) {
  Object.assign(state, parts);
  for (const watcher of [...watchers]) watcher();
}

/** Call `watcher` after each change. Returns what ends that. */
export function watch(watcher) {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}
