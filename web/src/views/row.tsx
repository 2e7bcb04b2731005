// SPDX-License-Identifier: Apache-2.0
import type { JSX } from "preact";
import type { PolicySummary, Signal } from "../api/types";
import { policyHref } from "../router";
import { ago, fullTime, until, words } from "../ui/format";
import { BoundsBar, Count, Flags, SignalChip, signalSentence, StateBadge } from "../ui/marks";

const kChips = 2; // two lines; the row has no room for a third

// One policy of the list. On a narrow screen the same cells become a card (CSS alone).
export function Row({ policy, now, index }: { policy: PolicySummary; now: number; index: number }): JSX.Element {
  const bounds = policy.effectiveBounds ?? policy.bounds;
  return (
    <tr role="row" aria-rowindex={index} class={`row row-${policy.state}`}>
      <td role="cell" class="cell-state"><StateBadge state={policy.state} /></td>
      <td role="cell" class="cell-name">
        <a class="policy-link" href={policyHref(policy)}>
          {policy.namespace !== "default" && <span class="muted">{policy.namespace}/</span>}{policy.name}
        </a>
        <Flags policy={policy} />
        {policy.stack !== policy.name && <small class="muted">{policy.stack}</small>}
      </td>
      <td role="cell" class="cell-count">
        <Count current={policy.currentInstances} desired={policy.desiredInstances} />
        <span class="bounds">
          <BoundsBar bounds={bounds} current={policy.currentInstances} desired={policy.desiredInstances} />
          <small class="muted" aria-hidden="true">{bounds.min}–{bounds.max}</small>
        </span>
      </td>
      <td role="cell" class="cell-signals">
        <div class="chips-two">{pressing(policy.signals).slice(0, kChips).map((signal) => <SignalChip key={signal.name} signal={signal} />)}</div>
        {policy.signals.length > kChips && <small class="muted" title={policy.signals.map(signalSentence).join("\n")}>+{policy.signals.length - kChips}</small>}
      </td>
      <td role="cell" class="cell-decision"><Why policy={policy} now={now} /></td>
      <td role="cell" class="cell-next" title={fullTime(policy.nextRun)}>
        {policy.nextRun === null ? <span class="muted">running</span> : until(policy.nextRun, now)}
      </td>
    </tr>
  );
}

// Those that ask for something or are missing come first; else the policy's own order.
export function pressing(signals: readonly Signal[]): Signal[] {
  const weight = (signal: Signal) => (signal.state === "missing" || signal.state === "above" ? 0 : 1);
  return [...signals].sort((a, b) => weight(a) - weight(b));
}

// What matters most about it now: its operation, what holds it, what is wrong, else the decision.
function Why({ policy, now }: { policy: PolicySummary; now: number }): JSX.Element {
  const { operation, lastDecision } = policy;
  if (operation !== null) {
    const text = `${operation.phase} ${operation.from} → ${operation.to}`;
    return <Line strong={text} text={operation.progress} small={ago(operation.since, now)} />;
  }
  if (policy.held !== "") return <Line strong="Held" text={policy.held} small={policy.heldUntil ? until(policy.heldUntil, now) : ""} />;
  const wrong = wrongOf(policy);
  if (wrong !== undefined) return <Line strong={wrong.reason} text={wrong.message} small={ago(wrong.lastTransitionTime, now)} />;
  if (lastDecision === null) return <span class="muted">none yet</span>;
  const verb = lastDecision.action === "no_change" ? lastDecision.reason : `${words(lastDecision.action)} ${lastDecision.from} → ${lastDecision.to}`;
  return <Line strong={verb} text={lastDecision.message} small={ago(lastDecision.time, now)} />;
}

export function wrongOf(policy: PolicySummary): PolicySummary["conditions"][number] | undefined {
  if (policy.state !== "stalled" && policy.state !== "degraded") return undefined;
  const is = (type: string, status: string) => policy.conditions.find((one) => one.type === type && one.status === status);
  return is("Stalled", "True") ?? is("Ready", "False") ?? is("MetricsAvailable", "False") ?? is("AdvisorAvailable", "False");
}

function Line({ strong, text, small }: { strong: string; text: string; small: string }): JSX.Element {
  return (
    <div class="why" title={text}>
      <span class="why-head"><b>{strong}</b> <small class="muted">{small}</small></span>
      <span class="why-text">{text}</span>
    </div>
  );
}
