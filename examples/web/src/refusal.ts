import type { CombinedError } from 'urql';
import type { ErrorCode, Standing } from './gql/graphql.ts';

/** Why something did not happen, as the server explains it in errors[].extensions. */
export interface Refusal {
  message: string;
  code: ErrorCode | 'NO_ANSWER';
  /** With FORBIDDEN: the act, what the caller is to the dialog, and who could. */
  rule?: string;
  standing?: Standing;
  allowed?: Standing[];
  /** With CONFLICT: the current version of the dialog. */
  currentVersion?: number;
  /** With RATE_LIMITED: in how many seconds to try again. */
  retryAfter?: number;
}

/** Codes after which the same request can succeed. */
const temporary: ReadonlySet<string> = new Set(['NO_ANSWER', 'UNAUTHENTICATED', 'RATE_LIMITED', 'UNAVAILABLE', 'INTERNAL']);

export const isTemporary = ({ code }: Refusal): boolean => temporary.has(code);

export function refusalOf(error: CombinedError | undefined): Refusal {
  const first = error?.graphQLErrors[0];
  if (!first?.extensions['code']) return { code: 'NO_ANSWER', message: 'The server can’t be reached' };
  return { ...(first.extensions as Omit<Refusal, 'message'>), message: first.message };
}
