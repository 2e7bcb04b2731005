// SPDX-License-Identifier: Apache-2.0
//
// A policy's history: plots, and what was decided under the pointer. The table of decisions has the same for who can't
// see a plot.
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { api } from "../api/client";
import type { History, HistoryPoint, PolicySummary } from "../api/types";
import { useLoad, useShared } from "../state/hooks";
import { columnsOf, decisionAt, livePoint, type Columns } from "../state/series";
import { figure, fullTime, plural, words } from "../ui/format";
import { ErrorNote } from "../ui/dialog";
import { HistoryPlots } from "../ui/plot";

const kRanges = [
  { label: "1 h", hours: 1 },
  { label: "6 h", hours: 6 },
  { label: "24 h", hours: 24 },
  { label: "7 d", hours: 168 },
] as const;
const kRereadMs = 60_000;

export function HistoryPanel({ policy }: { policy: PolicySummary }): JSX.Element {
  const { fleet } = useShared();
  const [hours, setHours] = useState<number>(6);
  const now = () => Date.now() + fleet.clockOffset;
  const { data, error, reload } = useLoad(
    () => api.history(policy.namespace, policy.name, new Date(now() - hours * 3_600_000).toISOString()),
    [policy.namespace, policy.name, hours]);
  const live = useLivePoints(policy, data, now);
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && reload(), kRereadMs);
    return () => clearInterval(timer);
  }, []);
  return (
    <section class="panel wide" aria-labelledby="history-title">
      <div class="panel-head">
        <h2 id="history-title">History</h2>
        <div class="segments" role="group" aria-label="How far back">
          {kRanges.map((range) => (
            <button type="button" key={range.label} aria-pressed={hours === range.hours} onClick={() => setHours(range.hours)}>{range.label}</button>
          ))}
        </div>
      </div>
      {error !== undefined && data === undefined && <ErrorNote error={error} />}
      {data === undefined ? error === undefined && <p class="empty" aria-busy="true">Reading the history…</p> :
        <Plots history={data} live={live} from={now() / 1000 - hours * 3600} to={now() / 1000} />}
      {data?.truncated && <p class="note">Older points than these exist; choose a shorter time to see every one.</p>}
    </section>
  );
}

// A point for each summary that came after the history was read.
function useLivePoints(policy: PolicySummary, data: History | undefined, now: () => number): HistoryPoint[] {
  const points = useRef<{ of: History | undefined; seen: PolicySummary; list: HistoryPoint[] }>({ of: undefined, seen: policy, list: [] });
  const kept = points.current;
  if (kept.of !== data) points.current = { of: data, seen: policy, list: [] };
  else if (kept.seen !== policy) points.current = { of: data, seen: policy, list: [...kept.list.slice(-1000), livePoint(policy, now())] };
  return points.current.list;
}

interface PlotsProps {
  history: History;
  live: readonly HistoryPoint[];
  from: number;
  to: number;
}
function Plots({ history, live, from, to }: PlotsProps): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const [hover, setHover] = useState<{ at: number; left: number }>();
  const look = useLook(host);
  const columns = useMemo(() => columnsOf(history, live), [history, live]);
  const drawn = useRef<HistoryPlots | undefined>(undefined);
  const { metrics, decisions, bounds } = history;
  const data = { columns, metrics, decisions, bounds, from, to };
  useLayoutEffect(() => {
    const box = host.current;
    if (box === null) return;
    drawn.current = new HistoryPlots(box, data, (at, left) => setHover(at === undefined ? undefined : { at, left }));
    return () => {
      drawn.current?.destroy();
      box.replaceChildren();
    };
  }, [look, JSON.stringify(metrics)]);
  useLayoutEffect(() => drawn.current?.update(data), [columns]);
  return (
    <div class="plots">
      <div ref={host} role="img" aria-label={summaryOf(history, columns)} />
      {hover !== undefined && <Readout history={history} columns={columns} at={hover.at} right={hover.left < (host.current?.clientWidth ?? 0) / 2} />}
      {columns.times.length === 0 && <p class="plot-empty">nothing was recorded in this time</p>}
      <p class="plot-legend">
        <span class="key key-line">metric</span><span class="key key-upper">scales up above</span><span class="key key-lower">scales down below</span>
        <span class="key key-count">instances</span><span class="key key-want">desired</span>
        <span class="key key-up">▲ up</span><span class="key key-down">▼ down</span>
      </p>
    </div>
  );
}

// Moves when the plots have to be drawn anew: another width or another theme.
function useLook(host: { current: HTMLElement | null }): string {
  const [look, setLook] = useState("");
  useLayoutEffect(() => {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const update = () => setLook(`${host.current?.clientWidth} ${dark.matches} ${document.documentElement.dataset["theme"]}`);
    const size = new ResizeObserver(update);
    const theme = new MutationObserver(update);
    if (host.current !== null) size.observe(host.current);
    theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    dark.addEventListener("change", update);
    return () => {
      size.disconnect();
      theme.disconnect();
      dark.removeEventListener("change", update);
    };
  }, []);
  return look;
}

function Readout({ history, columns, at, right }: { history: History; columns: Columns; at: number; right: boolean }): JSX.Element {
  let index = columns.times.findIndex((time) => time > at) - 1;
  if (index < -1) index = columns.times.length - 1;
  const decision = decisionAt(history.decisions, at);
  return (
    <div class={`readout ${right ? "right" : "left"}`}>
      <b>{fullTime(at * 1000)}</b>
      <dl>
        {history.metrics.map((metric) => <Pair key={metric.name} name={metric.name} value={figure(columns.metrics.get(metric.name)?.[index] ?? null)} />)}
        <Pair name="instances" value={figure(columns.count[index] ?? null)} />
        <Pair name="desired" value={figure(columns.desired[index] ?? null)} />
      </dl>
      {decision !== undefined && (
        <p>
          <b class={decision.action === "scale_up" ? "up" : decision.action === "scale_down" ? "down" : ""}>
            {words(decision.action)}{decision.action === "no_change" ? "" : ` ${decision.from} → ${decision.to}`}
          </b> {decision.reason}<br />{decision.message}
        </p>
      )}
    </div>
  );
}

function Pair({ name, value }: { name: string; value: string }): JSX.Element {
  return <><dt>{name}</dt><dd>{value}</dd></>;
}

function summaryOf(history: History, columns: Columns): string {
  const changes = history.decisions.filter((decision) => decision.action !== "no_change").length;
  const counts = columns.count.filter((count) => count !== null);
  const span = counts.length === 0 ? "no counts" : `between ${Math.min(...counts)} and ${Math.max(...counts)} instances`;
  return `Plot of ${history.metrics.map((metric) => metric.name).join(", ") || "the count"} over time: ${span}, ` +
    `${plural(changes, "decision")} to change. The decisions are listed below.`;
}
