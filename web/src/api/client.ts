// SPDX-License-Identifier: Apache-2.0
//
// The API's calls: deadlines, the token, problems as errors that a person can read. Knows no state of the page.
import type {
  Controller, DecisionList, Explanation, History, Operation, OperationList, Pause, PolicyDetail, PolicyList, Problem,
  Recommendation, ScaleAnswer, ScaleRequest, Whoami,
} from "./types";

// What went wrong and what to do, both one sentence. `status` is 0 when there was no answer.
export class ApiError extends Error {
  constructor(
    message: string,
    readonly action: string,
    readonly status: number,
    readonly type = "",
  ) {
    super(message);
  }
}

let token = "";
export function setToken(value: string): void {
  token = value;
}

export function authorization(): Record<string, string> {
  return token === "" ? {} : { Authorization: `Bearer ${token}` };
}

export function problemOf(status: number, text: string): ApiError {
  try {
    const problem = JSON.parse(text) as Partial<Problem>;
    if (typeof problem.detail === "string")
      return new ApiError(problem.detail, problem.action ?? "", status, problem.type?.split("/").pop() ?? "");
  } catch {
    // Not ours: a proxy's page, perhaps.
  }
  return new ApiError(`the server answered ${status}`, "see the controller's log", status);
}

interface Call {
  method?: "GET" | "POST";
  body?: unknown;
  key?: string; // Idempotency-Key
  seconds?: number;
}

async function call<T>(path: string, { method = "GET", body, key, seconds = 20 }: Call = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json", ...authorization() };
  const init: RequestInit = { method, headers, cache: "no-store", redirect: "error", signal: AbortSignal.timeout(seconds * 1000) };
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  if (key !== undefined) headers["Idempotency-Key"] = key;
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(path, init);
    text = await answer.text();
  } catch (error) {
    const timedOut = error instanceof DOMException && error.name === "TimeoutError";
    throw new ApiError(
      timedOut ? `no answer within ${seconds} s` : "the controller can't be reached",
      "is it running, and is the network up?", 0);
  }
  if (!answer.ok) throw problemOf(answer.status, text);
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new ApiError(`${path} answered something that is not JSON`, "is there a proxy between?", answer.status);
  }
}

const segment = encodeURIComponent;
function policyPath(namespace: string, name: string): string {
  return `/api/v1/policies/${segment(namespace)}/${segment(name)}`;
}

function query(parameters: Record<string, string | number | null | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}

export const api = {
  policies: () => call<PolicyList>("/api/v1/policies"),
  policy: (namespace: string, name: string) => call<PolicyDetail>(policyPath(namespace, name)),
  history: (namespace: string, name: string, since: string, until?: string) =>
    call<History>(`${policyPath(namespace, name)}/history${query({ since, until, limit: 1000 })}`),
  explain: (namespace: string, name: string) => call<Explanation>(`${policyPath(namespace, name)}/explain`),
  decisions: (policy: string, before?: string | null, limit = 50) =>
    call<DecisionList>(`/api/v1/decisions${query({ policy, before, limit })}`),
  operations: (stack: string, before?: string | null, limit = 100) =>
    call<OperationList>(`/api/v1/operations${query({ stack, before, limit })}`),
  operation: (id: string) => call<Operation>(`/api/v1/operations/${segment(id)}`),
  controller: () => call<Controller>("/api/v1/controller"),
  whoami: () => call<Whoami>("/api/v1/whoami"),
  scale: (request: ScaleRequest, key: string) =>
    call<ScaleAnswer>("/scaling/stack/scale", { method: "POST", body: request, key, seconds: 60 }),
  // A model may take its time.
  recommend: (stack: string, key: string) =>
    call<Recommendation>(`/scaling/stack/${segment(stack)}/recommend`, { method: "POST", key, seconds: 120 }),
  pause: (reason: string, key: string) => call<Pause>("/api/v1/pause", { method: "POST", body: { reason }, key }),
  resume: (key: string) => call<Pause>("/api/v1/resume", { method: "POST", key }),
};

// crypto.randomUUID is there only over TLS and on localhost.
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
