// What the service is asked for: every route that this page uses, in one place.

import { get, part, send } from "./request.js";

/** Answer at once with the history entry; `Operation` follows it. */
const LATER = { parameters: { wait: "false" } };

export const status = () => get("/backup/status");
export const stats = () => get("/backup/stats");
export const logIn = (token) => send("POST", "/login", { body: { token } });
export const logOut = () => send("POST", "/logout");

export const pause = () => send("POST", "/backup/sync/pause");
export const resume = () => send("POST", "/backup/sync/resume");

const conflictPath = ({ entity, entityId }) => `/backup/conflicts/${part(entity)}/${part(entityId)}`;
/** A page of conflicts. `filter`: status, entity, type, limit, cursor. */
export const conflicts = (filter) => get("/backup/conflicts", filter);
export const conflict = (key) => get(conflictPath(key));
/** Decide one. `decision`: resolution, version, and for MERGE values. */
export const resolve = (key, decision) => send("POST", `${conflictPath(key)}/resolve`, { body: decision });

/** Decide all open ones that a filter takes: entity, type, resolution; with `preview` nothing is written. */
export const resolveMany = (decision) => send("POST", "/backup/conflicts/resolve", { body: decision });

export const snapshots = () => get("/backup/snapshots");
const snapshotPath = (name) => `/backup/snapshots/${part(name)}`;
/** Where the file itself is. */
export const fileOf = (name) => snapshotPath(name);
export const removeSnapshot = (name) => send("DELETE", snapshotPath(name));
export const verifySnapshot = (name) => send("POST", `${snapshotPath(name)}/verify`, LATER);
export const testSnapshot = (name) => send("POST", `${snapshotPath(name)}/test`, LATER);
export const pinSnapshot = (name, pinned) => send("PUT", `${snapshotPath(name)}/pin`, { body: { pinned } });

export const backUp = () => send("POST", "/backup/trigger");
export const exportAll = (includeHistory) =>
  send("POST", "/backup/export", { body: { includeHistory }, ...LATER });
/** What a restore would do; nothing is written. */
export const previewRestore = (request) =>
  send("POST", "/backup/restore", { body: { ...request, dryRun: true } });
/** Begin a restore; answers with its history entry. */
export const restore = (request) => send("POST", "/backup/restore", { body: request, ...LATER });
export const verify = () => send("POST", "/backup/verify", LATER);

/** A page of operations. `filter`: type, status, limit, cursor. */
export const history = (filter) => get("/backup/history", filter);
export const operation = (id) => get(`/backup/history/${part(id)}`);
export const cancel = (id) => send("DELETE", `/backup/history/${part(id)}`);
export const audit = (filter) => get("/backup/audit", filter);

export const tables = () => get("/backup/tables");
export const setPolicy = (entity, rule) => send("PUT", `/backup/policies/${part(entity)}`, { body: rule });
export const settings = () => get("/backup/settings");
