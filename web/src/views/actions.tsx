// SPDX-License-Identifier: Apache-2.0
//
// What a person with a token may do. Each asks before it acts and carries one Idempotency-Key for one intention: sent
// twice, it is done once.
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { api, newKey } from "../api/client";
import type { PolicySummary, Recommendation } from "../api/types";
import { useShared } from "../state/hooks";
import type { Access } from "../state/session";
import { signIn } from "../state/session";
import { Dialog } from "../ui/dialog";
import { plural, words } from "../ui/format";
import { Trace } from "./explain";

// A key that stays while the same thing is asked for.
function useKey(intention: string): string {
  const kept = useRef({ intention: "", key: "" });
  if (kept.current.intention !== intention) kept.current = { intention, key: newKey() };
  return kept.current.key;
}

export function ScaleButton({ policy }: { policy: PolicySummary }): JSX.Element {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>Scale…</button>
      {open && <ScaleDialog policy={policy} onClose={() => setOpen(false)} />}
    </>
  );
}

function ScaleDialog({ policy, onClose }: { policy: PolicySummary; onClose: () => void }): JSX.Element {
  const { say } = useShared();
  const bounds = policy.effectiveBounds ?? policy.bounds;
  const current = policy.currentInstances;
  const [text, setText] = useState(String(current ?? bounds.min));
  const [reason, setReason] = useState("");
  const [force, setForce] = useState(false);
  const count = /^\d{1,6}$/.test(text) ? Number(text) : undefined;
  const outside = count !== undefined && (count < bounds.min || count > bounds.max);
  const fewer = count !== undefined && current !== null && count < current ? current - count : 0;
  const key = useKey(JSON.stringify([policy.stack, count, reason, force]));
  const send = async () => {
    const answer = await api.scale({
      stack_id: policy.stack, instance_count: count ?? 0, ...(reason === "" ? {} : { reason }), ...(force ? { force } : {}),
    }, key);
    const hold = answer.held_seconds > 0 ? ` The loop leaves the stack alone for ${plural(answer.held_seconds, "second")}.` : "";
    say(`${policy.stack}: ${answer.message}.${hold}${answer.warning === "" ? "" : ` ${answer.warning}`}`.replace("..", "."));
  };
  return (
    <Dialog title={`Scale ${policy.stack} by hand`} danger={fewer > 0 || force} disabled={count === undefined || count === current || (outside && !force)}
      confirm={count === undefined || current === null ? "Scale" : `Scale from ${current} to ${count}`} onConfirm={send} onClose={onClose}>
      <p class="note">An explicit act: it works while auto-scaling is off. The plan guard holds, and the loop leaves the stack alone for a while afterwards.</p>
      <label>Instances <small class="muted">bounds {bounds.min}–{bounds.max}, now {current ?? "unknown"}</small>
        <input type="number" inputMode="numeric" min={0} max={100000} required value={text} autofocus onInput={(event) => setText(event.currentTarget.value)} />
      </label>
      <label>Reason <small class="muted">kept in the history</small>
        <input type="text" maxLength={500} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
      </label>
      <label class="tick"><input type="checkbox" checked={force} onChange={(event) => setForce(event.currentTarget.checked)} />
        <span>Force: beyond the bounds; this is recorded</span></label>
      <div aria-live="polite">
        {outside && !force && <p class="notice warn">{count} is outside of the policy's bounds.</p>}
        {fewer > 0 && <p class="notice bad">This destroys {plural(fewer, "instance")}, the newest first.</p>}
      </div>
    </Dialog>
  );
}

export function RecommendButton({ policy }: { policy: PolicySummary }): JSX.Element {
  const { say } = useShared();
  const [busy, setBusy] = useState(false);
  const [answer, setAnswer] = useState<Recommendation>();
  const ask = async () => {
    setBusy(true);
    try {
      setAnswer(await api.recommend(policy.stack, newKey()));
    } catch (error) {
      say((error as Error).message, "error");
    }
    setBusy(false);
  };
  return (
    <>
      <button type="button" onClick={ask} disabled={busy} aria-busy={busy}>{busy ? "Asking…" : "Recommend"}</button>
      {answer !== undefined && (
        <Dialog title={`Advice for ${answer.stack_id}`} confirm="Close" onConfirm={async () => {}} onClose={() => setAnswer(undefined)}>
          <p class="verdict">
            <b class={answer.action === "scale_up" ? "up" : answer.action === "scale_down" ? "down" : ""}>
              {words(answer.action)}{answer.action === "no_change" ? ` at ${answer.current_count}` : ` ${answer.current_count} → ${answer.target_count}`}
            </b> <span class="reason">{answer.reason}</span>
            <small class="muted"> by {answer.advisor}, confidence {answer.confidence}{answer.would_act ? "" : "; the loop would not act on it"}</small>
            <br />{answer.message}
          </p>
          <Trace detail={answer.detail} />
          <p class="note">Nothing was changed.</p>
        </Dialog>
      )}
    </>
  );
}

export function PauseDialog({ onClose }: { onClose: () => void }): JSX.Element {
  const { say } = useShared();
  const [reason, setReason] = useState("");
  const key = useKey(reason);
  const send = async () => {
    await api.pause(reason, key);
    say("The emergency stop is in force: nothing is changed any more.");
  };
  return (
    <Dialog title="Stop all changes?" confirm="Stop everything" danger disabled={reason.trim() === ""} onConfirm={send} onClose={onClose}>
      <p>No stack is changed until someone resumes, also after a restart. A running apply is followed to its end.</p>
      <label>Reason <small class="muted">shown everywhere</small>
        <input type="text" maxLength={300} required value={reason} autofocus onInput={(event) => setReason(event.currentTarget.value)} />
      </label>
    </Dialog>
  );
}

export function ResumeDialog({ onClose }: { onClose: () => void }): JSX.Element {
  const { say } = useShared();
  const key = useKey("resume");
  const send = async () => {
    await api.resume(key);
    say("Resumed: the loop acts again.");
  };
  return (
    <Dialog title="Resume?" confirm="Resume" onConfirm={send} onClose={onClose}>
      <p>The emergency stop ends and each policy acts again at its next turn. Several stacks may change at once.</p>
    </Dialog>
  );
}

export function TokenDialog({ onClose, onAccess }: { onClose: () => void; onAccess: (access: Access) => void }): JSX.Element {
  const { say } = useShared();
  const [text, setText] = useState("");
  const send = async () => {
    const access = await signIn(text.trim());
    if (access === "no-token-configured") throw new Error("This controller has no token configured: start it with --token-file");
    if (access !== "may-change") throw new Error("This token allows no changes");
    onAccess(access);
    say("The token is accepted: this tab may make changes.");
  };
  return (
    <Dialog title="Enter the token" confirm="Use the token" disabled={text.trim() === ""} onConfirm={send} onClose={onClose}>
      <p class="note">It is the text of the file that <code>--token-file</code> names. This tab alone keeps it, and forgets it when it is closed.</p>
      <label>Token
        <input type="password" required value={text} autofocus autocomplete="off" spellcheck={false} onInput={(event) => setText(event.currentTarget.value)} />
      </label>
    </Dialog>
  );
}
