// SPDX-License-Identifier: BSL-1.0
import assert from 'node:assert/strict';
import { once, EventEmitter } from 'node:events';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Coffer } from './coffer.mjs';
import { api, FlatfileListener, withoutKeepAlive } from './packages.mjs';

const { CofferEvents } = await import(pathToFileURL(path.join(process.env.COFFER_EXAMPLES, 'coffer_events.mjs')));
const scope = { environmentId: 'us_env_123', spaceId: 'us_spa_123' };
let server;

before(async () => { server = await Coffer.start(); });
after(() => server?.end());

// A listener with the driver mounted. `next` waits for an event of a topic.
async function mounted(more = {}) {
  const heard = new EventEmitter();
  process.env.AGENT_INTERNAL_URL = server.url;
  process.env.FLATFILE_BEARER_TOKEN = server.token;
  const driver = new CofferEvents({ url: server.url, token: server.token, ...more });
  FlatfileListener.create((root) => {
    root.on('**', async (event) => {
      const name = event.payload?.name;
      const value = name && await event.secrets(name).catch((why) => why.message);
      heard.emit(event.topic, { event: event.src, value });
    });
  }).mount(driver);
  return { driver, next: async (topic) => (await once(heard, topic, { signal: AbortSignal.timeout(30_000) }))[0] };
}

// Until the driver listens: an event that nobody waits for is lost on purpose.
async function untilItListens(next) {
  const first = next('test:ready');
  const send = setInterval(() => server.ask('POST', '/v1/events', { body: { domain: 'test', topic: 'test:ready', context: scope } }), 50);
  await first.finally(() => clearInterval(send));
}

test('a listener hears of a changed secret, and finds its new value at once', async () => {
  const { driver, next } = await mounted();
  await untilItListens(next);
  const { secrets } = new api.FlatfileClient({ apiUrl: server.url, token: server.token });
  const created = next('secret:created');
  const { data: [{ id }] } = await secrets.upsert({ name: 'KEY', value: 'first', ...scope }, withoutKeepAlive);
  const made = await created;
  assert.equal(made.value, 'first');
  assert.equal(made.event.payload.secretId, id);
  assert.equal(JSON.stringify(made.event).includes('first'), false);
  const updated = next('secret:updated');
  await secrets.upsert({ name: 'KEY', value: 'second', ...scope }, withoutKeepAlive);
  assert.equal((await updated).value, 'second');
  const deleted = next('secret:deleted');
  await secrets.delete(id, withoutKeepAlive);
  assert.equal((await deleted).value, 'Secret KEY not found');
  driver.unmountEventHandler();
  await driver.done;
});

test('a program\'s event reaches the listeners of its space', async () => {
  const { driver, next } = await mounted(scope);
  await untilItListens(next);
  const heard = next('job:ready');
  const sent = await server.ask('POST', '/v1/events', { body: { domain: 'job', topic: 'job:ready', context: scope, payload: { n: 1 } } });
  assert.equal(sent.status, 200);
  const { event } = await heard;
  assert.equal(event.id, sent.json.data.id);
  assert.deepEqual(event.payload, { n: 1 });
  driver.unmountEventHandler();
  await driver.done;
});

test('a refused driver says so', async () => {
  const { driver } = await mounted({ token: 'wrong' });
  await assert.rejects(driver.done, /401/);
});
