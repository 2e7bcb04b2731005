// SPDX-License-Identifier: Apache-2.0
//
// A day in the life of a policy: load with a shape, and a count that followed it.
import { iso } from "./world.mjs";

function loadAt(ms, seed) {
  const hours = ms / 3_600_000;
  const wave = Math.sin((hours / 6) * Math.PI + seed) * 16 + Math.sin(hours * 2.1 + seed * 3) * 6;
  return 52 + wave + Math.sin(hours * 37 + seed) * 2.5 + Math.sin(hours * 91) * 1.5;
}

export function historyOf(world, policy, since, until) {
  const seed = policy.name.length;
  const step = Math.max(30_000, (until - since) / 700);
  const key = `${policy.namespace}/${policy.name}`;
  const points = [];
  const decisions = [];
  let count = policy.bounds.min + 1;
  let hold = 0;
  for (let at = since; at <= until - step; at += step) {
    const cpu = Math.max(5, loadAt(at, seed) * (1.25 - count * 0.02));
    let desired = count;
    if (at > hold && cpu > 75 && count < policy.bounds.max) desired = count + 1;
    if (at > hold && cpu < 38 && count > policy.bounds.min) desired = count - 1;
    if (desired !== count) {
      const up = desired > count;
      const message = up ? `cpu ${cpu.toFixed(1)} is above 75` : `cpu ${cpu.toFixed(1)} is below 38`;
      decisions.push({
        time: iso(at), seen: iso(at), policy: key, stack: policy.stack, action: up ? "scale_up" : "scale_down", from: count, to: desired, confidence: 0.85,
        advisor: policy.advisor, reason: up ? "AboveThreshold" : "BelowThreshold", message,
      });
      hold = at + Math.max(600_000, step * 6);
    }
    const values = Object.fromEntries(policy.signals.map((signal, index) => [signal.name, index === 0 ? Number(cpu.toFixed(1)) : Number((cpu * 2.2).toFixed(0))]));
    points.push({ time: iso(at), count, desired, values });
    count = desired;
  }
  meet(policy, points, decisions);
  const metrics = policy.signals.map(({ name, kind, scaleUp, scaleDown, target, targetType }) => (
    JSON.parse(JSON.stringify({ name, kind, scaleUp, scaleDown, target, targetType }))));
  const mine = world.decisions.filter((decision) => decision.policy === key).reverse();
  return {
    policy: key, stack: policy.stack, since: iso(since), until: iso(until), bounds: policy.bounds, metrics, points, decisions: [...decisions, ...mine],
    operations: [...world.operations.values()].filter((operation) => operation.stack === policy.stack), truncated: false,
  };
}

// Shifts all counts so that the end meets what the policy says now.
function meet(policy, points, decisions) {
  const last = points.at(-1);
  if (last === undefined || policy.currentInstances === null) return;
  const shift = (count) => Math.max(1, count + policy.currentInstances - end);
  const end = last.count;
  // A load that asks for more now has risen to where it is.
  const [signal] = policy.signals;
  if (signal?.state === "above") points.slice(-10).forEach((point, index) => (point.values[signal.name] += (signal.value - point.values[signal.name]) * ((index + 1) / 10)));
  for (const point of points) Object.assign(point, { count: shift(point.count), desired: shift(point.desired) });
  for (const decision of decisions) Object.assign(decision, { from: shift(decision.from), to: shift(decision.to) });
}

export function yamlOf(policy) {
  return `# Owned by the ${policy.namespace} team.
apiVersion: stackscaler.dev/v1alpha1
kind: ScalingPolicy
metadata:
  name: ${policy.name}
  namespace: ${policy.namespace}
spec:
  stack: { id: ${policy.stack}, resource: aws_instance.app }
  bounds: { min: ${policy.bounds.min}, max: ${policy.bounds.max} }
  interval: ${policy.intervalSeconds}s
  metrics:
    - name: cpu  # percent
      query: 100 - avg(rate(node_cpu_seconds_total{stack="${policy.stack}",mode="idle"}[2m])) * 100
      threshold: { scaleUp: 75, scaleDown: 30, step: 1 }
  behavior:
    scaleUp: { cooldown: 3m, maxStep: 2 }
    scaleDown: { cooldown: 10m, maxStep: 1 }
`;
}

export function detailOf(policy, decision) {
  return {
    bounds: policy.bounds,
    signals: policy.signals.map((signal) => ({ name: signal.name, ...(signal.value === null ? { missing: signal.missing } : { value: signal.value, proposal: decision.to }), message: signal.message ?? "" })),
    trace: [
      { step: "signal", before: decision.from, after: decision.to, message: decision.message },
      { step: "stabilization", before: decision.to, after: decision.to, message: "no higher or lower recommendation within the window" },
      { step: "cooldown", before: decision.to, after: decision.to, message: "the last change ended 42 min ago, the cooldown is 3 min" },
      { step: "bounds", before: decision.to, after: decision.to, message: `within ${policy.bounds.min} to ${policy.bounds.max}` },
    ],
    outcome: { reason: decision.reason, message: decision.message },
  };
}
