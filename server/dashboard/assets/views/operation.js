// An operation that runs in the service, followed until it ends.

import { el } from "../element.js";
import { on } from "../live.js";
import { count } from "../number.js";
import { bar } from "../parts.js";
import * as service from "../service.js";

const ASK_MS = 1500;

/** Follows one history entry; `changed(entry)` is called with each news of it. */
export class Operation {
  constructor(id, changed) {
    Object.assign(this, { id, changed, entry: null, timer: null });
    this.stop = on("backups", (entry) => String(entry?.id) === String(id) && this.ask());
    this.ask();
  }

  /** Whether it still runs, as far as is known. */
  get running() {
    return !this.entry || this.entry.status === "RUNNING";
  }

  async ask() {
    clearTimeout(this.timer);
    try {
      this.entry = await service.operation(this.id);
    } catch {
      // it is asked again: the service may be starting anew
    }
    if (this.timer === "ended") return;
    if (this.running) this.timer = setTimeout(() => this.ask(), ASK_MS);
    else this.stop();
    this.changed(this.entry);
  }

  /** Ask no more. */
  end() {
    clearTimeout(this.timer);
    this.timer = "ended";
    this.stop();
  }
}

/** How far an entry is, as words and a bar. */
export function progressOf(entry) {
  const progress = entry?.progress;
  const done = progress?.rowsDone ?? 0;
  const words = [
    progress?.phase,
    progress?.entity,
    done ? `${count(done)}${progress.rowsTotal ? ` of ${count(progress.rowsTotal)}` : ""} rows` : null,
  ];
  return el(
    "div.progress",
    {},
    el("p", { role: "status" }, words.filter(Boolean).join(" · ") || "Beginning …"),
    bar(done, progress?.rowsTotal, "Progress"),
  );
}
