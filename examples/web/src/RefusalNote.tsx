import type { ReactNode } from 'react';
import type { CombinedError } from 'urql';
import { type Refusal, refusalOf } from './refusal.ts';

/** Shows a refusal in the server's own words; children are what can be done about it. */
export function RefusalNote({ of: cause, children }: { of: CombinedError | Refusal; children?: ReactNode }) {
  const refusal = 'graphQLErrors' in cause ? refusalOf(cause) : cause;
  return (
    <div role="alert" className="refusal" ref={intoView}>
      <p>
        <strong>{headline(refusal)}</strong> {refusal.message}.
      </p>
      {refusal.rule && (
        <dl>
          <dt>Rule</dt>
          <dd>
            <code>{refusal.rule}</code>
          </dd>
          <dt>You are</dt>
          <dd>{refusal.standing?.toLowerCase()}</dd>
          <dt>Allowed</dt>
          <dd>{refusal.allowed?.map((standing) => standing.toLowerCase()).join(', ')}</dd>
        </dl>
      )}
      {children}
    </div>
  );
}

const intoView = (element: HTMLElement | null) => element?.scrollIntoView({ block: 'nearest' });

function headline({ code, field }: Refusal): string {
  switch (code) {
    case 'FORBIDDEN':
      return 'You may not do this:';
    case 'NOT_FOUND':
      return 'Not here:';
    case 'CONFLICT':
      return 'Somebody was faster:';
    case 'BAD_USER_INPUT':
      return field ? `Check “${field}”:` : 'This will not do:';
    default:
      return 'This did not work:';
  }
}
