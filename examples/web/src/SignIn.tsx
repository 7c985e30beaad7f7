import { useState } from 'react';

export function SignIn({ refused, onToken }: { refused: boolean; onToken: (token: string) => void }) {
  const [token, setToken] = useState('');
  return (
    <main className="sign-in">
      <form
        className="card"
        onSubmit={(event) => {
          event.preventDefault();
          onToken(token.trim());
        }}
      >
        <h1>Dialogs</h1>
        <p>
          Your application’s back end would hand over a session token. For now, <code>bin/dialogs token alice</code>{' '}
          prints one.
        </p>
        {refused && (
          <p role="alert" className="refusal">
            The server does not take this token. It may have expired.
          </p>
        )}
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
        <button className="primary">Sign in</button>
      </form>
    </main>
  );
}
