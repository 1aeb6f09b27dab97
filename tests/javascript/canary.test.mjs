// SPDX-License-Identifier: BSL-1.0
// Names, values and tokens that are nowhere else in the world, every kind of request, the most
// talkative log: none of them may be found in a log, an error, the metrics or a stored file, not as
// it is, not in another coding.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { codingsOf, findIn, random } from './canaries.mjs';
import { Coffer } from './coffer.mjs';
import { secretIn } from './packages.mjs';

const canaries = {
  name: `CANARY_NAME_${random()}`,
  value: `canary-value-${random()}`,
  longValue: `canary-long-${random()}-`.repeat(40),
  wrongToken: `canary-token-${random()}`,
  note: `canary-note-${random()}`,
  payload: `canary-payload-${random()}`,
};

const raw = (server, text) => new Promise((resolve) => {
  const { hostname, port } = new URL(server.url);
  const socket = net.connect(Number(port), hostname);
  const got = [];
  socket.on('data', (piece) => got.push(piece));
  socket.on('error', () => {});
  socket.on('close', () => resolve(Buffer.concat(got).toString()));
  socket.end(text);
});

test('the scan finds what it looks for', () => {
  for (const coding of codingsOf(canaries.value))
    assert.equal(findIn('x', Buffer.concat([Buffer.from('abc'), coding, Buffer.from('de')]), { value: canaries.value }).length > 0, true);
  for (const prefix of ['', 'a', 'ab', 'abc'])
    assert.ok(findIn('x', Buffer.from(Buffer.from(`${prefix}${canaries.value}tail`).toString('base64')), { value: canaries.value }).length > 0);
  assert.deepEqual(findIn('x', Buffer.from('nothing of the kind'), canaries), []);
});

test('no name, value or token is found outside of the answers that are meant to hold it', { timeout: 120_000 }, async () => {
  const server = await Coffer.start({ log: 'debug', args: ['--audit', 'audit', '--reveal', 'reason', ...(process.env.COFFER_SERVE_ARGS?.split(' ') ?? [])] });
  const refused = [];
  const needles = { ...canaries, token: server.token };
  const { name, value, longValue, wrongToken } = canaries;
  const environmentId = 'us_env_123';
  const spaceId = 'us_spa_123';
  const ask = async (...what) => {
    const answer = await server.ask(...what);
    if (answer.status >= 400) refused.push(answer.text + JSON.stringify([...answer.headers]));
    return answer;
  };
  try {
    // What should work, so that the server holds all of it.
    assert.equal((await ask('POST', '/v1/secrets', { body: { name, value, environmentId } })).status, 200);
    assert.equal((await ask('POST', '/v1/secrets', { body: { name, value: longValue.slice(0, 1000), environmentId, spaceId } })).status, 200);
    assert.deepEqual(await secretIn(server, name, { environmentId }), { value });
    const happened = { topic: 'job:ready', domain: 'job', context: { environmentId, spaceId }, payload: { text: canaries.payload } };
    assert.equal((await ask('POST', '/v1/events', { body: happened })).status, 200);
    await ask('POST', '/v1/events', { body: { ...happened, context: { environmentId: canaries.payload } } });
    for (const target of [`/v1/x/secret?environmentId=${environmentId}&name=${name}`, '/v1/x/whoami', '/v1/x/environments'])
      await ask('GET', target);
    await ask('PUT', `/v1/x/secret?environmentId=${environmentId}&name=${name}`, { body: { value, note: canaries.note } });
    await ask('POST', `/v1/x/values?environmentId=${environmentId}`, { body: {} });
    const revealed = await ask('POST', `/v1/x/secret/reveal?environmentId=${environmentId}&name=${name}`, { body: { reason: 'a test' } });
    assert.equal(revealed.json.data.value, value);

    // Tokens that the server made: one that works, one that is revoked, a session and one that ended.
    const mint = async () => (await ask('POST', '/v1/x/tokens', { body: { name: 'minted', grants: [{ role: 'service', environmentId }] } })).json.data;
    const begin = async () => (await ask('POST', '/v1/x/session')).json.data.token;
    const [minted, revoked] = [await mint(), await mint()];
    const [session, ended] = [await begin(), await begin()];
    await ask('DELETE', `/v1/x/tokens?id=${revoked.id}`);
    await ask('DELETE', '/v1/x/session', { token: ended });
    Object.assign(needles, { minted: minted.token, revoked: revoked.token, session, ended });
    for (const token of [minted.token, revoked.token, session, ended, `${server.token.slice(0, -1)}x`, `${server.token}x`])
      for (const target of ['/v1/x/whoami', `/v1/secrets?environmentId=${environmentId}`, `/v1/secrets/${token}`, `/v1/x/tokens?id=${token}`]) {
        const answer = await ask('GET', target, { token });
        if (token !== minted.token && token !== session) assert.equal(answer.status, 401, target);
        await ask('DELETE', target, { token });
      }

    // What should not.
    const bodies = [
      `{"name":"${name}","value":"${value}"`, `{"name":"${name}","value":${value}}`, `["${name}","${value}"]`, `"${value}"`, value,
      `{"name":"${name}","value":"${value}","environmentId":"us_env_none"}`,
      `{"name":"${name}","value":"${value}","environmentId":"${value}"}`,
      `{"name":"${name}","value":"${value}\\ud800","environmentId":"${environmentId}"}`,
      `{"name":"${name}","value":["${value}"],"environmentId":"${environmentId}"}`,
      `{"name":"${name}","value":"${value.repeat(80)}","environmentId":"${environmentId}"}`,
      `{"name":"${name.repeat(80)}","value":"${value}","environmentId":"${environmentId}"}`,
      `{"name":"${name}","value":"${value}\u0001","environmentId":"${environmentId}"}`,
      `${'['.repeat(50_000)}"${value}"`,
      JSON.stringify({ name, value: value.repeat(60_000), environmentId }),
    ];
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
      for (const body of bodies)
        for (const at of ['/v1/secrets', '/v1/environments', `/v1/spaces/${value}`, `/v1/x/secret?environmentId=${environmentId}&name=${name}`, '/v1/x/batch'])
          await ask(method, at, { body }).catch(() => {});
    for (const target of [
      `/v1/secrets/${value}`, `/v1/${name}`, `/${value}`, `/v1/secrets?environmentId=${value}`, `/v1/secrets?${name}=${value}`,
      `/v1/secrets?environmentId=${environmentId}&spaceId=${value}`, `/v1/secrets/%zz${value}`, `/v1/x/secret?environmentId=${value}&name=${name}`,
      `/v1/x/secret/reveal?environmentId=${environmentId}&name=${name}`, `/metrics?${value}`,
    ]) {
      for (const method of ['GET', 'POST', 'DELETE', 'PATCH']) {
        await ask(method, target);
        await ask(method, target, { token: wrongToken });
        await ask(method, target, { token: null, headers: { authorization: `Basic ${value}` } });
      }
    }
    for (const text of [
      `${value}\r\n\r\n`, `GET /v1/secrets?environmentId=${value} HTTP/9.9\r\nHost: x\r\n\r\n`,
      `GET /${value} HTTP/1.1\r\nHost: ${value}\r\nAuthorization: Bearer ${server.token}\r\n\r\n`,
      `POST /v1/secrets HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\nX-Token: ${wrongToken}\r\n\r\n${value}`,
      `POST /v1/secrets HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\nCookie: ${value}\r\n\r\n${value}`,
      `GET / HTTP/1.1\r\nHost: x\r\n${name}: ${value.repeat(2000)}\r\n\r\n`, `${value} / HTTP/1.1\r\n\r\n`,
    ])
      refused.push(await raw(server, text));

    // An outage, and an end.
    fs.renameSync(server.store, `${server.store}.away`);
    await server.looked();
    await ask('POST', '/v1/secrets', { body: { name, value, environmentId } });
    await ask('GET', `/v1/secrets?environmentId=${environmentId}`);
    fs.renameSync(`${server.store}.away`, server.store);
    const metrics = (await ask('GET', '/metrics')).text + (await ask('GET', '/readyz')).text;
    assert.equal(await server.stop(), 0);

    assert.ok(refused.length > 200, `${refused.length} refusals`);
    assert.ok(server.log.length > 1000, 'the log is talkative');
    const hits = [
      ...findIn('the log', Buffer.from(server.log), needles), ...findIn('the metrics', Buffer.from(metrics), needles),
      ...refused.flatMap((text, n) => findIn(`refusal ${n}`, Buffer.from(text), needles)),
    ];
    for (const file of fs.readdirSync(server.root, { recursive: true, withFileTypes: true }))
      if (file.isFile()) {
        const at = path.join(file.parentPath ?? file.path, file.name);
        // The audit log is there to say which names were read; nothing else of it.
        const { name: audited, ...others } = needles;
        hits.push(...findIn(file.name, fs.readFileSync(at), file.name.startsWith('audit-') ? others : needles));
      }
    assert.deepEqual(hits, []);
  } finally {
    await server.end();
  }
});

test('a server that is aborted leaves no core, whatever it was started with', { timeout: 120_000 }, async () => {
  const server = await Coffer.start({ limits: 'ulimit -c unlimited' });
  const needles = { ...canaries, token: server.token };
  try {
    const body = { name: canaries.name, value: canaries.value, environmentId: 'us_env_123' };
    assert.equal((await server.ask('POST', '/v1/secrets', { body })).status, 200);
    assert.equal((await server.ask('GET', '/v1/secrets?environmentId=us_env_123')).json.data[0].value, canaries.value);
    const { pid } = server.server;
    assert.equal(await server.stop('SIGABRT'), 'SIGABRT');
    const hits = [];
    const pattern = fs.readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim();
    const folders = [path.join(server.root, 'work'), ...(pattern.startsWith('/') ? [path.dirname(pattern)] : [])];
    for (const folder of folders.filter((at) => fs.existsSync(at)))
      for (const file of fs.readdirSync(folder, { withFileTypes: true })) {
        if (!file.isFile()) continue;
        assert.equal(/^core/.test(file.name) && (folder === folders[0] || file.name.endsWith(`.${pid}`)), false, file.name);
        if (folder === folders[0]) hits.push(...findIn(file.name, fs.readFileSync(path.join(folder, file.name)), needles));
      }
    assert.deepEqual(hits, []);
  } finally {
    await server.end();
  }
});
