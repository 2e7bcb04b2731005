// SPDX-License-Identifier: Apache-2.0
//
// The token and the looks. The token lives in this tab alone (sessionStorage) and goes with it; never in an address, a
// cookie or the page's text. It is kept only once the server has accepted it.
import { api, ApiError, setToken } from "../api/client";

const kToken = "stackscaler.token";
const kTheme = "stackscaler.theme";

export type Access = "unknown" | "read-only" | "may-change" | "no-token-configured";
export type Theme = "auto" | "light" | "dark";

// Storage may be forbidden (private windows, policies): then it is kept in memory alone.
function read(storage: () => Storage, name: string): string {
  try {
    return storage().getItem(name) ?? "";
  } catch {
    return "";
  }
}
function write(storage: () => Storage, name: string, value: string): void {
  try {
    if (value === "") storage().removeItem(name);
    else storage().setItem(name, value);
  } catch {
    // In memory alone.
  }
}

// What the kept token allows. A token that the server refuses is forgotten.
export async function restoreAccess(): Promise<Access> {
  const kept = keptToken();
  setToken(kept);
  try {
    return accessOf(await api.whoami());
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) {
      signOut();
      return restoreAccess();
    }
    return "unknown";
  }
}

export function keptToken(): string {
  return read(() => sessionStorage, kToken);
}

export async function signIn(token: string): Promise<Access> {
  setToken(token);
  try {
    const access = accessOf(await api.whoami());
    if (access === "may-change") write(() => sessionStorage, kToken, token);
    return access;
  } catch (error) {
    setToken(keptToken());
    throw error;
  }
}

export function signOut(): void {
  setToken("");
  write(() => sessionStorage, kToken, "");
}

function accessOf(who: { mayChange: boolean; authentication: string }): Access {
  if (who.authentication === "none") return "no-token-configured";
  return who.mayChange ? "may-change" : "read-only";
}

export function theme(): Theme {
  const kept = read(() => localStorage, kTheme);
  return kept === "light" || kept === "dark" ? kept : "auto";
}

export function setTheme(value: Theme): void {
  write(() => localStorage, kTheme, value === "auto" ? "" : value);
  showTheme();
}

export function showTheme(): void {
  const value = theme();
  if (value === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = value;
}
