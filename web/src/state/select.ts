// SPDX-License-Identifier: Apache-2.0
//
// Filter and order of the list of policies: plain functions over summaries.
import type { PolicySummary, Signal } from "../api/types";
import { keyOf } from "./fleet";

export type State = PolicySummary["state"];

// The order in which a person should look at them.
export const kStates: readonly State[] = [
  "stalled", "degraded", "paused", "scaling", "held", "pending", "suspended", "dry-run", "observing", "ok",
];
const rank = new Map(kStates.map((state, index) => [state, index]));

export const kNeedsAttention: readonly State[] = ["stalled", "degraded"];

export type SortKey = "state" | "name" | "count" | "pressure" | "decision" | "next";
export interface Sort {
  by: SortKey;
  down: boolean;
}

// Every word has to occur somewhere in what the row says.
export function matches(policy: PolicySummary, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const text = [
    keyOf(policy), policy.stack, policy.state, policy.advisor, policy.held, policy.lastDecision?.reason ?? "",
    policy.lastDecision?.message ?? "", policy.lastDecision?.action ?? "", ...policy.signals.map((signal) => signal.name),
  ].join("\n").toLowerCase();
  return words.every((word) => text.includes(word));
}

export function wordsOf(filter: string): string[] {
  return filter.toLowerCase().split(/\s+/).filter((word) => word !== "");
}

// Where the most pressing signal stands: 0 at its lower limit, 1 at its upper one; above 1 it asks for more.
export function pressure(policy: PolicySummary): number {
  return Math.max(-1, ...policy.signals.map(pressureOf));
}

export function pressureOf(signal: Signal): number {
  if (signal.value === null) return -1;
  if (signal.scaleUp !== undefined && signal.scaleUp !== 0) return signal.value / signal.scaleUp;
  if (signal.target !== undefined && signal.target !== 0) return signal.value / signal.target;
  return -1;
}

function compare(a: PolicySummary, b: PolicySummary, by: SortKey): number {
  switch (by) {
    case "state":
      return (rank.get(a.state) ?? 99) - (rank.get(b.state) ?? 99);
    case "name":
      return 0;
    case "count":
      return (a.currentInstances ?? -1) - (b.currentInstances ?? -1);
    case "pressure":
      return pressure(a) - pressure(b);
    case "decision":
      return (Date.parse(a.lastDecision?.time ?? "") || 0) - (Date.parse(b.lastDecision?.time ?? "") || 0);
    case "next":
      return (Date.parse(a.nextRun ?? "") || 0) - (Date.parse(b.nextRun ?? "") || 0);
  }
}

// Where two are equal the name decides, upwards: rows don't dance.
export function select(policies: Iterable<PolicySummary>, filter: string, states: ReadonlySet<State>, sort: Sort): PolicySummary[] {
  const words = wordsOf(filter);
  const chosen: PolicySummary[] = [];
  for (const policy of policies) {
    if ((states.size === 0 || states.has(policy.state)) && matches(policy, words)) chosen.push(policy);
  }

  const sign = sort.down ? -1 : 1;
  return chosen.sort((a, b) => sign * compare(a, b, sort.by) || (sort.by === "name" ? sign : 1) * byName(a, b));
}

function byName(a: PolicySummary, b: PolicySummary): number {
  const [left, right] = [keyOf(a), keyOf(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

export function countStates(policies: Iterable<PolicySummary>): Map<State, number> {
  const counts = new Map<State, number>();
  for (const policy of policies) counts.set(policy.state, (counts.get(policy.state) ?? 0) + 1);
  return counts;
}
