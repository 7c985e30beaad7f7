/** Who is signed in, and the token that says so. */
export interface Session {
  token: string;
  userId: string;
}

// The session is kept for as long as the tab is open, so that reloading the
// page does not sign out. Other tabs never see it.
const name = 'dialogs-session';

export function storedSession(): Session | null {
  try {
    const { token, userId } = JSON.parse(sessionStorage.getItem(name) ?? '{}') as Partial<Session>;
    return token && userId ? { token, userId } : null;
  } catch {
    return null; // it is damaged, or the browser stores nothing for this page
  }
}

export function keepSession(session: Session): void {
  try {
    sessionStorage.setItem(name, JSON.stringify(session));
  } catch {
    // The browser stores nothing for this page: the session lasts until it is reloaded.
  }
}

export function forgetSession(): void {
  try {
    sessionStorage.removeItem(name);
  } catch {
    // Nothing was stored.
  }
}
