// SPDX-License-Identifier: Apache-2.0
//
// All policies at a glance: a list that draws only what is seen, so that thousands are no heavier than twenty.
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { keyOf } from "../state/fleet";
import { useFleet, useNow, useTitle } from "../state/hooks";
import { countStates, kNeedsAttention, kStates, select, type Sort, type SortKey, type State } from "../state/select";
import { plural } from "../ui/format";
import { Icon } from "../ui/marks";
import { useNarrow, useVisibleRange } from "../ui/virtual";
import { Row } from "./row";

// Kept while the person looks at a policy and comes back.
const kept = { filter: "", states: new Set<State>(), sort: { by: "state", down: false } as Sort, scroll: 0 };

interface Column {
  key: SortKey | undefined;
  title: string;
  down: boolean; // the first click sorts downwards
}
const kColumns: readonly Column[] = [
  { key: "state", title: "State", down: false },
  { key: "name", title: "Policy", down: false },
  { key: "count", title: "Instances", down: true },
  { key: "pressure", title: "Signals", down: true },
  { key: "decision", title: "Last decision", down: true },
  { key: "next", title: "Next run", down: false },
];

export function Overview(): JSX.Element {
  const fleet = useFleet();
  const [filter, setFilter] = useState(kept.filter);
  const [states, setStates] = useState<ReadonlySet<State>>(kept.states);
  const [sort, setSort] = useState(kept.sort);
  useTitle("");
  Object.assign(kept, { filter, states, sort });
  const rows = useMemo(
    () => select(fleet.policies.values(), filter, states, sort), [fleet.version, filter, states, sort]);
  const counts = useMemo(() => countStates(fleet.policies.values()), [fleet.version]);
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1}>Policies</h1>
        <FilterBox filter={filter} onFilter={setFilter} />
        <SortChoice sort={sort} onSort={setSort} />
      </div>
      <StateChips counts={counts} total={fleet.policies.size} states={states} onStates={setStates} />
      <p class="visually-hidden" role="status">{fleet.loaded ? `${rows.length} of ${plural(fleet.policies.size, "policy", "policies")} shown` : ""}</p>
      {!fleet.loaded ? <p class="empty" aria-busy="true">Reading the policies…</p> :
        rows.length === 0 ? <Empty none={fleet.policies.size === 0} onClear={() => { setFilter(""); setStates(new Set()); }} /> :
        <List rows={rows} sort={sort} onSort={setSort} />}
    </>
  );
}

function FilterBox({ filter, onFilter }: { filter: string; onFilter: (filter: string) => void }): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const slash = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.key !== "/" || event.ctrlKey || event.metaKey || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
      event.preventDefault();
      input.current?.select();
    };
    addEventListener("keydown", slash);
    return () => removeEventListener("keydown", slash);
  }, []);
  return (
    <label class="filter">
      <span class="visually-hidden">Filter policies</span>
      <input ref={input} type="search" value={filter} placeholder="Filter by name, stack, reason…  ( / )" spellcheck={false}
        onInput={(event) => onFilter(event.currentTarget.value)} onKeyDown={(event) => event.key === "Escape" && onFilter("")} />
    </label>
  );
}

function SortChoice({ sort, onSort }: { sort: Sort; onSort: (sort: Sort) => void }): JSX.Element {
  return (
    <label class="sort-choice">
      Sort
      <select value={sort.by} onChange={(event) => {
        const by = event.currentTarget.value as SortKey;
        onSort({ by, down: kColumns.find((column) => column.key === by)?.down ?? false });
      }}>
        {kColumns.map((column) => <option key={column.title} value={column.key}>{column.title}</option>)}
      </select>
    </label>
  );
}

interface ChipsProps {
  counts: Map<State, number>;
  total: number;
  states: ReadonlySet<State>;
  onStates: (states: ReadonlySet<State>) => void;
}
function StateChips({ counts, total, states, onStates }: ChipsProps): JSX.Element {
  const toggle = (state: State) => {
    const next = new Set(states);
    if (!next.delete(state)) next.add(state);
    onStates(next);
  };
  const attention = kNeedsAttention.reduce((sum, state) => sum + (counts.get(state) ?? 0), 0);
  return (
    <div class="chips" role="group" aria-label="Show only these states">
      <button type="button" class="chip" aria-pressed={states.size === 0} onClick={() => onStates(new Set())}>
        all <b>{total}</b>
      </button>
      {kStates.filter((state) => (counts.get(state) ?? 0) > 0 || states.has(state)).map((state) => (
        <button type="button" key={state} class={`chip state-${state}`} aria-pressed={states.has(state)} onClick={() => toggle(state)}>
          <Icon name={state} /> {state} <b>{counts.get(state) ?? 0}</b>
        </button>
      ))}
      {attention === 0 && total > 0 && <span class="chips-note">nothing needs a person</span>}
    </div>
  );
}

function Empty({ none, onClear }: { none: boolean; onClear: () => void }): JSX.Element {
  if (none) {
    return (
      <p class="empty">
        There are no policies yet. Put a <code>ScalingPolicy</code> into the folder of <code>--policies</code>; it appears here within seconds.
      </p>
    );
  }
  return <p class="empty">No policy matches. <button type="button" onClick={onClear}>Clear the filter</button></p>;
}

interface ListProps {
  rows: ReturnType<typeof select>;
  sort: Sort;
  onSort: (sort: Sort) => void;
}
function List({ rows, sort, onSort }: ListProps): JSX.Element {
  const now = useNow();
  const body = useRef<HTMLTableSectionElement>(null);
  const narrow = useNarrow(900);
  const height = narrow ? 130 : 46;
  const { first, end } = useVisibleRange(body, height, rows.length);
  useEffect(() => {
    scrollTo(0, kept.scroll);
    const keep = () => void (kept.scroll = scrollY);
    addEventListener("scrollend", keep, { passive: true });
    return () => removeEventListener("scrollend", keep);
  }, []);
  return (
    <table class="policies" role="table" aria-rowcount={rows.length + 1} onKeyDown={(event) => moveFocus(event, body.current)}>
      <caption class="visually-hidden">Policies; arrow keys move from row to row, Enter opens one</caption>
      <thead role="rowgroup">
        <tr role="row">{kColumns.map((column) => <Head key={column.title} column={column} sort={sort} onSort={onSort} />)}</tr>
      </thead>
      <tbody ref={body} role="rowgroup">
        <Spacer rows={first} height={height} />
        {rows.slice(first, end).map((policy, index) => <Row key={keyOf(policy)} policy={policy} now={now} index={first + index + 2} />)}
        <Spacer rows={rows.length - end} height={height} />
      </tbody>
    </table>
  );
}

function Head({ column, sort, onSort }: { column: Column; sort: Sort; onSort: (sort: Sort) => void }): JSX.Element {
  const { key, title, down } = column;
  if (key === undefined) return <th role="columnheader" scope="col">{title}</th>;
  const active = sort.by === key;
  const direction = active ? (sort.down ? "descending" : "ascending") : undefined;
  return (
    <th role="columnheader" scope="col" aria-sort={direction ?? "none"}>
      <button type="button" class="sort" onClick={() => onSort({ by: key, down: active ? !sort.down : down })}>
        {title}<span class="sort-mark" aria-hidden="true">{active ? (sort.down ? "↓" : "↑") : ""}</span>
      </button>
    </th>
  );
}

// Stands for rows that are not drawn. An SVG's height is an attribute; a style would need another policy of the page.
function Spacer({ rows, height }: { rows: number; height: number }): JSX.Element | null {
  if (rows <= 0) return null;
  return <tr class="spacer" role="presentation"><td colSpan={6}><svg width="1" height={rows * height} aria-hidden="true" /></td></tr>;
}

function moveFocus(event: KeyboardEvent, body: HTMLElement | null): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step === undefined || body === null || event.altKey || event.ctrlKey || event.metaKey) return;
  const links = [...body.querySelectorAll<HTMLAnchorElement>("a.policy-link")];
  const at = links.indexOf(document.activeElement as HTMLAnchorElement);
  const next = links[at < 0 ? 0 : at + step];
  if (next === undefined) return;
  event.preventDefault();
  next.focus({ preventScroll: true });
  next.closest("tr")?.scrollIntoView({ block: "nearest" });
}
