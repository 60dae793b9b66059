// The queue of rows that both sides changed, grouped by table and kind, and the one that is looked at.

import { say } from "../dialog.js";
import { el } from "../element.js";
import { on } from "../live.js";
import { many } from "../number.js";
import { heading, refusal } from "../parts.js";
import * as service from "../service.js";
import { decideMany } from "./bulk.js";
import { decideAll } from "./bulk_all.js";
import { Conflict } from "./conflict.js";
import { address, filters, id, invitation, list, nothing } from "./queue.js";

const PAGE = 100;

/** The view of conflicts; `rest` names the one that is looked at. */
export function conflicts(page, rest) {
  const own = new Queue(page);
  own.look(rest);
  return {
    title: () => "Conflicts",
    render: () => own.render(),
    move: (parts) => own.look(parts),
    end: () => own.end(),
    keys: [
      ["j", "The next one", () => own.step(1)],
      ["k", "The one before", () => own.step(-1)],
      ["x", "Mark it for a decision on many", () => own.mark()],
      ["m", "Take MAIN's row", () => own.current?.choose("MAIN")],
      ["b", "Take BACKUP's row", () => own.current?.choose("BACKUP")],
      ["g", "Merge column by column", () => own.current?.choose("MERGE")],
      ["a", "Write the decision", () => own.current?.decide()],
      ["d", "All columns, or only those that differ", () => own.current?.toggleColumns()],
    ],
  };
}

class Queue {
  constructor(page) {
    this.page = page;
    this.filter = { status: "open", entity: "", type: "" };
    this.items = null;
    this.cursor = null;
    this.error = null;
    this.marked = new Set();
    this.current = null;
    this.stops = [on("conflicts", () => this.soon())];
    this.load();
  }

  end() {
    this.stops.forEach((stop) => stop());
    clearTimeout(this.timer);
    this.timer = -1;
    this.current?.end();
  }

  /** Look at the list again soon; news come in bursts. */
  soon() {
    if (this.timer) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      this.load();
      this.current?.check();
    }, 300);
  }

  async load(more = false) {
    const asked = JSON.stringify(this.filter);
    try {
      const answer = await service.conflicts({
        ...this.filter,
        limit: Math.min(500, Math.max(PAGE, more ? 0 : (this.items?.length ?? 0))),
        cursor: more ? this.cursor : null,
      });
      if (asked !== JSON.stringify(this.filter)) return; // the filter changed meanwhile
      this.items = more ? [...this.items, ...answer.items] : answer.items;
      this.cursor = answer.nextCursor;
      this.error = null;
      const there = new Set(this.items.map(id));
      for (const one of this.marked) if (!there.has(one)) this.marked.delete(one);
    } catch (error) {
      this.error = error;
    }
    this.page.draw();
  }

  /** Show the conflict that the address names. */
  look([entity, ...key]) {
    this.current?.end();
    setTimeout(
      () => document.querySelector('.list [aria-current="true"]')?.scrollIntoView?.({ block: "nearest" }),
      50,
    );
    this.current = entity ? new Conflict(this.page, entity, key.join("/"), () => this.decided()) : null;
  }

  get place() {
    return this.items?.findIndex((item) => this.current?.is(item)) ?? -1;
  }

  step(by) {
    const next = this.items?.[Math.max(0, this.place + by)] ?? this.items?.[0];
    if (next) this.page.go(address(next));
  }

  /** After a decision: on to the next one that is open. */
  decided() {
    const place = this.place;
    const next = place < 0 ? null : (this.items[place + 1] ?? this.items[place - 1]);
    this.items = this.items?.filter((item) => !this.current.is(item)) ?? null;
    this.page.go(next ? address(next) : "conflicts");
    this.load();
    this.page.refresh();
  }

  mark(item = this.current && this.items?.[this.place]) {
    if (!item) return;
    if (!this.marked.delete(id(item))) this.marked.add(id(item));
    this.page.draw();
  }

  choose(name, value) {
    this.filter = { ...this.filter, [name]: value };
    this.items = null;
    this.marked.clear();
    this.load();
  }

  render() {
    const open = this.filter.status === "open";
    return [
      heading(
        "Conflicts",
        "Rows that differ because both sides changed them. Nothing is lost: both versions are kept until somebody decides.",
      ),
      filters(this),
      this.error && refusal(this.error),
      this.items?.length === 0 && !this.current
        ? nothing(this, open)
        : el(
            "div.split",
            { class: this.current ? "reading" : "" },
            list(this, open),
            this.current ? this.current.render() : invitation(),
          ),
    ];
  }

  markAll(yes) {
    this.marked = new Set(yes ? this.items.map(id) : []);
    this.page.draw();
  }

  async many() {
    const chosen = this.items.filter((item) => this.marked.has(id(item)));
    const done = await decideMany(chosen);
    if (done) await this.afterwards(done.decided, done.left.length);
  }

  async all() {
    const done = await decideAll(this.filter);
    if (done) await this.afterwards(done.decided, done.left);
  }

  async afterwards(decided, left) {
    say(`${many(decided, "row")} decided${left ? `, ${many(left, "row")} left open` : ""}.`);
    this.marked.clear();
    this.page.go("conflicts");
    await this.load();
    await this.page.refresh();
  }
}
