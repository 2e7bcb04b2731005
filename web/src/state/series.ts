// SPDX-License-Identifier: Apache-2.0
//
// A history as uPlot wants it: columns over one time axis. Live points come from summaries until the history is read
// again. Plain functions.
import type { Decision, History, HistoryPoint, PolicySummary } from "../api/types";

export interface Columns {
  times: number[]; // seconds, rising
  count: Array<number | null>;
  desired: Array<number | null>;
  metrics: Map<string, Array<number | null>>;
}

export function columnsOf(history: History, live: readonly HistoryPoint[]): Columns {
  const points: HistoryPoint[] = [];
  let last = -Infinity;
  for (const point of [...history.points, ...live]) {
    const at = Date.parse(point.time);
    if (!(at > last)) continue; // out of order or no time
    last = at;
    points.push(point);
  }
  const metrics = new Map<string, Array<number | null>>();
  for (const { name } of history.metrics) metrics.set(name, points.map((point) => point.values[name] ?? null));
  return {
    times: points.map((point) => Date.parse(point.time) / 1000),
    count: points.map((point) => point.count),
    desired: points.map((point) => point.desired),
    metrics,
  };
}

export function livePoint(policy: PolicySummary, now: number): HistoryPoint {
  return {
    time: new Date(now).toISOString(),
    count: policy.currentInstances,
    desired: policy.desiredInstances,
    values: Object.fromEntries(policy.signals.map((signal) => [signal.name, signal.value])),
  };
}

// The decision in force at that time: the newest that is not later.
export function decisionAt(decisions: readonly Decision[], seconds: number): Decision | undefined {
  let found: Decision | undefined;
  for (const decision of decisions) {
    if (Date.parse(decision.time) / 1000 > seconds) break;
    found = decision;
  }
  return found;
}

// Room above and below, with the limits in sight; 0 is in sight where the values are near it.
export function rangeOf(values: readonly (number | null)[], limits: readonly number[]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of [...values, ...limits]) {
    if (value === null || !Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return [0, 1];
  if (low > 0 && low < high * 0.6) low = 0;
  const room = (high - low || Math.abs(high) || 1) * 0.08;
  return [low === 0 ? 0 : low - room, high + room];
}
