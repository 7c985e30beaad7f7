import { useEffect } from 'react';

const focusable = 'a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), summary';

/** The elements around another that can have the focus, and its place among them. */
interface Place {
  around: Element;
  index: number;
}

/**
 * Keeps the keyboard's focus when the element that has it disappears: a person
 * who was removed, a Save button after saving. What is in its place gets the
 * focus, where otherwise the browser would begin again at the top of the page.
 */
export function useKeptFocus(): void {
  useEffect(() => {
    let last: Element | null = null;
    let places: Place[] = [];
    const remember = ({ target }: FocusEvent) => {
      last = target as Element;
      places = [];
      for (let around = last.parentElement; around; around = around.parentElement) {
        places.push({ around, index: reachable(around).indexOf(last as HTMLElement) });
      }
    };
    const observer = new MutationObserver(() => {
      if (document.activeElement !== document.body || !last || last.isConnected) return;
      for (const { around, index } of places) {
        const left = around.isConnected ? reachable(around) : [];
        const next = left[Math.min(Math.max(index, 0), left.length - 1)];
        if (next) {
          next.focus();
          return;
        }
      }
    });
    document.addEventListener('focusin', remember);
    observer.observe(document.body, { childList: true, subtree: true });
    return () => {
      document.removeEventListener('focusin', remember);
      observer.disconnect();
    };
  }, []);
}

const reachable = (around: Element): HTMLElement[] =>
  Array.from(around.querySelectorAll<HTMLElement>(focusable)).filter((element) => element.checkVisibility());

/** Gives the focus to an element that appears because of what the user did. */
export const focusOnArrival = (element: HTMLElement | null): void => element?.focus();

/** Scrolls to an element that appears, when it is out of view. */
export const intoView = (element: HTMLElement | null): void => element?.scrollIntoView({ block: 'nearest' });
