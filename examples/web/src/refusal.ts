import type { CombinedError } from 'urql';
import type { ErrorCode, Standing } from './gql/graphql.ts';

/** Why something did not happen, as the server explains it in errors[].extensions. */
export interface Refusal {
  message: string;
  code: ErrorCode | 'NO_ANSWER';
  /** The one input to blame. */
  field?: string;
  /** With FORBIDDEN: the act, what the caller is to the dialog, and who could. */
  rule?: string;
  standing?: Standing;
  allowed?: Standing[];
  /** With CONFLICT: the version that the dialog is at. */
  currentVersion?: number;
}

export function refusalOf(error: CombinedError): Refusal {
  const [first] = error.graphQLErrors;
  if (!first) return { code: 'NO_ANSWER', message: 'The server could not be reached. Try again.' };
  return { ...(first.extensions as Omit<Refusal, 'message'>), message: first.message };
}
