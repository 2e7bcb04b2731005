// SPDX-License-Identifier: Apache-2.0
//
// Which rows of a long list are near the window. The page itself scrolls (a box of its own would be a second scroll bar
// on a phone); all rows have the same height.
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import type { RefObject } from "preact";

const kMargin = 12; // rows above and below that are drawn too

export interface Range {
  first: number;
  end: number;
}

export function visibleRange(listTop: number, windowHeight: number, rowHeight: number, count: number): Range {
  const first = Math.floor(-listTop / rowHeight) - kMargin;
  const end = Math.ceil((windowHeight - listTop) / rowHeight) + kMargin;
  const clamp = (row: number) => Math.min(count, Math.max(0, row));
  return { first: clamp(first), end: clamp(end) };
}

export function useVisibleRange(list: RefObject<HTMLElement | null>, rowHeight: number, count: number): Range {
  const [range, setRange] = useState<Range>({ first: 0, end: Math.min(count, 60) });
  const measure = () => {
    if (list.current === null) return;
    const next = visibleRange(list.current.getBoundingClientRect().top, innerHeight, rowHeight, count);
    setRange((old) => (old.first === next.first && old.end === next.end ? old : next));
  };
  useLayoutEffect(measure, [rowHeight, count]);
  useEffect(() => {
    let asked = 0;
    const later = () => {
      asked ||= requestAnimationFrame(() => {
        asked = 0;
        measure();
      });
    };
    addEventListener("scroll", later, { passive: true });
    addEventListener("resize", later, { passive: true });
    return () => {
      cancelAnimationFrame(asked);
      removeEventListener("scroll", later);
      removeEventListener("resize", later);
    };
  }, [rowHeight, count]);
  return { first: Math.min(range.first, count), end: Math.min(range.end, count) };
}

// True below that width; follows the window.
export function useNarrow(pixels: number): boolean {
  const [narrow, setNarrow] = useState(() => matchMedia(`(max-width: ${pixels}px)`).matches);
  useEffect(() => {
    const media = matchMedia(`(max-width: ${pixels}px)`);
    const changed = () => setNarrow(media.matches);
    media.addEventListener("change", changed);
    return () => media.removeEventListener("change", changed);
  }, [pixels]);
  return narrow;
}
