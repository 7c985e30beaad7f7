// QuickBlox's library with promises in the place of callbacks, on the server
// of the test. Nothing of the library itself is changed.
import QB from 'quickblox';

export const endpoint = process.env.TEST_ENDPOINT; // host and port; the library speaks HTTPS only
const key = process.env.TEST_KEY;

export { QB };

export const applicationID = 76730;

export function init(config = {}) {
  QB.init(applicationID, 'authorization key', 'authorization secret', 'account key', {
    endpoints: { api: endpoint, chat: endpoint },
    ...config,
  });
}

// call makes a promise of a method that takes a callback last.
export function call(object, method, ...args) {
  return new Promise((resolve, reject) => {
    object[method](...args, (error, result) => (error ? reject(error) : resolve(result)));
  });
}

// tokenOf is a session token of a user, made by their back end.
export async function tokenOf(id) {
  const response = await fetch(`https://${endpoint}/users/${encodeURIComponent(id)}/tokens`, {
    method: 'POST',
    headers: { Authorization: `ApiKey ${key}` },
  });
  return (await response.json()).token;
}

// asUser starts the session of a user.
export async function asUser(id) {
  return call(QB, 'startSessionWithToken', await tokenOf(id));
}

// asKey sends what the library would send without a session, with the API key
// and a user in its headers.
export function asKey(userID, request) {
  QB.service.setSession(null);
  return call(QB.service, 'ajax', {
    ...request,
    headers: { Authorization: `ApiKey ${key}`, 'On-Behalf-Of': String(userID) },
  });
}

// define makes a custom class, which only GraphQL does.
export async function define(name, fields) {
  const response = await fetch(`https://${endpoint}/graphql`, {
    method: 'POST',
    headers: { Authorization: `ApiKey ${key}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({
      query: 'mutation($in: DefineCustomClassInput!) { defineCustomClass(input: $in) { customClass { name } } }',
      variables: { in: { name, fields } },
    }),
  });
  const { errors } = await response.json();
  if (errors) {
    throw new Error(JSON.stringify(errors));
  }
}

export const dialogURL = (id) => `https://${endpoint}/chat/Dialog/${id}.json`;
