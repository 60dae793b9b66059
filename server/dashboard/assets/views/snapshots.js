// The snapshots that there are: how good they are, and what can be done with them.

import { ask, say } from "../dialog.js";
import { el } from "../element.js";
import { on } from "../live.js";
import { bytes, count } from "../number.js";
import { empty, heading, number, notice, pill, refusal, table } from "../parts.js";
import { part } from "../request.js";
import * as service from "../service.js";
import { state } from "../state.js";
import { ago, moment, until } from "../time.js";
import { Operation, progressOf } from "./operation.js";
import { timeline } from "./timeline.js";

const KINDS = { FULL: "backup", EXPORT: "export", SAFETY: "before a restore" };

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
          ? [timeline(this.items), this.list()]
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

  list() {
    return table(
      "Snapshots",
      ["Taken", "Kind", number("Rows"), number("Size"), "Known to be good", "What can be done"],
      this.items.map((item) => this.line(item)),
    );
  }

  line(item) {
    const pin = item.pinned ? "Unpin" : "Pin";
    return el(
      "tr",
      { "data-key": item.name },
      el(
        "th",
        { scope: "row", title: item.name },
        moment(item.createdAt),
        el("br"),
        el("span.muted", {}, ago(item.createdAt)),
      ),
      el("td", {}, KINDS[item.type] ?? item.type),
      el("td.number", {}, count(item.recordCount)),
      el("td.number", {}, bytes(item.sizeBytes)),
      el("td", {}, el("div.marks", {}, marks(item))),
      el(
        "td",
        {},
        el(
          "div.actions",
          {},
          el(
            "a.button.small",
            { href: `#/restore/${part(item.name)}`, "aria-label": `Restore ${item.name}` },
            "Restore …",
          ),
          el(
            "a.button.small",
            {
              href: service.contentOf(item.name),
              download: item.name,
              "aria-label": `Download ${item.name}`,
            },
            "Download",
          ),
          el(
            "button.small",
            {
              type: "button",
              "aria-label": `${pin} ${item.name}`,
              title: "A pinned snapshot is never removed by itself",
              onclick: () =>
                this.change(
                  () => service.pinSnapshot(item.name, !item.pinned),
                  item.pinned ? "Unpinned." : "Pinned: it stays.",
                ),
            },
            pin,
          ),
          el(
            "button.small",
            {
              type: "button",
              "aria-label": `Delete ${item.name}`,
              disabled: item.pinned,
              onclick: () => this.remove(item),
            },
            "Delete …",
          ),
        ),
      ),
    );
  }
}

function marks(item) {
  return [
    item.fault && pill("bad", "damaged", item.fault),
    item.missingAt && pill("bad", "file is gone", `Found missing ${item.missingAt}`),
    item.verifiedAt
      ? pill("good", "verified", `Read again and its checksums compared ${item.verifiedAt}`)
      : pill("calm", "not verified yet"),
    item.testedAt &&
      item.testStatus !== "FAILED" &&
      pill("good", "restore tested", `Restored into a throw-away database and compared ${item.testedAt}`),
    item.pinned && el("span.pill", {}, "★ pinned"),
  ];
}

/** What a page says when the name in its address leads to no snapshot. */
export const unknownSnapshot = (name) =>
  notice("wait", `There is no snapshot ${name}.`, "It may have been removed meanwhile.");
