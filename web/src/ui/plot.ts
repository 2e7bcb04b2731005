// SPDX-License-Identifier: Apache-2.0
//
// Plots over time that share a cursor: one for each metric with its limits, one for the count with the decisions.
// Colours come from the style sheet; a change of theme makes new ones. The owner calls destroy().
import uPlot from "uplot";
import type { Decision, Threshold } from "../api/types";
import { rangeOf, type Columns } from "../state/series";
import { figure } from "./format";

export interface PlotData {
  columns: Columns;
  metrics: readonly Threshold[];
  decisions: readonly Decision[];
  bounds: { min: number; max: number };
  from: number; // seconds
  to: number;
}

interface Palette {
  line: string; count: string; want: string; upper: string; lower: string; grid: string; text: string; up: string; down: string; panel: string;
}

function palette(): Palette {
  const style = getComputedStyle(document.documentElement);
  // A canvas does not know light-dark(); a hidden element's colour is computed.
  const probe = document.createElement("span");
  document.body.append(probe);
  const color = (name: string) => {
    probe.style.color = style.getPropertyValue(name);
    return getComputedStyle(probe).color;
  };
  const colors = {
    line: color("--plot-line"), count: color("--plot-count"), want: color("--plot-want"), upper: color("--plot-upper"),
    lower: color("--plot-lower"), grid: color("--line"), text: color("--muted"), up: color("--up"), down: color("--down"),
    panel: color("--panel"),
  };
  probe.remove();
  return colors;
}

export function limitsOf(metric: Threshold): Array<{ value: number; upper: boolean }> {
  const limits: Array<{ value: number; upper: boolean }> = [];
  if (metric.scaleUp !== undefined) limits.push({ value: metric.scaleUp, upper: true });
  if (metric.target !== undefined) limits.push({ value: metric.target, upper: true });
  if (metric.scaleDown !== undefined) limits.push({ value: metric.scaleDown, upper: false });
  return limits;
}

const kFont = "11px system-ui, sans-serif";

function base(colors: Palette, data: () => PlotData, width: number, height: number, hover: (u: uPlot) => void): uPlot.Options {
  const axis = { stroke: colors.text, font: kFont, grid: { stroke: colors.grid, width: 1 }, ticks: { stroke: colors.grid, width: 1 } };
  return {
    width, height,
    series: [{}],
    legend: { show: false },
    padding: [8, 18, 0, 0],
    cursor: { sync: { key: "history", setSeries: false }, drag: { x: false, y: false }, points: { size: 6 }, y: false },
    scales: { x: { time: true, range: () => [data().from, data().to] } },
    axes: [
      { ...axis, size: 26, values: timeLabels },
      { ...axis, size: 52, space: 26, values: (_u, splits) => splits.map(figure) },
    ],
    hooks: { setCursor: [hover] },
  };
}

// 24 hours, whatever the locale of the library.
function timeLabels(_u: uPlot, splits: number[], _axis: number, _space: number, step: number): string[] {
  const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
  const clock = new Intl.DateTimeFormat(undefined, {
    hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...(step < 60 ? { second: "2-digit" } : {}),
  });
  return splits.map((at) => {
    const date = new Date(at * 1000);
    return date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0 ? day.format(date) : clock.format(date);
  });
}

// A dashed line across, with its number at the right.
function drawLimit(u: uPlot, colors: Palette, value: number, color: string): void {
  const { ctx, bbox } = u;
  const y = Math.round(u.valToPos(value, "y", true));
  if (y < bbox.top || y > bbox.top + bbox.height) return;
  ctx.save();
  ctx.strokeStyle = color;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  const text = figure(value);
  ctx.font = kFont.replace("11", String(11 * devicePixelRatio));
  ctx.textAlign = "right";
  const width = ctx.measureText(text).width;
  ctx.fillStyle = colors.panel;
  ctx.globalAlpha = 0.8;
  ctx.fillRect(bbox.left + bbox.width - width - 8 * devicePixelRatio, y - 15 * devicePixelRatio, width + 6 * devicePixelRatio, 13 * devicePixelRatio);
  ctx.globalAlpha = 1;
  ctx.fillStyle = color;
  ctx.fillText(text, bbox.left + bbox.width - 5 * devicePixelRatio, y - 4 * devicePixelRatio);
  ctx.restore();
}

// A triangle at each decision that changes the count.
function drawDecisions(u: uPlot, colors: Palette, decisions: readonly Decision[]): void {
  const { ctx, bbox } = u;
  const size = 5 * devicePixelRatio;
  ctx.save();
  for (const decision of decisions) {
    if (decision.action === "no_change") continue;
    const up = decision.action === "scale_up";
    const x = u.valToPos(Date.parse(decision.time) / 1000, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    const y = Math.min(bbox.top + bbox.height - size, Math.max(bbox.top + size, u.valToPos(decision.to, "y", true)));
    ctx.fillStyle = up ? colors.up : colors.down;
    ctx.strokeStyle = colors.panel;
    ctx.lineWidth = devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(x, up ? y - size : y + size);
    ctx.lineTo(x - size, up ? y + size * 0.7 : y - size * 0.7);
    ctx.lineTo(x + size, up ? y + size * 0.7 : y - size * 0.7);
    ctx.closePath();
    ctx.fill();
    ctx.stroke();
  }
  ctx.restore();
}

export class HistoryPlots {
  private plots: uPlot[] = [];

  // `hover` gets seconds, or nothing when the pointer has left.
  constructor(private readonly host: HTMLElement, private data: PlotData, private readonly hover: (at: number | undefined, left: number) => void) {
    this.build();
  }

  // New data in the same plots, so that what the pointer shows stays. The metrics have to be the same.
  update(data: PlotData): void {
    this.data = data;
    this.plots.forEach((plot, index) => plot.setData(this.columnsAt(index)));
  }

  destroy(): void {
    for (const plot of this.plots) plot.destroy();
    this.plots = [];
  }

  private build(): void {
    const colors = palette();
    const width = Math.max(260, this.host.clientWidth);
    this.data.metrics.forEach((metric, index) => this.plots.push(this.metricPlot(index, metric, colors, width)));
    this.plots.push(this.countPlot(this.data.metrics.length, colors, width));
  }

  // Of the plot at that place: one for each metric, then the count.
  private columnsAt(index: number): uPlot.AlignedData {
    const { columns, metrics } = this.data;
    const metric = metrics[index];
    return metric === undefined ? [columns.times, columns.desired, columns.count] : [columns.times, columns.metrics.get(metric.name) ?? []];
  }

  private heading(text: string): HTMLElement {
    const box = document.createElement("div");
    const title = document.createElement("div");
    title.className = "plot-title";
    title.textContent = text;
    box.append(title);
    this.host.append(box);
    return box;
  }

  private readonly onCursor = (u: uPlot) => {
    const { left, idx } = u.cursor;
    if (left === undefined || left < 0 || idx === null || idx === undefined) return this.hover(undefined, 0);
    this.hover(u.posToVal(left, "x"), left);
  };

  private metricPlot(index: number, metric: Threshold, colors: Palette, width: number): uPlot {
    const values = () => this.data.columns.metrics.get(metric.name) ?? [];
    const limits = limitsOf(metric);
    const options = base(colors, () => this.data, width, 130, this.onCursor);
    options.series.push({ stroke: colors.line, width: 1.5, spanGaps: false, points: { show: () => values().length < 3 } });
    options.scales = { ...options.scales, y: { range: () => rangeOf(values(), limits.map((limit) => limit.value)) } };
    options.hooks!.draw = [(u) => {
      for (const limit of limits) drawLimit(u, colors, limit.value, limit.upper ? colors.upper : colors.lower);
    }];
    return new uPlot(options, this.columnsAt(index), this.heading(metric.name));
  }

  private countPlot(index: number, colors: Palette, width: number): uPlot {
    const options = base(colors, () => this.data, width, 150, this.onCursor);
    const stepped = uPlot.paths.stepped!({ align: 1 });
    options.series.push(
      { stroke: colors.want, width: 1, dash: [3, 3], paths: stepped, points: { show: false } },
      { stroke: colors.count, width: 2, paths: stepped, fill: `color-mix(in srgb, ${colors.count} 12%, transparent)`, points: { show: false } },
    );
    options.axes![1]!.incrs = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 10000];
    options.scales = { ...options.scales, y: { range: () => countRange([...this.data.columns.count, ...this.data.columns.desired], this.data.bounds) } };
    options.hooks!.draw = [(u) => {
      const { bounds, decisions } = this.data;
      drawLimit(u, colors, bounds.max, colors.text);
      drawLimit(u, colors, bounds.min, colors.text);
      drawDecisions(u, colors, decisions);
    }];
    return new uPlot(options, this.columnsAt(index), this.heading("instances"));
  }
}

// From 0, so that a step looks as large as it is; a bound that is far away stays out of sight.
function countRange(values: readonly (number | null)[], bounds: { min: number; max: number }): [number, number] {
  const top = Math.max(1, bounds.min, ...values.map((value) => value ?? 0));
  return [0, Math.max(top * 1.15, bounds.max <= top * 2.5 ? bounds.max * 1.1 : 0)];
}
