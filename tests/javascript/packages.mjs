// SPDX-License-Identifier: BSL-1.0
// The published packages as npm installed them, unmodified.
import { createRequire } from 'node:module';

// Both read the process environment by themselves; nothing of the caller's may reach them.
for (const name of ['AGENT_INTERNAL_URL', 'FLATFILE_API_URL', 'FLATFILE_BEARER_TOKEN', 'FLATFILE_API_KEY'])
  delete process.env[name];

const require = createRequire(import.meta.url);
export const api = require('@flatfile/api'); // 1.23.1
export const olderApi = require('flatfile-api-1.23.0');
export const { FlatfileListener } = await import('@flatfile/listener');

// 1.23.1 sends `Keep-Alive: timeout=200`, which the fetch of Node 20 refuses before anything
// reaches a server. Taking the header back is one of the two remedies (README of the examples).
export const withoutKeepAlive = { headers: { 'Keep-Alive': undefined } };

// What a listener tells on the console: failures to fetch, errors of callbacks.
export const told = { fetch: [], callback: [] };
const { log, error } = console;
console.log = (...all) => (String(all[0]).startsWith('event.fetch error') ? told.fetch.push(all) : log(...all));
console.error = (...all) => (String(all[0]).startsWith('Error in event listener') ? told.callback.push(all) : error(...all));

export function eventIn(context, more = {}) {
  return { id: 'us_evt_1', domain: 'space', topic: 'space:created', context, payload: {}, namespaces: [], ...more };
}

// Gives a new listener one event, configured the way a deployed one is: by its environment.
export async function dispatch(server, setup, event, token = server.token) {
  process.env.AGENT_INTERNAL_URL = server.url;
  process.env.FLATFILE_BEARER_TOKEN = token;
  try {
    await FlatfileListener.create(setup).dispatchEvent(event);
  } finally {
    delete process.env.AGENT_INTERNAL_URL;
    delete process.env.FLATFILE_BEARER_TOKEN;
  }
}

// What `event.secrets` gives in one event: the value, or the text of the error.
export async function secretIn(server, name, context, options, token) {
  let outcome;
  await dispatch(server, (listener) => {
    listener.on('**', async (event) => {
      outcome = await event.secrets(name, options).then((value) => ({ value }), (why) => ({ error: why.message }));
    });
  }, eventIn(context), token);
  return outcome;
}
