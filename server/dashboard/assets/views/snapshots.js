// The snapshots that there are: how good they are, and what can be done with them.

import { ask, say } from "../dialog.js";
import { el } from "../element.js";
import { on } from "../live.js";
import { empty, heading, refusal } from "../parts.js";
import * as service from "../service.js";
import { state } from "../state.js";
import { ago, until } from "../time.js";
import { Operation, progressOf } from "./operation.js";
import { snapshotTable } from "./snapshot_table.js";
import { timeline } from "./timeline.js";

/** The view of snapshots. */
export function snapshots(page) {
  const own = new Snapshots(page);
  return {
    title: () => "Snapshots",
    render: () => own.render(),
    end: () => own.end(),
    keys: [["n", "Back up now", () => own.run("Backup", service.backUp)]],
  };
}

class Snapshots {
  constructor(page) {
    Object.assign(this, { page, items: null, error: null, refused: null, operation: null, what: "" });
    this.stop = on("backups", () => this.load());
    this.load();
  }

  end() {
    this.stop();
    this.operation?.end();
  }

  async load() {
    try {
      const answer = await service.snapshots();
      this.items = answer.items.toSorted((a, b) => new Date(b.createdAt) - new Date(a.createdAt));
      this.error = null;
    } catch (error) {
      this.error = error;
    }
    this.page.draw();
  }

  /** Start an operation and follow it. */
  async run(what, order) {
    this.refused = null;
    try {
      const entry = await order();
      this.what = what;
      this.operation?.end();
      this.operation = new Operation(entry.id, (now) => this.followed(now));
    } catch (error) {
      this.refused = error;
    }
    this.page.draw();
  }

  followed(entry) {
    if (entry && entry.status !== "RUNNING") {
      say(
        `${this.what}: ${entry.status === "UNCHANGED" ? "nothing has changed since the last snapshot" : entry.status.toLowerCase()}.`,
      );
      if (entry.error) this.refused = { message: entry.error };
      this.operation = null;
      this.load();
      this.page.refresh();
    }
    this.page.draw();
  }

  async change(order, done) {
    this.refused = null;
    try {
      await order();
      say(done);
    } catch (error) {
      this.refused = error;
    }
    await this.load();
  }

  /** Keep a snapshot whatever the retention says, or no longer. */
  async pin(item) {
    const done = item.pinned ? "Unpinned." : "Pinned: it stays.";
    await this.change(() => service.pinSnapshot(item.name, !item.pinned), done);
  }

  /** Restore it for trial into a throw-away database. */
  async test(item) {
    await this.run("Restore test", () => service.testSnapshot(item.name));
  }

  async remove(item) {
    const yes = await ask({
      title: "Delete this snapshot?",
      body: [
        el("p", {}, el("code", {}, item.name)),
        el("p", {}, "The file is removed for good. Both databases stay as they are."),
      ],
      yes: "Delete it",
      danger: true,
    });
    if (yes) await this.change(() => service.removeSnapshot(item.name), "The snapshot is deleted.");
  }

  async exportAll() {
    let includeHistory = false;
    const yes = await ask({
      title: "Export everything to a file?",
      body: [
        el(
          "p",
          {},
          "All tables of MAIN go to one compressed JSON file in the backup folder. It can be downloaded from the list afterwards.",
        ),
        el(
          "label.choice",
          {},
          el("input", { type: "checkbox", onchange: (event) => (includeHistory = event.target.checked) }),
          "with the history of backups",
        ),
      ],
      yes: "Export",
    });
    if (yes) await this.run("Export", () => service.exportAll(includeHistory));
  }

  render() {
    const next = state.status?.backup.next;
    const last = state.status?.backup.last;
    return [
      heading(
        "Snapshots",
        [
          "Whole copies of MAIN that can be restored into either side. ",
          last?.finishedAt && ["Last one ", ago(last.finishedAt), ". "],
          next && ["Next ", until(typeof next === "string" ? next : next.at), "."],
        ],
        el("button", { type: "button", onclick: () => this.exportAll() }, "Export …"),
        el(
          "button.primary",
          {
            type: "button",
            disabled: Boolean(this.operation),
            onclick: () => this.run("Backup", service.backUp),
          },
          "Back up now",
        ),
      ),
      this.operation &&
        el(
          "section.card",
          { "aria-label": "Running" },
          el("h2", {}, `${this.what} is running`),
          progressOf(this.operation.entry),
        ),
      this.refused && refusal(this.refused),
      this.error && refusal(this.error),
      this.items === null
        ? !this.error && el("p.muted", {}, "Loading …")
        : this.items.length
          ? [timeline(this.items), snapshotTable(this)]
          : this.none(),
    ];
  }

  none() {
    return empty(
      "There is no snapshot yet.",
      "The first comes by itself",
      state.status?.backup.next ? " soon" : " once the service works",
      ", or now with “Back up now”.",
    );
  }
}
