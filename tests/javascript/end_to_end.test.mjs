// SPDX-License-Identifier: BSL-1.0
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { Coffer } from './coffer.mjs';
import { api, dispatch, eventIn, olderApi, secretIn, told, withoutKeepAlive } from './packages.mjs';

let server;
let client; // 1.23.1, with the remedy
let older; // 1.23.0, as it is
let environmentId;
let spaceId;

before(async () => {
  server = await Coffer.start();
  client = new api.FlatfileClient({ apiUrl: server.url, token: server.token });
  older = new olderApi.FlatfileClient({ apiUrl: server.url, token: server.token });
});
after(() => server?.end());

beforeEach(async () => {
  ({ data: { id: environmentId } } = await client.environments.create({ name: 'one', isProd: false }, withoutKeepAlive));
  ({ data: { id: spaceId } } = await client.spaces.create({ environmentId }, withoutKeepAlive));
});

const put = (secret) => client.secrets.upsert(secret, withoutKeepAlive);
const valuesOf = (answer) => Object.fromEntries(answer.data.map((row) => [row.name, row.value]));

for (const [version, make, options] of [
  ['1.23.1 with its Keep-Alive header taken back', () => client, withoutKeepAlive],
  ['1.23.0 unmodified', () => older, undefined],
]) {
  test(`@flatfile/api ${version}: a secret's whole life`, async () => {
    const { secrets } = make();
    const made = await secrets.upsert({ name: 'TOKEN', value: 'first', environmentId }, options);
    assert.equal(made.data.length, 1);
    const [{ id }] = made.data;
    await secrets.upsert({ name: 'TOKEN', value: 'second', environmentId }, options);
    const own = await secrets.upsert({ name: 'TOKEN', value: 'own', spaceId }, options);
    assert.equal(own.data[0].environmentId, environmentId);
    const seen = await secrets.list({ environmentId }, options);
    assert.deepEqual(seen.data.map((row) => [row.id, row.value]), [[id, 'second']]);
    assert.deepEqual(valuesOf(await secrets.list({ spaceId }, options)), { TOKEN: 'own' });
    await secrets.delete(own.data[0].id, options);
    assert.deepEqual(valuesOf(await secrets.list({ environmentId, spaceId }, options)), { TOKEN: 'second' });
    await secrets.delete(id, options);
    assert.deepEqual((await secrets.list({ environmentId }, options)).data, []);
    await assert.rejects(secrets.delete(id, options), { statusCode: 404 });
  });
}

test('@flatfile/api: environments and spaces, and what becomes of what is removed', async () => {
  const renamed = await client.environments.update(environmentId, { name: 'two' }, withoutKeepAlive);
  assert.equal(renamed.name, 'two');
  const listed = await client.environments.list({ pageSize: 100 }, withoutKeepAlive);
  assert.ok(listed.data.some((row) => row.id === environmentId && row.name === 'two'));
  await client.spaces.delete(spaceId, withoutKeepAlive);
  await assert.rejects(client.spaces.get(spaceId, withoutKeepAlive), { statusCode: 404 });
  await client.environments.delete(environmentId, withoutKeepAlive);
  await assert.rejects(client.secrets.list({ environmentId }, withoutKeepAlive), { statusCode: 404 });
});

test('event.secrets gives the space\'s value, else the environment\'s', async () => {
  await put({ name: 'SLACK_TOKEN', value: 'everyone', environmentId });
  await put({ name: 'DB_URL', value: 'db', environmentId });
  await put({ name: 'SLACK_TOKEN', value: 'acme', environmentId, spaceId });
  const inSpace = { environmentId, spaceId };
  assert.deepEqual(await secretIn(server, 'SLACK_TOKEN', inSpace), { value: 'acme' });
  assert.deepEqual(await secretIn(server, 'DB_URL', inSpace), { value: 'db' });
  assert.deepEqual(await secretIn(server, 'SLACK_TOKEN', { environmentId }), { value: 'everyone' });
  assert.deepEqual(await secretIn(server, 'NOTHING', inSpace), { error: 'Secret NOTHING not found' });
});

test('event.secrets gives an actor\'s own value to events of that actor alone', async () => {
  await put({ name: 'KEY', value: 'everyone', environmentId });
  await put({ name: 'KEY', value: 'ana', environmentId, actorId: 'us_usr_ana' });
  const of = (actorId) => secretIn(server, 'KEY', { environmentId, spaceId, actorId });
  assert.deepEqual(await of('us_usr_ana'), { value: 'ana' });
  assert.deepEqual(await of('us_usr_ben'), { value: 'everyone' });
});

test('event.secrets of another environment does not bring the event\'s space along', async () => {
  const { data: { id: other } } = await client.environments.create({ name: 'other', isProd: true }, withoutKeepAlive);
  await put({ name: 'KEY', value: 'other', environmentId: other });
  await put({ name: 'KEY', value: 'space', environmentId, spaceId });
  assert.deepEqual(await secretIn(server, 'KEY', { environmentId, spaceId }, { environmentId: other }), { value: 'other' });
});

test('a name hidden in a space is not found there', async () => {
  server.set('KEY', 'everyone', { environment: environmentId });
  server.run(['hide', 'KEY', '-e', environmentId, '-s', spaceId]);
  await server.looked();
  assert.deepEqual(await secretIn(server, 'KEY', { environmentId, spaceId }), { error: 'Secret KEY not found' });
  assert.deepEqual(await secretIn(server, 'KEY', { environmentId }), { value: 'everyone' });
});

test('what was written is there for the next event, whatever it is made of', async () => {
  for (const value of ['a', ' two\r\nlines ', '{"json":"\\u0000"}', '🔑'.repeat(1024), '-----BEGIN KEY-----\nx\n-----END KEY-----\n']) {
    await put({ name: 'us_wb_1:MERGE TOKEN/é', value, environmentId, spaceId });
    assert.deepEqual(await secretIn(server, 'us_wb_1:MERGE TOKEN/é', { environmentId, spaceId }), { value });
  }
});

test('writes at the same time to one space lose none', async () => {
  const names = Array.from({ length: 20 }, (_, n) => `NAME_${n}`);
  await Promise.all(names.map((name) => put({ name, value: name, environmentId, spaceId })));
  const seen = valuesOf(await client.secrets.list({ spaceId }, withoutKeepAlive));
  assert.deepEqual(seen, Object.fromEntries(names.map((name) => [name, name]).sort()));
});

test('ten look-ups at the same time in one event agree, and a list holds each name once', async () => {
  await put({ name: 'KEY', value: 'environment', environmentId });
  await put({ name: 'KEY', value: 'space', environmentId, spaceId });
  const seen = [];
  await dispatch(server, (listener) => {
    listener.on('**', async (event) => {
      seen.push(...await Promise.all(Array.from({ length: 10 }, () => event.secrets('KEY'))));
    });
  }, eventIn({ environmentId, spaceId }));
  assert.deepEqual(seen, Array(10).fill('space'));
  const { data } = await client.secrets.list({ environmentId, spaceId }, withoutKeepAlive);
  assert.deepEqual(data.map((row) => row.name), ['KEY']);
});

test('a token of one space reads there and nowhere else', async () => {
  await put({ name: 'KEY', value: 'environment', environmentId });
  await put({ name: 'KEY', value: 'space', environmentId, spaceId });
  const token = server.run(['token', 'create', '--role', 'service', '-e', environmentId, '-s', spaceId]).trim();
  await server.looked();
  assert.deepEqual(await secretIn(server, 'KEY', { environmentId, spaceId }, undefined, token), { value: 'space' });
  assert.equal((await secretIn(server, 'KEY', { environmentId }, undefined, token)).error, 'Secret KEY not found');
  assert.ok(told.fetch.length > 0, 'the listener tells why on its console');
  for (const target of [`?environmentId=${environmentId}`, '?environmentId=us_env_123'])
    assert.ok([403, 404].includes((await server.ask('GET', `/v1/secrets${target}`, { token })).status));
});

test('serve answers SIGTERM by ending with 0, and starts again on what it had', async () => {
  await put({ name: 'KEY', value: 'kept', environmentId });
  assert.equal(await server.stop(), 0);
  await server.serve();
  client = new api.FlatfileClient({ apiUrl: server.url, token: server.token });
  older = new olderApi.FlatfileClient({ apiUrl: server.url, token: server.token });
  assert.deepEqual(await secretIn(server, 'KEY', { environmentId }), { value: 'kept' });
});

test('what was answered with 2xx is there after the server was killed at that moment', { timeout: 120_000 }, async () => {
  const own = await Coffer.start();
  try {
    const scope = { environmentId: 'us_env_123', spaceId: 'us_spa_123' };
    const answered = new Map();
    const removed = new Set();
    let dead = false;
    const writer = async (mark) => {
      for (let n = 0; !dead; n += 1) {
        const name = `N_${mark}_${n % 5}`;
        const value = `${mark}-${n}`;
        try {
          const answer = await own.ask('POST', '/v1/secrets', { body: { name, value, ...scope } });
          if (answer.status === 200) answered.set(name, n);
          removed.delete(name);
          if (n % 7 !== 6 || answer.status !== 200) continue;
          const gone = await own.ask('DELETE', `/v1/secrets/${answer.json.data[0].id}`);
          if (gone.status === 200) removed.add(name);
        } catch { // the server is gone: nothing was promised
          return name;
        }
      }
      return undefined;
    };
    const writers = ['a', 'b', 'c', 'd'].map(writer);
    while (answered.size < 20) await new Promise((done) => { setTimeout(done, 5); });
    assert.equal(await own.stop('SIGKILL'), 'SIGKILL');
    dead = true;
    const underWay = new Set(await Promise.all(writers));
    await own.serve();
    const rows = (await own.ask('GET', `/v1/secrets?environmentId=${scope.environmentId}&spaceId=${scope.spaceId}`)).json.data;
    const stored = new Map(rows.map((row) => [row.name, Number(row.value.split('-')[1])]));
    for (const [name, n] of answered) {
      if (underWay.has(name)) continue; // a later write of it was not answered: it may be in or out
      assert.equal(stored.get(name), removed.has(name) ? undefined : n, name);
    }
    assert.ok(answered.size - underWay.size >= 12);
  } finally {
    await own.end();
  }
});
