// SPDX-License-Identifier: Apache-2.0
//
// Why the last decision is what it is: each step that changed the number, in order.
import type { JSX } from "preact";
import { api, ApiError } from "../api/client";
import type { DecisionDetail, PolicySummary } from "../api/types";
import { useLoad, useNow } from "../state/hooks";
import { ErrorNote } from "../ui/dialog";
import { ago, fullTime, words } from "../ui/format";

export function ExplainPanel({ policy }: { policy: PolicySummary }): JSX.Element {
  const now = useNow();
  const { data, error } = useLoad(
    () => api.explain(policy.namespace, policy.name), [policy.namespace, policy.name, policy.lastDecision?.time, policy.lastDecision?.message]);
  return (
    <section class="panel" aria-labelledby="explain-title">
      <h2 id="explain-title">Why</h2>
      {error instanceof ApiError && error.status === 404 ? <p class="empty">nothing was decided yet</p> : error !== undefined && <ErrorNote error={error} />}
      {data === undefined ? error === undefined && <p class="empty" aria-busy="true">Reading…</p> : (
        <>
          <p class="verdict">
            <b class={data.decision.action === "scale_up" ? "up" : data.decision.action === "scale_down" ? "down" : ""}>
              {words(data.decision.action)}{data.decision.action === "no_change" ? ` at ${data.decision.to}` : ` ${data.decision.from} → ${data.decision.to}`}
            </b> <span class="reason">{data.decision.reason}</span>
            <small class="muted" title={fullTime(data.decision.time)}> {ago(data.decision.time, now)}, by {data.decision.advisor}, confidence {data.decision.confidence}</small>
            <br />{data.decision.message}
          </p>
          <Trace detail={data.detail} />
          <details><summary>As text</summary><pre class="text" tabIndex={0}>{data.text}</pre></details>
        </>
      )}
    </section>
  );
}

export function Trace({ detail }: { detail: DecisionDetail }): JSX.Element {
  const trace = detail.trace ?? [];
  return (
    <>
      {trace.length > 0 && (
        <ol class="trace">
          {trace.map((line, index) => (
            <li key={index} class={line.before === line.after ? "" : "changed"}>
              <span class="trace-step">{line.step}</span>
              <span class="trace-count">{line.before === line.after ? line.after : `${line.before} → ${line.after}`}</span>
              <span class="trace-text">{line.message}</span>
            </li>
          ))}
        </ol>
      )}
      {detail.outcome !== undefined && <p class="outcome"><b>{detail.outcome.reason}</b>: {detail.outcome.message}</p>}
    </>
  );
}
