import { useState } from 'react';
import type { AnyVariables, UseQueryState } from 'urql';
import { isTemporary, type Refusal, refusalOf } from './refusal.ts';

/**
 * What a query has last answered: it stays on the page while the next page of
 * a list is on its way, and while the server can't be reached. After a refusal
 * that will last, nothing is left.
 */
export function useKept<Data, Variables extends AnyVariables>({
  data,
  error,
}: UseQueryState<Data, Variables>): { data: Data | undefined; refusal: Refusal | null } {
  const [kept, setKept] = useState(data);
  const refusal = error ? refusalOf(error) : null;
  const next = refusal === null ? (data ?? kept) : isTemporary(refusal) ? kept : undefined;
  if (next !== kept) setKept(next);
  return { data: next, refusal };
}
