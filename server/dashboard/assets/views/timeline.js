// Snapshots along time, each as high as it is large.

import { el } from "../element.js";
import { bytes, many } from "../number.js";
import { clock } from "../time.js";

const WIDTH = 1000;
const HEIGHT = 96;
const MOST = 300;
const SHORTEST_MS = 600_000;

/** The newest snapshots as bars from the oldest of them to now. */
export function timeline(items) {
  const newest = items.slice(0, MOST);
  const times = newest.map((item) => new Date(item.createdAt).getTime());
  const to = Math.max(Date.now(), ...times);
  const from = Math.min(to - SHORTEST_MS, ...times);
  const largest = Math.max(...newest.map((item) => item.sizeBytes ?? 0), 1);
  const place = (time) => 6 + ((time - from) / Math.max(to - from, 1)) * (WIDTH - 12);
  const bars = newest.map((item, index) => {
    const height = 8 + ((item.sizeBytes ?? 0) / largest) * (HEIGHT - 16);
    const title = `${clock(item.createdAt)}, ${many(item.recordCount ?? 0, "row")}, ${bytes(item.sizeBytes)}`;
    return el(
      "svg:g",
      { class: item.testedAt ? "tested" : item.verifiedAt ? "verified" : "plain" },
      el(
        "svg:rect",
        { x: place(times[index]) - 3, y: HEIGHT - height, width: 6, height, rx: 2 },
        el("svg:title", {}, title),
      ),
    );
  });
  const oldest = new Date(from).toISOString();
  return el(
    "figure.card.timeline",
    {},
    el(
      "svg:svg",
      {
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
        preserveAspectRatio: "none",
        role: "img",
        "aria-label": `${many(newest.length, "snapshot")} since ${clock(oldest)}; each bar is one, as high as its file is large`,
      },
      bars,
    ),
    el(
      "figcaption",
      {},
      el("span", {}, clock(oldest)),
      el("span.legend", {}, el("span.verified", {}, "verified"), el("span.tested", {}, "restore tested")),
      el("span", {}, "now"),
    ),
  );
}
