import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { serverAudits } from 'graphql-http';
import { url } from './server.js';

// The audits send GET requests that any page could make a browser send. The
// server wants a header that a browser asks permission for.
const audits = serverAudits({
  url,
  fetchFn: (input: string, init: RequestInit = {}) =>
    fetch(input, { ...init, headers: { ...init.headers, 'GraphQL-Require-Preflight': '1' } }),
});

const passed: Record<string, number> = {};

for (const audit of audits) {
  const level = audit.name.split(' ')[0] ?? '';
  test(`${audit.id} ${audit.name}`, async () => {
    const result = await audit.fn();
    assert.equal(result.status, 'ok', 'reason' in result ? result.reason : '');
    passed[level] = (passed[level] ?? 0) + 1;
  });
}

after(() => {
  for (const level of ['MUST', 'SHOULD', 'MAY']) {
    const all = audits.filter((audit) => audit.name.startsWith(level)).length;
    assert.ok(all > 0, `there are audits named ${level}`);
    console.log(`${level}: ${passed[level] ?? 0} of ${all} audits pass`);
  }
});
