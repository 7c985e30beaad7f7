/** What development mode fills in for visitors who opened the printed link; others know neither. */
export type Credentials = { apiKey?: string; token?: string };

/**
 * What the header editor shows for HTTP headers in which $KEY and $TOKEN stand
 * for credentials. It reads JSON with comments: headers whose credentials are
 * not known are there for the reader to fill in, and are not sent until then.
 */
export function headerText(headers: string, credentials: Credentials): string {
  const text = JSON.stringify(
    Object.fromEntries(headers.split('\n').map((line) => {
      const [name = '', value = ''] = line.split(': ', 2);
      return [name, value.replace('$KEY', credentials.apiKey || '$KEY').replace('$TOKEN', credentials.token || '$TOKEN')];
    })),
    null,
    2,
  );
  return /\$(KEY|TOKEN)"/.test(text) ? text.replace(/^ {2}/gm, '  // ') : text;
}

/** Says which credential the header editor's text has, also one that is still to be filled in. */
export function credentialIn(text: string): string {
  if (/"authorization"\s*:\s*"apikey /i.test(text)) {
    const [, user] = /"on-behalf-of"\s*:\s*"([^"]*)"/i.exec(text) ?? [];
    return user ? `API key for ${user}` : 'API key';
  }
  return /"qb-token"|"authorization"\s*:\s*"bearer /i.test(text) ? 'session token' : 'no credential';
}
