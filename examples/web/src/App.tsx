import { useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { Provider } from 'urql';
import { Avatar } from './Avatar.tsx';
import { Boundary } from './Boundary.tsx';
import { connect } from './client.ts';
import { DialogList } from './DialogList.tsx';
import { DialogPage } from './DialogPage.tsx';
import { useKeptFocus } from './focus.ts';
import { Modal } from './Modal.tsx';
import { forgetSession, keepSession, type Session, storedSession } from './session.ts';
import { SignIn, SignInForm } from './SignIn.tsx';
import { useLive } from './useLive.ts';

export function App() {
  const [session, setSession] = useState(storedSession);
  const [expired, setExpired] = useState(false);
  const token = useRef('');
  token.current = session?.token ?? '';
  const [attempt, setAttempt] = useState(0);
  // One client for each user: its cache holds what that user may see. It stays
  // for a new token of the same user, and so does what was typed. After a crash
  // there is a new one, without the answer that may have caused it.
  const client = useMemo(
    () => (session ? connect(() => token.current, () => setExpired(true)) : null),
    [session?.userId, attempt],
  );
  const signIn = (next: Session) => {
    keepSession(next);
    setExpired(false);
    setSession(next);
  };
  const signOut = () => {
    forgetSession();
    setExpired(false);
    setSession(null);
  };
  if (!session || !client) return <SignIn onSession={signIn} />;
  return (
    <Provider value={client} key={session.userId}>
      <Conversations me={session.userId} onSignOut={signOut} onCrash={() => setAttempt(attempt + 1)} />
      {expired && (
        <Modal title="Your session has ended" onClose={() => setExpired(false)}>
          <p>Sign in again to continue where you left off. Nothing you typed is lost.</p>
          <SignInForm onSession={signIn}>
            <button type="button" onClick={signOut}>
              Sign out
            </button>
          </SignInForm>
        </Modal>
      )}
    </Provider>
  );
}

interface Props {
  me: string;
  onSignOut: () => void;
  onCrash: () => void;
}

function Conversations({ me, onSignOut, onCrash }: Props) {
  const open = useOpenDialog();
  useKeptFocus();
  const [changes, setChanges] = useState({ all: 0, open: 0 });
  useLive((dialogId) => {
    const isOpen = dialogId === null || dialogId === open;
    setChanges((seen) => ({ all: seen.all + 1, open: seen.open + Number(isOpen) }));
  });
  return (
    <>
      <header className="bar">
        <a className="brand" href="#/">
          Dialogs
        </a>
        <span className="who">
          <Avatar of={me} small /> <span className="title">{me}</span>
        </span>
        <button type="button" className="quiet" onClick={onSignOut}>
          Sign out
        </button>
      </header>
      <div className="columns" data-open={open !== null}>
        <Boundary onRetry={onCrash}>
          <DialogList me={me} open={open} changes={changes.all} />
        </Boundary>
        <main>
          <a className="back" href="#/">
            ‹ Conversations
          </a>
          <Boundary key={open} onRetry={onCrash}>
            {open === null ? (
              <div className="empty welcome">
                <p>Pick a conversation, or start a new one.</p>
              </div>
            ) : (
              <DialogPage id={open} me={me} changes={changes.open} />
            )}
          </Boundary>
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
