// SPDX-License-Identifier: Apache-2.0
//
// Small marks of a row: state, count within bounds, signal against limits. Each says in words what it shows; colour is
// never alone. Drawn with SVG attributes: the page may have no inline styles.
import type { JSX } from "preact";
import type { Bounds, PolicySummary, Signal } from "../api/types";
import type { State } from "../state/select";
import { figure } from "./format";

const kPaths: Record<string, string> = {
  ok: "M3.5 8.5l3 3 6-7",
  scaling: "M8 13V4M4.5 7.5L8 4l3.5 3.5",
  pending: "M8 4v4l3 2M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2",
  observing: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8M8 6.5a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3",
  "dry-run": "M2 8h2M6 8h2M10 8h2M13.5 8h.5M8 3v1M8 12v1",
  suspended: "M5.5 4v8M10.5 4v8",
  paused: "M5.5 2.5h5l3 3v5l-3 3h-5l-3-3v-5zM6 8h4",
  held: "M4.5 7.5h7v6h-7zM6 7.5V5a2 2 0 0 1 4 0v2.5",
  degraded: "M8 2.5l6 11H2zM8 6.5v3.5M8 12v.2",
  stalled: "M4 4l8 8M12 4l-8 8",
};

export function Icon({ name }: { name: string }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true" focusable="false">
      <path d={kPaths[name] ?? kPaths["pending"]} fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  );
}

export const kStateMeans: Record<State, string> = {
  ok: "The count is where the policy wants it.",
  scaling: "An operation is changing the count.",
  pending: "Not evaluated yet.",
  observing: "The controller is not enabled: it observes and changes nothing.",
  "dry-run": "It decides and changes nothing.",
  suspended: "The policy or a schedule suspends it.",
  paused: "The emergency stop is in force.",
  held: "The stack is left alone for now.",
  degraded: "Something fails; it tries again by itself.",
  stalled: "A person has to act.",
};

export function StateBadge({ state }: { state: State }): JSX.Element {
  return (
    <span class={`badge state-${state}`} title={kStateMeans[state]}>
      <Icon name={state} />
      {state}
    </span>
  );
}

export function Flags({ policy }: { policy: PolicySummary }): JSX.Element {
  const flags: string[] = [];
  if (policy.dryRun && policy.state !== "dry-run") flags.push("dry run");
  if (policy.suspend && policy.state !== "suspended") flags.push("suspended");
  if (policy.paused && policy.state !== "paused") flags.push("paused");
  if (policy.implicit) flags.push("implicit");
  return <>{flags.map((flag) => <span class="flag" key={flag}>{flag}</span>)}</>;
}

// "4", or "4 → 6" where another count is wanted.
export function Count({ current, desired }: { current: number | null; desired: number | null }): JSX.Element {
  if (current === null) return <span class="count muted" title="The count was not read yet.">–</span>;
  if (desired === null || desired === current) return <span class="count">{figure(current)}</span>;
  const up = desired > current;
  return (
    <span class={`count ${up ? "up" : "down"}`}>
      {figure(current)}
      <span class="arrow" aria-label={up ? "up to" : "down to"}>{up ? "↗" : "↘"}</span>
      {figure(desired)}
    </span>
  );
}

const kWidth = 84;

// The count on a track from 0 to the upper bound, with ticks at the lower bound and where the count is wanted.
export function BoundsBar({ bounds, current, desired }: { bounds: Bounds; current: number | null; desired: number | null }): JSX.Element {
  const high = Math.max(bounds.max, current ?? 0, 1);
  const at = (count: number) => Math.max(1, (kWidth * Math.min(high, count)) / high);
  const label = `${current ?? "unknown"} of ${bounds.min} to ${bounds.max}`;
  return (
    <svg class="bar" viewBox={`0 0 ${kWidth} 10`} width={kWidth} height="10" role="img" aria-label={label}>
      <rect class="track" x="0" y="3" width={kWidth} height="4" rx="2" />
      {current !== null && <rect class="fill" x="0" y="3" width={at(current)} height="4" rx="2" />}
      {bounds.min > 0 && bounds.min < high && <rect class="tick" x={at(bounds.min) - 0.75} y="1" width="1.5" height="8" />}
      {desired !== null && desired !== current && <rect class="want" x={at(desired) - 1} y="0" width="2" height="10" />}
    </svg>
  );
}

export function limitsOf(signal: Signal): string {
  if (signal.kind === "target") return signal.target === undefined ? "" : figure(signal.target);
  if (signal.scaleUp !== undefined && signal.scaleDown !== undefined) return `${figure(signal.scaleDown)}–${figure(signal.scaleUp)}`;
  if (signal.scaleUp !== undefined) return `≤ ${figure(signal.scaleUp)}`;
  if (signal.scaleDown !== undefined) return `≥ ${figure(signal.scaleDown)}`;
  return "";
}

export function signalSentence(signal: Signal): string {
  if (signal.value === null) return `${signal.name} is missing${signal.missing ? `: ${signal.missing}` : ""}`;
  const limits = limitsOf(signal);
  const against = signal.kind === "target" ? `, target ${limits}` : limits === "" ? "" : `, limits ${limits}`;
  return `${signal.name} is ${figure(signal.value)}${against}${signal.state === "ok" || signal.state === "observed" ? "" : `: ${signal.state}`}`;
}

// A track from 0 to a quarter above the upper limit, ticks at the limits, and where the value is.
function Meter({ signal }: { signal: Signal }): JSX.Element | null {
  const upper = signal.scaleUp ?? signal.target;
  if (upper === undefined || upper <= 0 || signal.value === null) return null;
  const x = (value: number) => Math.min(46, Math.max(2, (48 * value) / (upper * 1.25)));
  return (
    <svg class="meter" viewBox="0 0 48 10" width="48" height="10" aria-hidden="true">
      <rect class="track" x="0" y="3" width="48" height="4" rx="2" />
      <rect class="fill" x="0" y="3" width={x(signal.value)} height="4" rx="2" />
      {signal.scaleDown !== undefined && <rect class="tick" x={x(signal.scaleDown)} y="1" width="1.5" height="8" />}
      <rect class="tick" x={x(upper)} y="1" width="1.5" height="8" />
    </svg>
  );
}

export function SignalChip({ signal }: { signal: Signal }): JSX.Element {
  return (
    <span class={`signal signal-${signal.state}`} title={signal.message || signalSentence(signal)}>
      <span class="signal-name">{signal.name}</span>
      <Meter signal={signal} />
      <span class="signal-value">{signal.value === null ? "missing" : figure(signal.value)}</span>
      <span class="signal-limits">{limitsOf(signal) && `/ ${limitsOf(signal)}`}</span>
      <span class="visually-hidden">{signal.state}</span>
    </span>
  );
}
