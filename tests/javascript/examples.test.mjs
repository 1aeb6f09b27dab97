// SPDX-License-Identifier: BSL-1.0
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Coffer } from './coffer.mjs';

const examples = process.env.COFFER_EXAMPLES;
let server;

before(async () => {
  server = await Coffer.start();
  const space = ['space', 'create', '-e', 'us_env_123'];
  server.run([...space, 'acme', '--id', 'us_sp_acme']);
  server.run(['env', 'create', 'other', '--id', 'us_env_other']);
  server.run(['space', 'create', 'far', '--id', 'us_sp_far', '-e', 'us_env_other']);
  server.set('SLACK_TOKEN', 'xoxb-everyone-1', { environment: 'us_env_123' });
  server.set('SLACK_TOKEN', 'xoxb-given-2', { environment: 'us_env_123', space: 'us_spa_123' });
  server.set('SLACK_TOKEN', 'xoxb-other-3', { environment: 'us_env_other' });
  await server.looked();
});
after(() => server?.end());

// Runs an example as its users do: a process of its own, configured by its environment.
function run(example, context, topic = 'space:created') {
  const file = path.join(server.root, 'event.json');
  fs.writeFileSync(file, JSON.stringify({ id: 'us_evt_1', domain: 'space', topic, context, payload: {}, namespaces: [] }));
  const done = spawnSync(process.execPath, ['run.mjs', example, file], {
    cwd: examples, encoding: 'utf8',
    env: { PATH: process.env.PATH, AGENT_INTERNAL_URL: server.url, FLATFILE_BEARER_TOKEN: server.token },
  });
  assert.equal(done.status, 0, done.stderr);
  return done.stdout + done.stderr;
}

test('a look-up on every event gets what the event\'s environment has', () => {
  const said = run('every_event.mjs', { environmentId: 'us_env_123', spaceId: 'us_sp_acme' }, 'job:ready');
  assert.equal(said, 'to the workspace of everyone: job:ready happened\n');
});

test('a look-up on every event gets what the event\'s space overrides', () => {
  const said = run('every_event.mjs', { environmentId: 'us_env_123', spaceId: 'us_spa_123' }, 'record:updated');
  assert.equal(said, 'to the workspace of given: record:updated happened\n');
});

test('a look-up in a given scope gets that scope\'s value, wherever the event comes from', () => {
  const said = run('given_scope.mjs', { environmentId: 'us_env_other', spaceId: 'us_sp_far' });
  assert.equal(said, 'to the workspace of given: space:created happened\n');
});

test('the tests run the packages that the examples pin', () => {
  const read = (file) => JSON.parse(fs.readFileSync(file, 'utf8')).dependencies;
  const pinned = read(path.join(examples, 'package.json'));
  const tested = read(new URL('package.json', import.meta.url));
  for (const [name, version] of Object.entries(pinned)) {
    assert.match(version, /^\d+\.\d+\.\d+$/);
    assert.equal(tested[name], version, name);
  }
});
