import { type FormEvent, type ReactNode, useState } from 'react';
import { connect } from './client.ts';
import { whoAmI } from './operations.ts';
import { refusalOf } from './refusal.ts';
import type { Session } from './session.ts';

export function SignIn({ onSession }: { onSession: (session: Session) => void }) {
  return (
    <main className="sign-in">
      <div className="card">
        <h1>Dialogs</h1>
        <p>
          In your application, the back end hands this page a session token. To try it out, print one with{' '}
          <code>bin/dialogs token alice</code> and paste it here.
        </p>
        <SignInForm onSession={onSession} />
      </div>
    </main>
  );
}

/** Asks for a session token, and asks the server whose it is. Children are further buttons. */
export function SignInForm({ onSession, children }: { onSession: (session: Session) => void; children?: ReactNode }) {
  const [token, setToken] = useState('');
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    const answer = await sessionOf(token.trim());
    setBusy(false);
    if (typeof answer === 'string') setProblem(answer);
    else onSession(answer);
  }

  return (
    <form className="stack" onSubmit={submit} aria-busy={busy}>
      <label>
        Session token
        <input
          required
          autoFocus
          autoComplete="off"
          spellCheck={false}
          value={token}
          onChange={(event) => setToken(event.target.value)}
        />
      </label>
      {problem && (
        <p role="alert" className="note">
          {problem}
        </p>
      )}
      <div className="row">
        <button className="primary" aria-disabled={busy}>
          Sign in
        </button>
        {children}
      </div>
    </form>
  );
}

/** The session that a token opens, or what is wrong in words. */
async function sessionOf(token: string): Promise<Session | string> {
  // Nothing else can be sent in a header.
  if (!/^[\x21-\x7e]+$/.test(token)) return 'This is not a session token. Copy the whole line, and nothing else.';
  const { data, error } = await connect(() => token).query(whoAmI, {}).toPromise();
  if (data?.viewer.userId) return { token, userId: data.viewer.userId };
  switch (error && refusalOf(error).code) {
    case 'NO_ANSWER':
      return 'The server can’t be reached. Is it running? Your token is still here: sign in again when it is.';
    case 'UNAUTHENTICATED':
      return 'The server does not accept this token. It may have expired: get a new one.';
    default:
      return error ? refusalOf(error).message : 'This token belongs to no user.';
  }
}
