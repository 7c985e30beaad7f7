import { type ReactNode, useId, useLayoutEffect, useRef } from 'react';

/**
 * Asks for something before the page continues. The browser keeps the focus
 * inside, and gives it back to what had it before. The first input or button
 * has it at the start, or the one that is marked as the safe choice.
 */
export function Modal({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    shown?.querySelector<HTMLElement>('[data-safe]')?.focus();
    return () => shown?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={heading}
      className="card modal"
      // The browser has closed it: by Escape, or by the back gesture.
      onClose={(event) => event.target === dialog.current && !dialog.current.open && onClose()}
    >
      <h2 id={heading}>{title}</h2>
      {children}
    </dialog>
  );
}
