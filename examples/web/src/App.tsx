import { useMemo, useState, useSyncExternalStore } from 'react';
import { Provider, useQuery } from 'urql';
import { Avatar } from './Avatar.tsx';
import { connect } from './client.ts';
import { DialogList } from './DialogList.tsx';
import { DialogPage } from './DialogPage.tsx';
import { whoAmI } from './operations.ts';
import { SignIn } from './SignIn.tsx';

// The token is kept for as long as the tab is open, so that loading the page
// again does not sign out. Other tabs never see it.
const stored = 'dialogs-token';

export function App() {
  const [token, setToken] = useState(() => sessionStorage.getItem(stored));
  const [refused, setRefused] = useState(false);
  const signIn = (next: string) => {
    sessionStorage.setItem(stored, next);
    setRefused(false);
    setToken(next);
  };
  const signOut = () => {
    sessionStorage.removeItem(stored);
    setToken(null);
  };
  const client = useMemo(
    () =>
      token === null
        ? null
        : connect(token, () => {
            setRefused(true);
            signOut();
          }),
    [token],
  );
  if (!client) return <SignIn refused={refused} onToken={signIn} />;
  return (
    <Provider value={client}>
      <Dialogs onSignOut={signOut} />
    </Provider>
  );
}

function Dialogs({ onSignOut }: { onSignOut: () => void }) {
  const [{ data }] = useQuery({ query: whoAmI });
  const me = data?.viewer.userId ?? '';
  const open = useOpenDialog();
  return (
    <>
      <header className="bar">
        <a className="brand" href="#/">
          Dialogs
        </a>
        <span className="who">
          <Avatar of={me} /> {me}
        </span>
        <button type="button" className="quiet" onClick={onSignOut}>
          Sign out
        </button>
      </header>
      <div className="columns" data-open={open !== null}>
        <DialogList me={me} open={open} />
        <main>
          <a className="back" href="#/">
            ← Your dialogs
          </a>
          {open === null ? (
            <p className="empty">Choose a dialog, or make a new group.</p>
          ) : (
            <DialogPage key={open} id={open} me={me} />
          )}
        </main>
      </div>
    </>
  );
}

/** The dialog that the address names: #/dialogs/ID. */
function useOpenDialog(): string | null {
  const hash = useSyncExternalStore(
    (changed) => {
      addEventListener('hashchange', changed);
      return () => removeEventListener('hashchange', changed);
    },
    () => location.hash,
  );
  return /^#\/dialogs\/(.+)$/.exec(hash)?.[1] ?? null;
}
