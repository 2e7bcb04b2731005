// SPDX-License-Identifier: Apache-2.0
//
// A modal question in the browser's own <dialog>: it keeps the focus, Escape closes it, and the focus goes back.
import type { ComponentChildren, JSX } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../api/client";

interface Props {
  title: string;
  confirm: string; // what the button does, in words
  danger?: boolean;
  disabled?: boolean;
  children?: ComponentChildren;
  // Resolves: the dialog closes. Throws: it stays and says what was wrong.
  onConfirm: () => Promise<void>;
  onClose: () => void;
}

export function Dialog({ title, confirm, danger = false, disabled = false, children, onConfirm, onClose }: Props): JSX.Element {
  const ref = useRef<HTMLDialogElement>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error>();
  const heading = useId();
  const left = useRef(false);
  // With the render itself: a key pressed in between would move the focus, which then went back to the wrong place.
  useLayoutEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      left.current = true;
      dialog?.close(); // while it is open nothing outside can have the focus
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await onConfirm();
      onClose();
    } catch (problem) {
      setError(problem instanceof Error ? problem : new Error(String(problem)));
      setBusy(false);
    }
  };
  return (
    <dialog ref={ref} class="dialog" aria-labelledby={heading} onClose={() => left.current || onClose()}>
      <form onSubmit={submit} autocomplete="off">
        <h2 id={heading}>{title}</h2>
        {children}
        <div aria-live="assertive">{error && <ErrorNote error={error} />}</div>
        <div class="dialog-buttons">
          <button type="button" onClick={onClose}>Cancel</button>
          <button type="submit" class={danger ? "danger" : "primary"} disabled={disabled || busy} aria-busy={busy}>
            {busy ? "Working…" : confirm}
          </button>
        </div>
      </form>
    </dialog>
  );
}

export function ErrorNote({ error }: { error: Error }): JSX.Element {
  return (
    <p class="error-note">
      <strong>{error.message}</strong>
      {error instanceof ApiError && error.action !== "" && <span> {error.action}.</span>}
    </p>
  );
}
