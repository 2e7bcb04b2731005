// SPDX-License-Identifier: Apache-2.0
import type { JSX } from "preact";
import type { PolicySummary, Signal } from "../api/types";
import { figure } from "../ui/format";
import { limitsOf, SignalChip } from "../ui/marks";

const kStateWords: Record<Signal["state"], string> = {
  ok: "within its limits", above: "asks for more", below: "allows fewer", missing: "missing", observed: "observed only",
};

export function SignalsPanel({ policy }: { policy: PolicySummary }): JSX.Element {
  return (
    <section class="panel" aria-labelledby="signals-title">
      <h2 id="signals-title">Signals</h2>
      {policy.signals.length === 0 ? <p class="empty">not read yet</p> : (
        <ul class="signals">
          {policy.signals.map((signal) => (
            <li key={signal.name}>
              <SignalChip signal={signal} />
              <span class="signal-words">
                {kStateWords[signal.state]}
                {signal.desiredInstances !== undefined && <>, proposes <b>{signal.desiredInstances}</b></>}
                {signal.kind === "target" && <span class="muted"> · target {limitsOf(signal)}{signal.targetType ? ` (${signal.targetType})` : ""}</span>}
                {signal.kind === "threshold" && <span class="muted"> · up above {figure(signal.scaleUp)}, down below {figure(signal.scaleDown)}</span>}
              </span>
              {(signal.missing || signal.message) && <small class="muted">{signal.missing || signal.message}</small>}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
