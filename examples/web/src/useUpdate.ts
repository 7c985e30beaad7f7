import { useRef, useState } from 'react';
import { useMutation } from 'urql';
import type { DialogDetailsFragment, UpdateDialogInput } from './gql/graphql.ts';
import { updateDialog } from './operations.ts';
import { isTemporary, type Refusal, refusalOf } from './refusal.ts';

/** What every part of an open dialog's page needs. */
export interface PartProps {
  dialog: DialogDetailsFragment;
  me: string;
  /** Shows the dialog as an update has left it; null when the user no longer sees it. */
  onChanged: (dialog: DialogDetailsFragment | null) => void;
  /** Reads the dialog again: a refusal says that the page is out of date. */
  onOutdated: () => void;
}

export interface Failure {
  refusal: Refusal;
  retry: () => void;
}

/**
 * Sends changes of the dialog. What failed can be sent again without happening
 * twice, also when only the answer was lost.
 */
export function useUpdate({ dialog, onChanged, onOutdated }: PartProps) {
  const [{ fetching: busy }, run] = useMutation(updateDialog);
  const [failure, setFailure] = useState<Failure | null>(null);
  const keyOf = useIdempotencyKey();

  async function update(input: UpdateDialogInput, done?: () => void): Promise<void> {
    if (busy) return;
    const variables = { id: dialog.id, input: { ...input, idempotencyKey: keyOf(input) } };
    const { data, error } = await run(variables);
    if (data?.updateDialog) {
      keyOf(null);
      setFailure(null);
      done?.();
      onChanged(data.updateDialog.dialog ?? null);
      return;
    }
    const refusal = refusalOf(error);
    setFailure({ refusal, retry: () => void update(input, done) });
    if (!isTemporary(refusal)) onOutdated();
  }

  return { update, busy, failure, forget: () => setFailure(null) };
}

/**
 * Gives the same key for the same input until null says that it was answered:
 * sending it again then has no second effect.
 */
export function useIdempotencyKey(): (input: object | null) => string {
  const sent = useRef({ input: '', key: '' });
  return (input) => {
    const text = JSON.stringify(input);
    if (sent.current.input !== text) sent.current = { input: text, key: newKey() };
    return sent.current.key;
  };
}

// crypto.randomUUID exists on HTTPS and localhost only.
const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
