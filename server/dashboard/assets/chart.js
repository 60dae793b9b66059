// Small charts of the last minutes, drawn by uPlot from what arrived while the page was open.

import uPlot from "./vendor/uplot/uPlot.esm.js";
import { el } from "./element.js";

const KEEP = 240;

/** The last points of one or more figures. */
export class Series {
  constructor(names) {
    this.names = names;
    this.data = [[], ...names.map(() => [])];
  }

  /** Add a point, `values` in the order of the names. */
  add(seconds, values) {
    if (seconds <= (this.data[0].at(-1) ?? 0)) return;
    [seconds, ...values].forEach((value, index) => {
      this.data[index].push(value ?? null);
      if (this.data[index].length > KEEP) this.data[index].shift();
    });
  }
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/**
 * A chart that stays when the view around it is drawn anew.
 * @param {string} key tells charts of one page apart
 * @param {Series} series
 * @param {Object} options label (for screen readers), colours (names of custom properties), height, axes, unit(value)
 */
export class Chart {
  constructor(key, series, { label, colours, height = 44, axes = false, unit = String }) {
    Object.assign(this, { key, series, label, colours, height, axes, unit, plot: null, place: null });
    this.theme = () => this.build();
    window.addEventListener("theme", this.theme);
    this.observer = new ResizeObserver(([entry]) => this.resize(entry.contentRect.width));
  }

  /** The element to put into the view, and its current data drawn into the one that stands there. */
  element() {
    const place = el("div.chart", {
      "data-key": this.key,
      "data-keep": "",
      role: "img",
      "aria-label": this.label,
    });
    queueMicrotask(() => this.settle(document.querySelector(`[data-key="${this.key}"]`)));
    return place;
  }

  settle(place) {
    if (!place) return;
    if (this.place !== place) {
      this.observer.disconnect();
      this.place = place;
      this.build();
      this.observer.observe(place);
    } else this.plot?.setData(this.series.data);
  }

  build() {
    if (!this.place?.isConnected) return;
    this.plot?.destroy();
    const axis = {
      stroke: colour("--muted"),
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { show: false },
      font: "11px system-ui",
    };
    const options = {
      width: Math.max(40, this.place.clientWidth),
      height: this.height,
      padding: this.axes ? [8, 4, 0, 0] : [3, 1, 3, 1],
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      cursor: { show: false },
      legend: { show: false },
      scales: { x: { time: true }, y: { range: (_plot, _low, high) => [0, Math.max(high ?? 0, 1) * 1.1] } },
      axes: this.axes
        ? [
            { ...axis, size: 24 },
            { ...axis, size: 46, values: (_plot, ticks) => ticks.map(this.unit) },
          ]
        : [{ show: false }, { show: false }],
      series: [
        {},
        ...this.colours.map((name) => ({
          stroke: colour(name),
          width: 1.5,
          points: { show: false },
          fill: `${colour(name)}1a`,
          spanGaps: false,
        })),
      ],
    };
    this.plot = new uPlot(options, this.series.data, this.place);
  }

  resize(width) {
    if (this.plot && width > 40 && Math.abs(width - this.plot.width) > 1)
      this.plot.setSize({ width, height: this.height });
  }

  /** Take it off the page for good. */
  end() {
    window.removeEventListener("theme", this.theme);
    this.observer.disconnect();
    this.plot?.destroy();
    this.plot = null;
  }
}
