// SPDX-License-Identifier: Apache-2.0
//
// A fleet that looks like a real one, the same for the same seed. What happens in it is scripted by who owns it.

// Mulberry32: small, good enough for test data.
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const iso = (ms) => new Date(Math.floor(ms / 1000) * 1000).toISOString().replace(".000Z", "Z");

const kServices = ["checkout", "payments-api", "search", "catalog", "web", "mobile-gateway", "recommendations", "images", "auth", "billing",
  "notifications", "reports", "ingest", "stream-workers", "ml-scoring", "geo", "sessions", "cart", "pricing", "partners"];
const kRegions = ["eu-west-1", "us-east-1", "ap-south-1"];

function condition(type, status, reason, message, now) {
  return { type, status, reason, message, observedGeneration: 3, lastTransitionTime: iso(now) };
}

function signalsOf(random, index, missing) {
  const cpu = 32 + 40 * random();
  const state = (value, up, down) => (value > up ? "above" : value < down ? "below" : "ok");
  const signals = [missing
    ? { name: "cpu", value: null, kind: "threshold", scaleUp: 75, scaleDown: 30, state: "missing", missing: "query cpu: GET /api/v1/query: no answer within 5 s" }
    : { name: "cpu", value: Number(cpu.toFixed(1)), kind: "threshold", scaleUp: 75, scaleDown: 30, desiredInstances: 4, state: state(cpu, 75, 30), message: `cpu ${cpu.toFixed(1)} is between 30 and 75` }];
  if (index % 3 === 1) {
    const value = Number((60 + 120 * random()).toFixed(0));
    signals.push({ name: "requests", value, kind: "target", target: 200, targetType: "PerInstance", desiredInstances: 4, state: "ok", message: `requests ${value} per instance, target 200` });
  }
  if (index % 5 === 2) signals.push({ name: "queue", value: Math.round(400 * random()), kind: "threshold", scaleUp: 500, scaleDown: 20, desiredInstances: 4, state: "ok", message: "queue is within its limits" });
  return signals;
}

// Which state a policy is in: most are well.
function stateOf(index, count) {
  const special = { 3: "stalled", 7: "degraded", 9: "suspended", 11: "dry-run", 13: "held", 16: "pending" };
  return special[count > 40 ? index % 97 : index] ?? "ok";
}

export class World {
  constructor({ count = 20, seed = 7, now = Date.now } = {}) {
    this.now = now;
    this.random = generator(seed);
    this.policies = new Map();
    this.operations = new Map();
    this.decisions = [];
    this.pause = { paused: false, by: "", reason: "", since: null, sentence: "" };
    this.started = now() - 8 * 86_400_000;
    this.listeners = new Set();
    this.nextOperation = 1;
    for (let index = 0; index < count; index += 1) this.addPolicy(index, count);
  }

  addPolicy(index, count) {
    const now = this.now();
    const service = kServices[index % kServices.length];
    const region = kRegions[Math.floor(index / kServices.length) % kRegions.length];
    const number = Math.floor(index / (kServices.length * kRegions.length));
    const name = count <= kServices.length ? service : number === 0 ? `${service}-${region}` : `${service}-${region}-${String(number + 1).padStart(2, "0")}`;
    const namespace = ["default", "shop", "platform"][index % 3];
    const state = stateOf(index, count);
    const current = 2 + Math.floor(this.random() * 8);
    const bounds = { min: 2, max: current + 2 + Math.floor(this.random() * 8) };
    const interval = [30, 60, 60, 300][index % 4];
    const policy = {
      namespace, name, stack: name, origin: `policies/${namespace}/${name}.yaml`, implicit: false, state,
      currentInstances: state === "pending" ? null : current, desiredInstances: state === "pending" ? null : current,
      countAgeSeconds: state === "pending" ? null : Math.floor(this.random() * 60), bounds, effectiveBounds: bounds,
      intervalSeconds: interval, nextRun: iso(now + (0.4 + 0.6 * this.random()) * interval * 1000),
      signals: state === "pending" ? [] : signalsOf(this.random, index, state === "degraded"),
      lastDecision: null, lastScaleTime: iso(now - (0.2 + this.random() * 60) * 3_600_000), conditions: [], operation: null,
      held: "", enabled: true, dryRun: state === "dry-run", suspend: state === "suspended", suspendedBy: "", paused: false,
      advisor: index % 6 === 4 ? "forecast" : "rules", generation: 3, specDigest: `sha256:${String(index).padStart(8, "0")}`,
    };
    this.policies.set(`${namespace}/${name}`, policy);
    if (state === "pending") return;
    this.describe(policy, now);
  }

  describe(policy, now) {
    const { state, currentInstances: at } = policy;
    const cpu = policy.signals[0].value;
    policy.conditions = [
      condition("Ready", "True", "Ready", "The count is where the policy wants it.", now - 40_000_000),
      condition("MetricsAvailable", "True", "AllMetricsFresh", "All metrics are fresh.", now - 90_000_000),
      condition("PlanSafe", "True", "PlanSafe", "The last plan held nothing but what scaling explains.", now - 50_000_000),
      condition("Stalled", "False", "Ready", "", now - 90_000_000),
    ];
    let reason = "DesiredWithinRange";
    let message = `cpu ${cpu} is between 30 and 75`;
    if (state === "stalled") {
      message = "the plan also changes aws_security_group.app (update in-place); nothing was changed";
      policy.conditions[0] = condition("Ready", "False", "PlanRefused", message, now - 1_900_000);
      policy.conditions[3] = condition("Stalled", "True", "PlanRefused", message, now - 1_900_000);
      reason = "AboveThreshold";
    }
    if (state === "degraded") {
      message = "cpu is missing: no answer within 5 s";
      policy.conditions[0] = condition("Ready", "False", "MetricsUnavailable", message, now - 240_000);
      policy.conditions[1] = condition("MetricsAvailable", "False", "MetricsUnavailable", message, now - 240_000);
      reason = "MetricsMissing";
    }
    if (state === "held") {
      policy.held = "scaled by hand (api: launch day)";
      policy.heldUntil = iso(now + 220_000);
      reason = "CountChangedOutside";
    }
    this.decide(policy, "no_change", at, at, reason, message, now - this.random() * 90_000);
  }

  decide(policy, action, from, to, reason, message, time = this.now()) {
    policy.lastDecision = { time: iso(time), action, from, to, confidence: action === "no_change" ? 1 : 0.85, advisor: policy.advisor, reason, message };
    policy.desiredInstances = to;
    const decision = { ...policy.lastDecision, seen: iso(time), policy: `${policy.namespace}/${policy.name}`, stack: policy.stack };
    this.decisions.unshift(decision);
    return decision;
  }

  emit(event, data) {
    for (const listener of this.listeners) listener(event, structuredClone(data));
  }

  // A scale-up from the signal to the end, each step when step() is called. Returns { step, operation }.
  beginScale(key, to, { reason = "AboveThreshold", message, requestedBy = `policy ${key}` } = {}) {
    const policy = this.policies.get(key);
    const from = policy.currentInstances;
    const now = this.now();
    const why = message ?? `cpu 86.2 is above 75`;
    if (to > from && policy.signals[0]) Object.assign(policy.signals[0], { value: 86.2, state: "above", desiredInstances: to, message: why });
    const decision = this.decide(policy, to > from ? "scale_up" : "scale_down", from, to, reason, why, now);
    const operation = {
      id: `op-${String(this.nextOperation++).padStart(4, "0")}`, stack: policy.stack, requestedBy, state: "running", phase: "Waiting", progress: "",
      from, to, reason, message: why, started: iso(now), ended: null, countAfter: null, planSummary: "", planSeconds: 0, applySeconds: 0, outcomeReason: "", outcome: "",
    };
    this.operations.set(operation.id, operation);
    policy.state = "scaling";
    let at = -1;
    const total = Math.abs(to - from);
    const show = (phase, progress) => {
      Object.assign(operation, { phase, progress });
      policy.operation = { id: operation.id, phase, from, to, since: operation.started, progress };
      this.emit("operation", operation);
      this.emit("policy", policy);
    };
    const steps = [
      () => show("Waiting", "1st in the queue"),
      () => { operation.planSummary = `create aws_instance.app[${from}]`; show("Planning", ""); },
      ...Array.from({ length: total + 1 }, (_, done) => () => show("Applying", `${done} of ${total} ${to > from ? "created" : "destroyed"}`)),
      () => show("Verifying", ""),
      () => this.endScale(policy, operation),
    ];
    this.emit("decision", decision);
    return { operation, step: () => (at + 1 < steps.length ? (steps[++at](), true) : false) };
  }

  endScale(policy, operation, failed = "") {
    const now = this.now();
    delete operation.phase;
    Object.assign(operation, {
      state: failed ? "failed" : "succeeded", progress: "", ended: iso(now), countAfter: failed ? operation.from : operation.to,
      planSeconds: 3.2, applySeconds: 41, outcomeReason: failed ? "ApplyFailed" : "Settled",
      outcome: failed || `Successfully scaled from ${operation.from} to ${operation.to} instances`,
    });
    policy.operation = null;
    policy.state = failed ? "degraded" : "ok";
    policy.currentInstances = operation.countAfter;
    policy.desiredInstances = policy.currentInstances;
    policy.lastScaleTime = iso(now);
    this.emit("operation", operation);
    this.emit("policy", policy);
  }

  setPause(paused, reason, by = "api") {
    this.pause = paused
      ? { paused, by, reason, since: iso(this.now()), sentence: `All changes are stopped since ${iso(this.now())} by ${by}: ${reason}` }
      : { paused: false, by: "", reason: "", since: null, sentence: "" };
    for (const policy of this.policies.values()) policy.paused = paused;
    this.emit("controller", this.controller());
    return this.pause;
  }

  controller() {
    const policiesByState = {};
    for (const { state } of this.policies.values()) policiesByState[state] = (policiesByState[state] ?? 0) + 1;
    const running = [...this.operations.values()].filter((operation) => operation.state === "running").length;
    return {
      version: "0.9.0", mode: "enabled", enabled: true, dryRun: false, rehearsal: false, pause: this.pause, intervalSeconds: 300, confidenceThreshold: 0.7,
      defaultBounds: { min: 1, max: 20 }, maxInstancesCeiling: 60, leader: true, stopping: false, policies: this.policies.size, policiesByState,
      queue: { waiting: 0, inWork: 2 }, lateness: { p50Ms: 1, p99Ms: 14, maxMs: 62 }, turns: 1_284_113, runningOperations: running, streams: 1,
      startedAt: iso(this.started), uptimeSeconds: Math.floor((this.now() - this.started) / 1000), authentication: "token", terraform: "terraform 1.11.4",
    };
  }
}
