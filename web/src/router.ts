// SPDX-License-Identifier: Apache-2.0
//
// Where the dashboard is, in the address after '#': the server needs no routes of ours, and every page can be linked.
import { useEffect, useState } from "preact/hooks";

export type Route =
  | { page: "policies" }
  | { page: "policy"; namespace: string; name: string }
  | { page: "operations" }
  | { page: "operation"; id: string }
  | { page: "controller" }
  | { page: "unknown" };

export function parseRoute(hash: string): Route {
  let parts: string[];
  try {
    parts = hash.replace(/^#\/?/, "").split("/").filter((part) => part !== "").map(decodeURIComponent);
  } catch {
    return { page: "unknown" }; // a broken %-escape
  }
  const [first, second, third] = parts;
  if (parts.length === 0 || (first === "policies" && parts.length === 1)) return { page: "policies" };
  if (first === "policies" && second !== undefined && third !== undefined && parts.length === 3)
    return { page: "policy", namespace: second, name: third };
  if (first === "operations" && parts.length === 1) return { page: "operations" };
  if (first === "operations" && second !== undefined && parts.length === 2) return { page: "operation", id: second };
  if (first === "controller" && parts.length === 1) return { page: "controller" };
  return { page: "unknown" };
}

export function policyHref(policy: { namespace: string; name: string }): string {
  return `#/policies/${encodeURIComponent(policy.namespace)}/${encodeURIComponent(policy.name)}`;
}

export function operationHref(id: string): string {
  return `#/operations/${encodeURIComponent(id)}`;
}

export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = () => setHash(location.hash);
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return parseRoute(hash);
}
