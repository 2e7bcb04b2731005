// SPDX-License-Identifier: Apache-2.0
//
// What the mock answers, by route of the contract.
import { detailOf, historyOf, yamlOf } from "./history.mjs";
import { iso } from "./world.mjs";

const missing = (what) => ({ status: 404, problem: "not-found", detail: `there is no ${what}`, action: "see GET /api/v1/policies for those that there are" });
const keyOf = (parameters) => parameters.join("/");

function page(list, query, field) {
  const limit = Number(query.get("limit") ?? 100);
  const from = Number(query.get("before") ?? 0);
  return { body: { [field]: list.slice(from, from + limit), next: from + limit < list.length ? String(from + limit) : null } };
}

function withPolicy(use) {
  return (context) => {
    const policy = context.world.policies.get(keyOf(context.parameters));
    return policy === undefined ? missing(`policy ${keyOf(context.parameters)}`) : use(policy, context);
  };
}

function byStack(world, stack) {
  return [...world.policies.entries()].find(([, policy]) => policy.stack === stack);
}

function scale({ world, body }) {
  const found = byStack(world, body.stack_id);
  if (found === undefined) return missing(`stack ${body.stack_id}`);
  const [key, policy] = found;
  const { min, max } = policy.bounds;
  if (!body.force && (body.instance_count < min || body.instance_count > max)) {
    return { status: 422, problem: "out-of-bounds", detail: `${body.instance_count} is outside of the bounds ${min} to ${max}`, action: "send force: true if it is meant" };
  }
  const from = policy.currentInstances;
  if (body.instance_count === from) {
    return { body: { stack_id: body.stack_id, status: "unchanged", old_count: from, new_count: from, operation_id: null, operation_url: null, message: `It has ${from} instances`, warning: "", held_seconds: 0 } };
  }
  const running = world.beginScale(key, body.instance_count, { reason: "Manual", message: body.reason ?? "", requestedBy: "api 127.0.0.1" });
  world.manual = running;
  running.step();
  const { id } = running.operation;
  return { status: 202, body: { stack_id: body.stack_id, status: "running", old_count: from, new_count: body.instance_count, operation_id: id, operation_url: `/api/v1/operations/${id}`, message: `Scaling from ${from} to ${body.instance_count} instances`, warning: "", held_seconds: 300 } };
}

export const handlers = {
  "GET /api/v1/policies": ({ world, eventId }) => ({ body: { time: iso(world.now()), policies: [...world.policies.values()], eventId } }),
  "GET /api/v1/policies/{namespace}/{name}": withPolicy((policy) => ({
    body: { summary: policy, spec: { stack: { id: policy.stack }, bounds: policy.bounds }, yaml: yamlOf(policy), yamlIsLoaded: true },
  })),
  "GET /api/v1/policies/{namespace}/{name}/history": withPolicy((policy, { world, query }) => ({
    body: historyOf(world, policy, Date.parse(query.get("since") ?? iso(world.now() - 86_400_000)), Date.parse(query.get("until") ?? iso(world.now()))),
  })),
  "GET /api/v1/policies/{namespace}/{name}/explain": withPolicy((policy, { world, parameters }) => {
    const decision = world.decisions.find((one) => one.policy === keyOf(parameters));
    if (decision === undefined) return missing("decision yet");
    const detail = detailOf(policy, decision);
    const text = [`${decision.policy}: ${decision.action} ${decision.from} -> ${decision.to}`, ...detail.trace.map((line) => `  ${line.step}: ${line.message}`)].join("\n");
    return { body: { policy: decision.policy, stack: decision.stack, decision, detail, operation: null, text } };
  }),
  "GET /api/v1/decisions": ({ world, query }) => {
    const policy = query.get("policy");
    return page(world.decisions.filter((decision) => policy === null || decision.policy === policy), query, "decisions");
  },
  "GET /api/v1/operations": ({ world, query }) => {
    const stack = query.get("stack");
    return page([...world.operations.values()].reverse().filter((operation) => stack === null || operation.stack === stack), query, "operations");
  },
  "GET /api/v1/operations/{id}": ({ world, parameters }) => {
    const operation = world.operations.get(parameters[0]);
    return operation === undefined ? missing(`operation ${parameters[0]}`) : { body: operation };
  },
  "GET /api/v1/controller": ({ world }) => ({ body: world.controller() }),
  "GET /api/v1/whoami": ({ authenticated }) => ({ body: { authenticated, mayChange: authenticated, authentication: "token" } }),
  "GET /healthz": () => ({ body: { status: "ok" } }),
  "GET /readyz": () => ({ body: { status: "ok" } }),
  "GET /scaling/stacks": ({ world }) => ({
    body: {
      stacks: [...world.policies.values()].map((policy) => ({
        id: policy.stack, active: true, count: policy.currentInstances, workspace: "default", template: "", last_scaled_at: policy.lastScaleTime,
        last_scale_reason: "", policy: `${policy.namespace}/${policy.name}`, problem: "",
      })),
      active: world.policies.size,
    },
  }),
  "POST /scaling/stack/scale": scale,
  "POST /scaling/stack/{id}/recommend": ({ world, parameters }) => {
    const found = byStack(world, parameters[0]);
    if (found === undefined) return missing(`stack ${parameters[0]}`);
    const [key, policy] = found;
    const decision = world.decisions.find((one) => one.policy === key);
    const at = policy.currentInstances;
    return {
      body: {
        stack_id: policy.stack, policy: key, action: "scale_up", current_count: at, target_count: at + 1, confidence: 0.85, advisor: policy.advisor,
        reason: "AboveThreshold", message: "cpu 86.2 is above 75", would_act: true, detail: detailOf(policy, { ...decision, from: at, to: at + 1, message: "cpu 86.2 is above 75" }),
      },
    };
  },
  "POST /api/v1/pause": ({ world, body }) => ({ body: world.setPause(true, body?.reason ?? "") }),
  "POST /api/v1/resume": ({ world }) => ({ body: world.setPause(false) }),
};
