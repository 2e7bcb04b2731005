// SPDX-License-Identifier: Apache-2.0
//
// Written by tools/generate-types.mjs from openapi.json; not by hand.

// RFC 9457.
export type Problem = {
  // What kind of problem this is; stable.
  type: "https://stackscaler.dev/problems/bad-request" | "https://stackscaler.dev/problems/unauthorized" | "https://stackscaler.dev/problems/read-only" | "https://stackscaler.dev/problems/forbidden-host" | "https://stackscaler.dev/problems/forbidden-origin" | "https://stackscaler.dev/problems/not-found" | "https://stackscaler.dev/problems/method-not-allowed" | "https://stackscaler.dev/problems/conflict" | "https://stackscaler.dev/problems/auto-scaling-off" | "https://stackscaler.dev/problems/paused" | "https://stackscaler.dev/problems/payload-too-large" | "https://stackscaler.dev/problems/unsupported-media-type" | "https://stackscaler.dev/problems/unprocessable" | "https://stackscaler.dev/problems/out-of-bounds" | "https://stackscaler.dev/problems/idempotency-mismatch" | "https://stackscaler.dev/problems/rate-limited" | "https://stackscaler.dev/problems/unavailable" | "https://stackscaler.dev/problems/timeout" | "https://stackscaler.dev/problems/internal";
  // The kind in a few words.
  title: string;
  // The HTTP status.
  status: number;
  // What went wrong, one sentence.
  detail: string;
  // What to do about it, one sentence.
  action: string;
  // The machine-readable reason of the controller (docs/reference/reasons.md), where there is one.
  reason?: string;
};

export type Bounds = {
  min: number;
  max: number;
};

export type Condition = {
  // Ready, Reconciling, Stalled, MetricsAvailable, AdvisorAvailable, PlanSafe …
  type: string;
  status: "True" | "False" | "Unknown";
  reason: string;
  message: string;
  observedGeneration: number;
  // When `status` changed last.
  lastTransitionTime: string;
};

// A metric against its thresholds, as of the last turn.
export type Signal = {
  // The metric's name.
  name: string;
  // null: missing.
  value: number | null;
  // What the value is held against.
  kind: "threshold" | "target" | "desired" | "observed";
  // Of a threshold: above this, more.
  scaleUp?: number;
  // Of a threshold: below this, fewer.
  scaleDown?: number;
  // Of a target.
  target?: number;
  targetType?: "Value" | "PerInstance" | "Utilization";
  // What this metric alone proposes.
  desiredInstances?: number;
  // `ok` between its limits.
  state: "ok" | "above" | "below" | "missing" | "observed";
  // Why there is no value.
  missing?: string;
  // One sentence.
  message?: string;
};

export type LastDecision = {
  // When it was made.
  time: string;
  action: "scale_up" | "scale_down" | "no_change";
  from: number;
  to: number;
  confidence: number;
  advisor: string;
  reason: string;
  message: string;
};

export type RunningOperation = {
  id: string;
  phase: "Waiting" | "Planning" | "Draining" | "Applying" | "Verifying";
  from: number;
  to: number;
  // Its start.
  since: string;
  // "1 of 2 created", or empty.
  progress: string;
};

export type PolicySummary = {
  namespace: string;
  name: string;
  // The stack's id in the registry; its path until it was read first.
  stack: string;
  // The file (and document) it came from; empty of an implicit policy.
  origin: string;
  // True of a policy of defaults, made for a stack that no file names.
  implicit: boolean;
  // At a glance. `observing`: the controller is not enabled; `pending`: not evaluated yet; `degraded`: it tries again by itself; `stalled`: a person has to act.
  state: "ok" | "scaling" | "pending" | "observing" | "dry-run" | "suspended" | "paused" | "held" | "degraded" | "stalled";
  currentInstances: number | null;
  desiredInstances: number | null;
  // How long ago the count was read.
  countAgeSeconds: number | null;
  bounds: Bounds;
  // Those that held at the last decision: a schedule may put others in their place.
  effectiveBounds?: Bounds;
  // How often it gets its turn.
  intervalSeconds: number;
  // null: its turn is under way.
  nextRun: string | null;
  signals: Signal[];
  lastDecision: LastDecision | null;
  lastScaleTime: string | null;
  conditions: Condition[];
  operation: RunningOperation | null;
  // Why the stack is left alone for now (another hand, a manual scale, a failure), or empty.
  held: string;
  // Until when, where that is known.
  heldUntil?: string;
  // The controller acts (`--enable`).
  enabled: boolean;
  // `spec.dryRun` or `--dry-run`.
  dryRun: boolean;
  // `spec.suspend`.
  suspend: boolean;
  // The schedule that suspends it now, or empty.
  suspendedBy: string;
  // The emergency stop is in force.
  paused: boolean;
  advisor: "rules" | "forecast" | "gemini" | "openai";
  generation: number;
  specDigest: string;
};

export type PolicyList = {
  // As of when.
  time: string;
  policies: PolicySummary[];
  // Follow `/api/v1/events` from here (`Last-Event-ID`) to miss nothing.
  eventId: string;
};

export type PolicyDetail = {
  summary: PolicySummary;
  // The spec as loaded, defaults filled in; names are the document's.
  spec: Record<string, unknown>;
  // The document's text as it is in its file, secrets redacted; null: there is no file (any more).
  yaml: string | null;
  // False: the file has changed since, and what it says now is not what is in force.
  yamlIsLoaded: boolean;
};

export type Decision = {
  // When it was made first.
  time: string;
  // When the same was decided last.
  seen: string;
  // namespace/name
  policy: string;
  stack: string;
  action: "scale_up" | "scale_down" | "no_change";
  from: number;
  to: number;
  confidence: number;
  advisor: string;
  reason: string;
  message: string;
};

// What the decision was made of and each guardrail that changed it, in order.
export type DecisionDetail = {
  bounds?: Bounds;
  signals?: Array<{
    name: string;
    value?: number;
    proposal?: number;
    missing?: string;
    reason?: string;
    message: string;
  }>;
  trace?: Array<{
    // signal, advice, missingData, confidence, veto, stabilization, policies, cooldown, bounds, maxStep, freeze …
    step: string;
    before: number;
    after: number;
    message: string;
  }>;
  // What the gate, a hold or a failure made of it.
  outcome?: {
    reason: string;
    message: string;
  };
  // The advice as it was validated; `asked` holds the numbers that a model was shown.
  advice?: Record<string, unknown>;
  observation?: Record<string, unknown>;
};

export type DecisionList = {
  decisions: Decision[];
  // Give it as `before` for the next page; null: there is none.
  next: string | null;
};

export type Operation = {
  id: string;
  stack: string;
  // "policy default/web", "stack scale", "api …"
  requestedBy: string;
  // `abandoned`: nothing was applied.
  state: "running" | "succeeded" | "failed" | "abandoned";
  // While it runs.
  phase?: "Waiting" | "Planning" | "Draining" | "Applying" | "Verifying";
  // "1 of 2 created", or empty.
  progress: string;
  from: number;
  to: number;
  reason: string;
  message: string;
  // Its start.
  started: string;
  ended: string | null;
  countAfter: number | null;
  planSummary: string;
  planSeconds: number;
  applySeconds: number;
  outcomeReason: string;
  // One sentence.
  outcome: string;
};

export type OperationList = {
  operations: Operation[];
  next: string | null;
};

export type HistoryPoint = {
  // When.
  time: string;
  count: number | null;
  desired: number | null;
  // By metric name; null: missing.
  values: Record<string, number | null>;
};

export type History = {
  // namespace/name
  policy: string;
  stack: string;
  // Asked for, or the default of 24 hours before `until`.
  since: string;
  // Asked for, or now.
  until: string;
  bounds: Bounds;
  // What the values are held against by the spec as loaded.
  metrics: Threshold[];
  // Oldest first.
  points: HistoryPoint[];
  // Oldest first.
  decisions: Decision[];
  // Oldest first.
  operations: Operation[];
  // There is more before the oldest: ask again with `until` at its time.
  truncated: boolean;
};

export type Threshold = {
  name: string;
  kind: "threshold" | "target" | "desired" | "observed";
  scaleUp?: number;
  scaleDown?: number;
  target?: number;
  targetType?: "Value" | "PerInstance" | "Utilization";
};

export type Explanation = {
  // namespace/name
  policy: string;
  stack: string;
  decision: Decision;
  detail: DecisionDetail;
  // The newest on the policy's stack.
  operation: Operation | null;
  // The same for people, as `stackscaler explain` prints it.
  text: string;
};

// As `stackscaler simulate -o json` prints it; the measures are described in its how-to.
export type Simulation = {
  policy: string;
  // A model is not asked about the past: its fallback.
  advisor: "rules" | "forecast";
  start: string;
  hours: number;
  ticks: number;
  capacityPerInstance: number;
  instanceHours: number;
  minutesAbove80: number;
  minutesAbove90: number;
  actions: number;
  flaps: number;
  thetaU: number;
  thetaO: number;
  tauU: number;
  tauO: number;
  upsilon: number;
  lostLoad: number;
  offeredLoad: number;
  // 0: no price is known here.
  cost: number;
  decisions: number;
};

export type Pause = {
  paused: boolean;
  by: string;
  reason: string;
  since: string | null;
  // As every status says it, or empty.
  sentence: string;
};

export type PauseRequest = {
  // Why; it is shown everywhere.
  reason?: string;
};

export type Controller = {
  version: string;
  mode: "observing" | "enabled" | "dry-run" | "rehearsal";
  enabled: boolean;
  dryRun: boolean;
  rehearsal: boolean;
  pause: Pause;
  // The default of what a policy leaves out.
  intervalSeconds: number;
  confidenceThreshold: number;
  defaultBounds: Bounds;
  maxInstancesCeiling: number | null;
  // This process may start changes.
  leader: boolean;
  // It is on its way out: nothing new is started.
  stopping: boolean;
  policies: number;
  policiesByState: Record<string, number>;
  queue: {
    waiting: number;
    inWork: number;
  };
  // How late turns started.
  lateness: {
    p50Ms: number;
    p99Ms: number;
    maxMs: number;
  };
  turns: number;
  runningOperations: number;
  // Event streams open now.
  streams: number;
  // Of this process.
  startedAt: string;
  uptimeSeconds: number;
  // `none`: no token is configured, and nothing can be changed by way of the API.
  authentication: "token" | "none";
  // The program that changes stacks: terraform or tofu, or empty in a rehearsal.
  terraform: string;
};

export type Whoami = {
  // The request held the token.
  authenticated: boolean;
  // Mutating calls with the same token pass.
  mayChange: boolean;
  authentication: "token" | "none";
};

export type Stack = {
  id: string;
  // Deployed and not destroyed.
  active: boolean;
  count: number | null;
  workspace: string;
  template: string;
  // RFC 3339, UTC.
  last_scaled_at: string | null;
  last_scale_reason: string;
  // namespace/name of the policy that names it.
  policy: string | null;
  // Why it can't be read, or empty.
  problem: string;
};

export type StackList = {
  stacks: Stack[];
  // How many are.
  active: number;
};

export type StackInfo = {
  id: string;
  // Deployed and not destroyed.
  active: boolean;
  count: number | null;
  workspace: string;
  template: string;
  // RFC 3339, UTC.
  last_scaled_at: string | null;
  last_scale_reason: string;
  // namespace/name of the policy that names it.
  policy: string | null;
  // Why it can't be read, or empty.
  problem: string;
  // Values are "***" unless the metadata's publicContext names them.
  context: Record<string, unknown>;
  // The counted resource's address.
  resource: string;
  indexes: number[];
  bounds: Bounds | null;
};

export type StackMetrics = {
  stack_id: string;
  policy: string | null;
  // When they were read.
  time: string;
  metrics: Array<{
    name: string;
    value: number | null;
    // Why there is no value, or empty.
    missing: string;
    age_seconds: number | null;
    partial: string;
  }>;
  reporting_instances: number | null;
};

export type ScaleRequest = {
  // The stack.
  stack_id: string;
  // How many there shall be.
  instance_count: number;
  // Why; it is kept.
  reason?: string;
  // Beyond the policy's bounds; recorded. Never beyond the step limit, the ceiling, the fleet's budget or the plan guard.
  force?: boolean;
};

export type ScaleAnswer = {
  stack_id: string;
  // `running`: follow the operation.
  status: "running" | "done" | "unchanged";
  old_count: number;
  // While it runs: the count that is wanted.
  new_count: number;
  operation_id: string | null;
  operation_url: string | null;
  message: string;
  // What went wrong after a change that stands, or empty.
  warning: string;
  // For so long the loop leaves the stack as it is now.
  held_seconds: number;
};

export type Recommendation = {
  stack_id: string;
  policy: string | null;
  action: "scale_up" | "scale_down" | "no_change";
  current_count: number;
  target_count: number;
  confidence: number;
  advisor: string;
  reason: string;
  message: string;
  // The execution gate lets it pass: trusted, and not `no_change`.
  would_act: boolean;
  detail: DecisionDetail;
};

export type AutoScaleAnswer = {
  recommendation: Recommendation;
  status: "running" | "done" | "unchanged";
  old_count: number;
  new_count: number;
  operation_id: string | null;
  operation_url: string | null;
  message: string;
};

export type Health = {
  status: "ok" | "starting" | "stopping";
};
