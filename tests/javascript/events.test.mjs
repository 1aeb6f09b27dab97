// SPDX-License-Identifier: BSL-1.0
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once, EventEmitter } from 'node:events';
import http from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Coffer } from './coffer.mjs';
import { api, FlatfileListener, withoutKeepAlive } from './packages.mjs';

const driverFile = pathToFileURL(path.join(process.env.COFFER_EXAMPLES, 'coffer_events.mjs'));
const { CofferEvents } = await import(driverFile);
const scope = { environmentId: 'us_env_123', spaceId: 'us_spa_123' };
let server;

before(async () => { server = await Coffer.start(); });
after(() => server?.end());

// A listener with the driver mounted. `next` waits for an event of a topic.
async function mounted(more = {}) {
  const heard = new EventEmitter();
  process.env.AGENT_INTERNAL_URL = server.url;
  process.env.FLATFILE_BEARER_TOKEN = typeof more.token === 'function' ? more.token() : server.token;
  const driver = new CofferEvents({ url: server.url, token: server.token, ...more });
  FlatfileListener.create((root) => {
    root.on('**', async (event) => {
      const name = event.payload?.name;
      const value = name && await event.secrets(name).catch((why) => why.message);
      heard.emit(event.topic, { event: event.src, value });
    });
  }).mount(driver);
  return { driver, next: async (topic) => (await once(heard, topic, { signal: AbortSignal.timeout(300_000) }))[0] };
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

test('a token that a function gives is replaced without a restart, for events and for secrets', async () => {
  const newToken = () => server.run(['token', 'create', '--full', '--name', 'replaced']).trim();
  const first = newToken();
  let token = first;
  const { driver, next } = await mounted({ token: () => token });
  await untilItListens(next);
  token = newToken();
  server.run(['token', 'revoke', first.slice(4, 16), '--yes']);
  while ((await server.ask('GET', '/v1/x/whoami', { token: first })).status !== 401) await new Promise((done) => { setTimeout(done, 50); });
  const created = next('secret:created');
  await server.ask('POST', '/v1/secrets', { body: { name: 'AFTERWARDS', value: 'read with the next one', ...scope } });
  assert.equal((await created).value, 'read with the next one');
  driver.unmountEventHandler();
  await driver.done;
});

test('a refused driver says so', async () => {
  for (const token of ['wrong', () => 'wrong']) {
    const { driver } = await mounted({ token });
    await assert.rejects(driver.done, /401/);
  }
});

test('a refused driver that nobody waits for does not end its process', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', `
    import { CofferEvents } from '${driverFile}';
    new CofferEvents({ url: '${server.url}', token: 'wrong' }).mountEventHandler({});
    setTimeout(() => console.log('still here'), 2000);`], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { out: '', err: '' };
  child.stdout.on('data', (piece) => { said.out += piece; });
  child.stderr.on('data', (piece) => { said.err += piece; });
  const [code] = await once(child, 'close');
  assert.deepEqual({ code, ...said }, { code: 0, out: 'still here\n', err: 'No more events: the server refuses: 401\n' });
});

// A server that gives each request the next answer, and nothing to those that come later. What a driver
// makes of its events is in `given`; an event whose topic is `bad` fails.
async function against(answers, enough, token = 't', then = () => {}) {
  let requests = 0;
  const asked = [];
  const after = [];
  const pretended = http.createServer((request, answer) => {
    const { status = 200, headers = {}, events = [], text = '' } = answers[requests] ?? {};
    requests += 1;
    asked.push(request.headers.authorization);
    after.push(request.headers['last-event-id']);
    answer.writeHead(status, headers);
    if (text) answer.write(text);
    for (const event of events) answer.write(`id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`);
    if (status !== 200 || answers[requests]) answer.end();
    else answer.flushHeaders();
  }).listen(0, '127.0.0.1');
  await once(pretended, 'listening');
  const given = [];
  const missed = (what) => {
    given.push(what);
    then();
  };
  const driver = new CofferEvents({ url: `http://127.0.0.1:${pretended.address().port}`, token, missed });
  await new Promise((done) => {
    driver.mountEventHandler({
      setVariables({ accessToken }) { given.push(`with ${accessToken}`); },
      async dispatchEvent(event) {
        given.push(event.id);
        if (given.length === enough) done();
        if (event.topic === 'bad') throw new Error('the listener is broken');
      },
    });
    driver.done.catch(done);
  });
  driver.unmountEventHandler();
  pretended.closeAllConnections();
  pretended.close();
  await driver.done;
  return { given, requests, asked, after };
}

test('a token that was replaced while it was refused is asked for again, and the stream goes on', { timeout: 300_000 }, async () => {
  const tokens = ['one', 'two'];
  const { given, asked } = await against([{ status: 401 }, { events: [{ id: 'a', topic: 't' }] }], 2, async () => (tokens.length > 1 ? tokens.shift() : tokens[0]));
  assert.deepEqual({ given, asked }, { given: ['with two', 'a'], asked: ['Bearer one', 'Bearer two'] });
});

test('a driver that is refused waits before it asks with another token', { timeout: 300_000 }, async () => {
  const order = [];
  const token = () => {
    order.push('the token');
    if (order.length === 2) setTimeout(() => order.push('half of the pause'), 500); // begun before the driver's own
    return `token ${order.length}`;
  };
  await against([{ status: 401 }, { events: [{ id: 'a', topic: 't' }] }], 2, token);
  assert.deepEqual(order.slice(0, 4), ['the token', 'the token', 'half of the pause', 'the token']);
});

test('an event that there is no token for is asked for again, and given once there is one', { timeout: 300_000 }, async () => {
  let turn = 0;
  const token = () => {
    turn += 1;
    if (turn === 3) throw new Error('the file is being written'); // at the second event
    return `${turn}`;
  };
  const [a, b] = [{ id: 'a', topic: 't' }, { id: 'b', topic: 't' }];
  const { given, after } = await against([{ events: [a, b] }, { events: [b] }], 4, token);
  assert.deepEqual({ given, after }, { given: ['with 2', 'a', 'with 5', 'b'], after: [undefined, 'a'] });
});

test('a driver that is told to wait waits, and goes on', { timeout: 300_000 }, async () => {
  const { given, requests } = await against([{ status: 429, headers: { 'retry-after': '1' } }, { events: [{ id: 'a', topic: 't' }] }], 1);
  assert.deepEqual({ given, requests }, { given: ['a'], requests: 2 });
});

test('an event that the listener fails on is given once, and the next one comes by the same stream', { timeout: 300_000 }, async () => {
  const { given, requests } = await against([{ events: [{ id: 'a', topic: 'bad' }, { id: 'b', topic: 't' }] }], 2);
  assert.deepEqual({ given, requests }, { given: ['a', 'b'], requests: 1 });
});

test('of the ids that were given the newest thousand are remembered', { timeout: 300_000 }, async () => {
  const numbered = Array.from({ length: 1001 }, (_, i) => ({ id: `e${i}`, topic: 't' }));
  const again = [{ id: 'e1000', topic: 't' }, { id: 'e1', topic: 't' }, { id: 'e0', topic: 't' }];
  const { given } = await against([{ events: [...numbered, ...again] }], 1002);
  assert.deepEqual(given.slice(1000), ['e1000', 'e0']);
});

test('a driver says where events may have been missed, and gives the next one', { timeout: 300_000 }, async () => {
  const text = 'retry: 1000\nid: 3\n\nevent: gap\nid: 7\ndata: {"after":3}\n\nid: 8\n\n';
  const { given, requests } = await against([{ text, events: [{ id: 'a', topic: 't' }] }], 2);
  assert.deepEqual({ given, requests }, { given: [{ after: 3 }, 'a'], requests: 1 });
});

test('where events may have been missed is said once, also to who fails on it', { timeout: 300_000 }, async () => {
  const text = 'id: 7\n\nevent: gap\nid: 8\ndata: {"after":3}\n\n';
  const { given, after } = await against([{ text }, { events: [{ id: 'a', topic: 't' }] }], 2, 't', () => { throw new Error('its state is not to be had'); });
  assert.deepEqual({ given, after }, { given: [{ after: 3 }, 'a'], after: [undefined, '8'] });
});

test('a restart of the server is told to who listens as a gap, and stands in the log', async () => {
  const other = await Coffer.start();
  try {
    const heard = new EventEmitter();
    const next = (what) => once(heard, what, { signal: AbortSignal.timeout(300_000) });
    const driver = new CofferEvents({ url: other.url, token: other.token, missed: (what) => heard.emit('gap', what) });
    driver.mountEventHandler({ async dispatchEvent(event) { heard.emit(event.topic); } });
    const event = { domain: 'test', topic: 'test:ready', context: scope };
    const send = setInterval(() => other.ask('POST', '/v1/events', { body: event }), 50);
    await next('test:ready').finally(() => clearInterval(send));
    const gap = next('gap');
    await other.stop();
    await other.serve({ listen: new URL(other.url).host });
    assert.ok((await gap)[0].after > 0);
    driver.unmountEventHandler();
    await driver.done;
    await other.logged(/a listener may have missed events[^\n]*"token":/);
  } finally {
    await other.end();
  }
});
