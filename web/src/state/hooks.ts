// SPDX-License-Identifier: Apache-2.0
import { createContext } from "preact";
import { useContext, useEffect, useReducer, useRef, useState } from "preact/hooks";
import type { Access } from "./session";
import type { Fleet } from "./fleet";

export interface Shared {
  fleet: Fleet;
  access: Access;
  // Speaks to screen readers, and shows the sentence for a while.
  say: (sentence: string, kind?: "info" | "error") => void;
  ask: (dialog: "token" | "pause" | "resume") => void;
}
export const SharedContext = createContext<Shared | undefined>(undefined);

export function useShared(): Shared {
  const shared = useContext(SharedContext);
  if (shared === undefined) throw new Error("outside of the app");
  return shared;
}

// Draws again when the fleet changed.
export function useFleet(): Fleet {
  const { fleet } = useShared();
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  useEffect(() => fleet.subscribe(() => redraw(undefined)), [fleet]);
  return fleet;
}

// The server's time, each second.
export function useNow(): number {
  const { fleet } = useShared();
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now + fleet.clockOffset;
}

export interface Loaded<T> {
  data: T | undefined;
  error: Error | undefined;
  loading: boolean;
  reload: () => void;
}

// Reads when `deps` change and on reload(); an answer that a later question overtook is dropped. Old data stay while
// new ones are on their way, unless `deps` changed.
export function useLoad<T>(read: () => Promise<T>, deps: readonly unknown[]): Loaded<T> {
  const [state, setState] = useState<{ data?: T; error?: Error; loading: boolean; for: string }>({ loading: true, for: "" });
  const [round, reload] = useReducer((n: number) => n + 1, 0);
  const turn = useRef(0);
  const id = JSON.stringify(deps);
  useEffect(() => {
    const mine = ++turn.current;
    setState((old) => (old.for === id ? { ...old, loading: true } : { loading: true, for: id }));
    read().then(
      (data) => mine === turn.current && setState({ data, loading: false, for: id }),
      (error: Error) => mine === turn.current && setState((old) => ({ ...old, error, loading: false, for: id })),
    );
    return () => void (turn.current += 1);
  }, [id, round]);
  const current = state.for === id;
  return {
    data: current ? state.data : undefined,
    error: current ? state.error : undefined,
    loading: !current || state.loading,
    reload: () => reload(undefined),
  };
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title === "" ? "Stackscaler" : `${title} · Stackscaler`;
  }, [title]);
}
