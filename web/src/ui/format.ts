// SPDX-License-Identifier: Apache-2.0
//
// Numbers and times for people. Plain functions; `now` comes from the caller, so that tests own it.

export function span(ms: number): string {
  const s = Math.round(Math.abs(ms) / 1000);
  if (s < 100) return `${s} s`;
  const m = Math.round(s / 60);
  if (m < 100) return `${m} min`;
  const h = Math.round(s / 3600);
  if (h < 48) return `${h} h`;
  return `${Math.round(s / 86_400)} d`;
}

export function ago(time: string | null | undefined, now: number): string {
  const at = parseTime(time);
  if (at === undefined) return "never";
  return now - at < 1500 ? "just now" : `${span(now - at)} ago`;
}

export function until(time: string | null | undefined, now: number): string {
  const at = parseTime(time);
  if (at === undefined) return "–";
  if (at - now > 500) return `in ${span(at - now)}`;
  return now - at < 5000 ? "now" : `${span(now - at)} late`;
}

export function parseTime(time: string | null | undefined): number | undefined {
  if (time === null || time === undefined || time === "") return undefined;
  const at = Date.parse(time);
  return Number.isNaN(at) ? undefined : at;
}

// 0.0123 -> "0.0123", 81.29 -> "81.3", 12345 -> "12 345"
export function figure(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e9 || size < 1e-4)) return value.toExponential(2);
  const digits = size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 4;
  const rounded = Number(value.toFixed(digits)).toString();
  const [whole = "", fraction] = rounded.split(".");
  const grouped = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, "\u202f") : whole;
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const full = new Intl.DateTimeFormat(undefined, {
  year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  timeZoneName: "short",
});

export function timeOfDay(time: string | number | null | undefined): string {
  const at = typeof time === "number" ? time : parseTime(time);
  return at === undefined ? "–" : clock.format(at);
}

export function fullTime(time: string | number | null | undefined): string {
  const at = typeof time === "number" ? time : parseTime(time);
  return at === undefined ? "–" : full.format(at);
}

// "scale_up" -> "scale up"
export function words(value: string): string {
  return value.replaceAll("_", " ");
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${figure(count)} ${count === 1 ? one : many}`;
}
