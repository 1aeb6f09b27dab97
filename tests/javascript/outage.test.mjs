// SPDX-License-Identifier: BSL-1.0
// The store goes away while programs look secrets up: the JavaScript client takes any failure for
// "not found", and the programs then take their defaults. So there must be none.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { Coffer } from './coffer.mjs';
import { FlatfileListener } from '@flatfile/listener';
import { eventIn } from './packages.mjs';

const scope = { environmentId: 'us_env_123', spaceId: 'us_spa_123' };
const target = '/v1/secrets?environmentId=us_env_123&spaceId=us_spa_123';
const cutOff = (server) => fs.renameSync(server.store, `${server.store}.away`);
const putBack = (server) => fs.renameSync(`${server.store}.away`, server.store);

async function started(args) {
  const server = await Coffer.start({ args });
  server.set('SLACK_TOKEN', 'xoxb-everyone', { environment: scope.environmentId });
  server.set('SLACK_TOKEN', 'xoxb-given', { environment: scope.environmentId, space: scope.spaceId });
  await server.looked();
  assert.equal((await server.ask('GET', target)).status, 200);
  return server;
}

test('10,000 look-ups while the store goes away and comes back: none says "not found"', { timeout: 240_000 }, async () => {
  const calls = 10_000;
  const server = await started([]);
  process.env.AGENT_INTERNAL_URL = server.url;
  process.env.FLATFILE_BEARER_TOKEN = server.token;
  const outcomes = new Map();
  let number = 0;
  let staleSeen = 0;
  try {
    const listener = FlatfileListener.create((root) => {
      root.on('**', async (event) => {
        const outcome = await event.secrets('SLACK_TOKEN').catch((why) => why.message);
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      });
    });
    const worker = async () => {
      while (number < calls) {
        number += 1;
        if (number === calls / 10) cutOff(server);
        if (number === calls - calls / 10) {
          staleSeen += (await server.ask('GET', target)).json.stale === true;
          putBack(server);
        }
        await listener.dispatchEvent(eventIn(scope, { id: `us_evt_${number}` }));
      }
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    assert.deepEqual([...outcomes], [['xoxb-given', calls]]);
    assert.equal(staleSeen, 1, 'the answers in between say that they are stale');
  } finally {
    delete process.env.AGENT_INTERNAL_URL;
    delete process.env.FLATFILE_BEARER_TOKEN;
    await server.end();
  }
});

test('mistakes stay mistakes while the store is away', async () => {
  const server = await started([]);
  try {
    cutOff(server);
    await server.looked();
    assert.equal((await server.ask('GET', target)).json.stale, true);
    assert.equal((await server.ask('GET', target, { token: null })).status, 401);
    assert.equal((await server.ask('GET', target, { token: 'wrong' })).status, 401);
    assert.equal((await server.ask('GET', '/v1/secrets')).status, 400);
    assert.equal((await server.ask('GET', '/v1/secrets?environmentId=us_env_none')).status, 404);
    assert.equal((await server.ask('GET', '/v1/secrets?environmentId=us_env_123&spaceId=us_sp_none')).status, 404);
    const write = { name: 'A', value: 'b', environmentId: scope.environmentId };
    assert.equal((await server.ask('POST', '/v1/secrets', { body: write })).status, 503);
    assert.equal((await server.ask('POST', '/v1/secrets', { body: { ...write, name: '' } })).status, 400);
    assert.equal((await server.ask('GET', '/readyz')).json.status, 'stale');
    putBack(server);
    await server.looked();
    assert.equal((await server.ask('POST', '/v1/secrets', { body: write })).status, 200);
    assert.equal((await server.ask('GET', target)).json.stale, undefined);
  } finally {
    await server.end();
  }
});

test('past --max-stale a look-up is refused with 503, and served again once the store is back', async () => {
  const server = await started(['--max-stale', '2s']);
  try {
    cutOff(server);
    let until = Date.now() + 120_000;
    let answer;
    do {
      answer = await server.ask('GET', target);
      assert.ok([200, 503].includes(answer.status), `${answer.status}`);
      if (answer.status === 200) assert.ok((answer.json.ageMs ?? 0) <= 2_000);
      await new Promise((done) => { setTimeout(done, 50); });
    } while (answer.status === 200 && Date.now() < until);
    assert.equal(answer.status, 503);
    assert.ok(answer.json.errors[0].message);
    // Who asks can't be told any more either; that nobody asks can.
    assert.equal((await server.ask('GET', target, { token: null })).status, 401);
    putBack(server);
    until = Date.now() + 120_000;
    do {
      answer = await server.ask('GET', target);
    } while (answer.status !== 200 && Date.now() < until);
    assert.equal(answer.status, 200);
    assert.equal(answer.json.stale, undefined);
  } finally {
    await server.end();
  }
});
