/** Who is signed in, and the token that says so. */
export interface Session {
  token: string;
  userId: string;
}

// The session is kept for as long as the tab is open, so that reloading the
// page does not sign out. Other tabs never see it.
const name = 'dialogs-session';

export function storedSession(): Session | null {
  const stored = sessionStorage.getItem(name);
  return stored === null ? null : (JSON.parse(stored) as Session);
}

export function keepSession(session: Session): void {
  sessionStorage.setItem(name, JSON.stringify(session));
}

export function forgetSession(): void {
  sessionStorage.removeItem(name);
}
