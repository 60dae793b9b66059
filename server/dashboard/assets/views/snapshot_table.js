// The snapshots as a table: how good each is known to be, and what can be done with it.

import { el } from "../element.js";
import { bytes, count } from "../number.js";
import { notice, number, pill, table } from "../parts.js";
import { part } from "../request.js";
import { fileOf } from "../service.js";
import { ago, moment } from "../time.js";

const KINDS = { FULL: "backup", EXPORT: "export" };
const HEADS = ["Taken", "Kind", number("Rows"), number("Size"), "Known to be good", "What can be done"];

/** All of them; `own` carries out what is clicked. */
export const snapshotTable = (own) =>
  table(
    "Snapshots",
    HEADS,
    own.items.map((item) => line(own, item)),
  );

function line(own, item) {
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
    el("td", {}, KINDS[item.type] ?? item.type, item.side === "BACKUP" && el("div.muted", {}, "of BACKUP")),
    el("td.number", {}, count(item.recordCount)),
    el("td.number", {}, bytes(item.sizeBytes)),
    el("td", {}, el("div.marks", {}, marks(item))),
    el("td", {}, el("div.actions", {}, item.missingAt ? null : actions(own, item), removal(own, item))),
  );
}

function actions(own, item) {
  const { name, pinned } = item;
  const button = (word, title, onclick, more = {}) =>
    el("button.small", { type: "button", "aria-label": `${word} ${name}`, title, onclick, ...more }, word);
  return [
    el("a.button.small", { href: `#/restore/${part(name)}`, "aria-label": `Restore ${name}` }, "Restore …"),
    el(
      "a.button.small",
      { href: fileOf(name), download: name, "aria-label": `Download ${name}` },
      "Download",
    ),
    button("Test", "Restore it for trial into a throw-away database", () => own.test(item), {
      disabled: Boolean(own.operation),
    }),
    button(pinned ? "Unpin" : "Pin", "A pinned snapshot is never removed by itself", () => own.pin(item)),
  ];
}

const removal = (own, item) =>
  el(
    "button.small",
    {
      type: "button",
      "aria-label": `Delete ${item.name}`,
      disabled: item.pinned,
      onclick: () => own.remove(item),
    },
    "Delete …",
  );

function marks({ fault, missingAt, verifiedAt, testedAt, testStatus, pinned }) {
  const tested = {
    COMPLETED: ["good", "restore tested", `Restored into a throw-away database and compared ${testedAt}`],
    NOT_TESTABLE: ["wait", "not testable", "The throw-away database cannot hold it; the history says why"],
    FAILED: ["bad", "restore test failed", "The history says why"],
  }[testStatus];
  return [
    fault && pill("bad", "damaged", fault),
    missingAt && pill("bad", "file is gone", `Found missing ${missingAt}`),
    verifiedAt
      ? pill("good", "verified", `Read again and its checksums compared ${verifiedAt}`)
      : pill("calm", "not verified yet"),
    testedAt && tested && pill(...tested),
    pinned && el("span.pill", {}, "★ pinned"),
  ];
}

/** What a page says when the name in its address leads to no snapshot. */
export const unknownSnapshot = (name) =>
  notice("wait", `There is no snapshot ${name}.`, "It may have been removed meanwhile.");
