// The queue of rows that both sides changed, grouped by table and kind, and the one that is looked at.

import { say } from "../dialog.js";
import { el } from "../element.js";
import { on } from "../live.js";
import { labelOf } from "../merge.js";
import { many } from "../number.js";
import { chooser, empty, heading, refusal } from "../parts.js";
import { part } from "../request.js";
import * as service from "../service.js";
import { state } from "../state.js";
import { ago } from "../time.js";
import { conflictWords } from "../words.js";
import { decideMany } from "./bulk.js";
import { Conflict } from "./conflict.js";

const PAGE = 100;
const id = (item) => `${item.entity}/${item.entityId}`;

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
      this.filters(),
      this.error && refusal(this.error),
      this.items?.length === 0 && !this.current
        ? this.nothing(open)
        : el(
            "div.split",
            { class: this.current ? "reading" : "" },
            this.list(open),
            this.current ? this.current.render() : this.invitation(),
          ),
    ];
  }

  filters() {
    const known = new Set([
      ...(state.stats?.tables ?? []).map((table) => table.entity),
      ...(this.items ?? []).map((item) => item.entity),
    ]);
    const types = new Set([
      ...Object.keys(state.stats?.conflicts?.byType ?? {}),
      ...(this.items ?? []).map((item) => item.type),
    ]);
    if (this.filter.entity) known.add(this.filter.entity);
    return el(
      "div.filters",
      { class: this.current ? "reading" : "", role: "search", "aria-label": "Filters" },
      chooser(
        "Show",
        this.filter.status,
        [
          ["open", "open ones"],
          ["resolved", "decided ones"],
          ["converged", "settled by themselves"],
        ],
        (value) => this.choose("status", value),
      ),
      chooser(
        "Table",
        this.filter.entity,
        [["", "all"], ...[...known].sort().map((name) => [name, name])],
        (value) => this.choose("entity", value),
      ),
      chooser(
        "Kind",
        this.filter.type,
        [["", "all"], ...[...types].sort().map((type) => [type, conflictWords(type)[0]])],
        (value) => this.choose("type", value),
      ),
    );
  }

  nothing(open) {
    const filtered = this.filter.entity || this.filter.type;
    if (filtered) return empty("Nothing matches these filters.");
    return open
      ? empty(
          "No row waits for a decision.",
          "When both sides change the same row, it appears here with both versions.",
        )
      : empty("Nothing yet.", "Decisions stay readable here, with the version that was not taken.");
  }

  invitation() {
    return el(
      "div.empty",
      {},
      el("p.strong", {}, "Choose a row to see both versions side by side."),
      el(
        "p",
        {},
        "Keys: ",
        el("kbd", {}, "j"),
        " and ",
        el("kbd", {}, "k"),
        " go through the list, ",
        el("kbd", {}, "?"),
        " shows all.",
      ),
    );
  }

  list(open) {
    const groups = Map.groupBy ? Map.groupBy(this.items ?? [], groupOf) : grouped(this.items ?? []);
    return el(
      "nav.list",
      { "aria-label": "Conflicts" },
      this.items === null && el("p.foot.muted", {}, "Loading …"),
      el(
        "div.groups",
        {},
        [...groups].map(([group, items]) => [
          el("h3", { "data-key": `h ${group}` }, el("span", {}, group), el("span", {}, items.length)),
          el(
            "ul",
            { "data-key": `l ${group}` },
            items.map((item) => this.entry(item, open)),
          ),
        ]),
      ),
      this.cursor &&
        el("p.foot", {}, el("button.small", { type: "button", onclick: () => this.load(true) }, "More")),
      open && this.items?.length > 0 && this.foot(),
    );
  }

  entry(item, open) {
    const here = this.current?.is(item);
    const box =
      open &&
      el("input", {
        type: "checkbox",
        checked: this.marked.has(id(item)),
        "aria-label": `Mark ${item.entity} ${item.entityId}`,
        onchange: () => this.mark(item),
      });
    const columns = item.changedColumns ?? [];
    const label = labelOf(item);
    const what =
      item.status === "OPEN"
        ? columns.slice(0, 3).join(", ") + (columns.length > 3 ? ` and ${columns.length - 3} more` : "")
        : `${item.resolution ?? "settled"}${item.resolvedBy ? ` by ${item.resolvedBy}` : ""}`;
    return el(
      "li",
      { "data-key": id(item) },
      box,
      el(
        "a",
        { href: `#/${address(item)}`, "aria-current": here ? "true" : null },
        el(
          "span.head",
          {},
          el("span.label", { class: label ? "" : "mono" }, label ?? item.entityId),
          ago(item.resolvedAt ?? item.detectedAt),
        ),
        label && el("span.name", { title: item.entityId }, item.entityId),
        el("span.what", {}, what || "the whole row"),
      ),
    );
  }

  foot() {
    const number = this.marked.size;
    const all = number === this.items.length;
    return el(
      "div.foot",
      {},
      el(
        "button.small",
        { type: "button", onclick: () => this.markAll(!all) },
        all ? "Unmark all" : "Mark all",
      ),
      el(
        "button.small.primary",
        { type: "button", disabled: number === 0, onclick: () => this.many() },
        `Decide ${number || ""} …`,
      ),
    );
  }

  markAll(yes) {
    this.marked = new Set(yes ? this.items.map(id) : []);
    this.page.draw();
  }

  async many() {
    const chosen = this.items.filter((item) => this.marked.has(id(item)));
    const done = await decideMany(chosen);
    if (done === null) return;
    say(
      `${many(done.decided, "row")} decided${done.left.length ? `, ${many(done.left.length, "row")} left open` : ""}.`,
    );
    this.marked.clear();
    this.page.go("conflicts");
    await this.load();
    await this.page.refresh();
  }
}

const groupOf = (item) => `${item.entity}: ${conflictWords(item.type)[0].toLowerCase()}`;

function grouped(items) {
  const groups = new Map();
  for (const item of items) groups.set(groupOf(item), [...(groups.get(groupOf(item)) ?? []), item]);
  return groups;
}

const address = (item) => `conflicts/${part(item.entity)}/${part(item.entityId)}`;
