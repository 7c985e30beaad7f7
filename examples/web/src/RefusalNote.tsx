import type { ReactNode } from 'react';
import { intoView } from './focus.ts';
import { isTemporary, type Refusal } from './refusal.ts';

/** Shows a refusal in the server's own words; children are what can be done about it. */
export function RefusalNote({
  of: refusal,
  onRetry,
  children,
}: {
  of: Refusal;
  /** Sends the same request again, when that can help. */
  onRetry?: (() => void) | undefined;
  children?: ReactNode;
}) {
  return (
    <div role="alert" className="note" ref={intoView}>
      <p>
        <strong>{headline(refusal)}</strong> {sentence(refusal)}
      </p>
      {onRetry && isTemporary(refusal) && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
      {children}
      {refusal.rule && (
        <details>
          <summary>Details for developers</summary>
          <dl>
            <dt>code</dt>
            <dd>{refusal.code}</dd>
            <dt>rule</dt>
            <dd>{refusal.rule}</dd>
            <dt>standing</dt>
            <dd>{refusal.standing}</dd>
            <dt>allowed</dt>
            <dd>{refusal.allowed?.join(', ')}</dd>
          </dl>
        </details>
      )}
    </div>
  );
}

function headline({ code }: Refusal): string {
  switch (code) {
    case 'FORBIDDEN':
      return 'You can’t do this:';
    case 'NOT_FOUND':
      return 'Not found:';
    case 'CONFLICT':
      return 'Changed by someone else:';
    case 'BAD_USER_INPUT':
      return 'Invalid input:';
    case 'UNAUTHENTICATED':
      return 'Your session has ended:';
    case 'RATE_LIMITED':
      return 'That was a bit fast:';
    case 'NO_ANSWER':
      return 'No connection:';
    default:
      return 'This did not work:';
  }
}

function sentence({ code, message }: Refusal): string {
  const text = message.replace(/[.!]?$/, '.');
  return code === 'NO_ANSWER' ? `${text} Nothing you typed is lost.` : text;
}
