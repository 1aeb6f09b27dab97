// SPDX-License-Identifier: BSL-1.0
// coffer agent run: other people's listeners, each event in a process of its own.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Coffer } from './coffer.mjs';

const scope = { environmentId: 'us_env_123', spaceId: 'us_spa_123' };
const value = 'xoxb-canary-5e1f0c77';
let server;

before(async () => {
  server = await Coffer.start();
  server.run(['space', 'create', 'other', '--id', 'us_sp_other', '-e', 'us_env_123']);
  server.set('SLACK_TOKEN', value, { environment: scope.environmentId, space: scope.spaceId });
  server.set('SLACK_TOKEN', 'xoxb-everybody-else', { environment: scope.environmentId });
  await server.looked();
});
after(() => server?.end());

// A listener beside the installed packages, and the agent on it.
function agent(code, args = [], events = []) {
  const file = path.join(process.cwd(), `agent-${Math.random().toString(36).slice(2)}.mjs`);
  fs.writeFileSync(file, code);
  const child = spawn(process.env.COFFER, ['agent', 'run', file, '--server', server.url, ...args], {
    cwd: server.root,
    env: server.environment({ COFFER_TOKEN: server.token, MY_PASSWORD: 'not-for-others' }),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const said = { out: '', err: '' };
  child.stdout.on('data', (piece) => { said.out += piece; });
  child.stderr.on('data', (piece) => { said.err += piece; });
  for (const event of events) child.stdin.write(`${JSON.stringify(event)}\n`);
  if (events.length > 0) child.stdin.end();
  const ended = once(child, 'close').then(([exit, signal]) => {
    fs.rmSync(file);
    return { code: exit ?? signal, ...said };
  });
  return { child, said, ended };
}

const event = (more = {}) => ({ id: 'us_evt_1', domain: 'job', topic: 'job:ready', context: scope, payload: {}, namespaces: [], ...more });
const listener = (body) => `export default (listener) => { listener.on('**', async (event) => { ${body} }); };`;

test('a listener gets the event and its secret, and what it prints of the value is cut out', async () => {
  const run = await agent(
    listener(`const v = await event.secrets('SLACK_TOKEN'); console.log(event.topic, v.length, v); console.error('again', v);`),
    ['--events', '-'], [event(), event({ topic: 'job:done' })],
  ).ended;
  assert.equal(run.code, 0, run.err);
  assert.match(run.out, new RegExp(`job:ready ${value.length} \\[redacted SLACK_TOKEN\\]`));
  assert.match(run.out, /job:done/);
  assert.equal((run.out + run.err).includes(value), false);
});

test('a listener sees no variable of the agent\'s, and has no stdin', async () => {
  const run = await agent(
    `import fs from 'node:fs'; ${listener(`console.log(JSON.stringify(Object.keys(process.env).sort()), fs.readFileSync(0).length);`)}`,
    ['--events', '-'], [event(), event()],
  ).ended;
  assert.equal(run.code, 0, run.err);
  const [names, length] = run.out.split('\n')[0].split(' ');
  for (const name of ['MY_PASSWORD', 'COFFER_TOKEN', 'COFFER_EVENT']) assert.equal(JSON.parse(names).includes(name), false, name);
  assert.equal(length, '0');
});

test('the agent\'s own memory, with its token, is closed to the listener', async () => {
  // For root nothing is closed; that there are to be no core dumps either can be seen by all.
  const run = await agent(
    `import fs from 'node:fs'; ${listener(`console.log(/Max core file size +(\\S+ +\\S+)/.exec(fs.readFileSync('/proc/' + process.ppid + '/limits', 'utf8'))[1]);
      try { console.log(process.getuid() !== 0 && fs.readFileSync('/proc/' + process.ppid + '/environ', 'utf8').includes('COFFER_TOKEN')); } catch (why) { console.log(why.code); }`)}`,
    ['--events', '-'], [event()],
  ).ended;
  assert.equal(run.code, 0, run.err);
  assert.match(run.out, /^0 +0\n(false|EACCES)\n$/);
});

test('the token of an event reads its scope alone, writes nothing, and is refused afterwards', async () => {
  const run = await agent(
    listener(`
      const ask = (target, init = {}) => fetch(process.env.AGENT_INTERNAL_URL + target, { ...init, headers: { authorization: 'Bearer ' + process.env.FLATFILE_BEARER_TOKEN } }).then((answer) => answer.status);
      console.log('own', await ask('/v1/secrets?environmentId=us_env_123&spaceId=us_spa_123'));
      console.log('other', await ask('/v1/secrets?environmentId=us_env_123&spaceId=us_sp_other'));
      console.log('environment', await ask('/v1/secrets?environmentId=us_env_123'));
      console.log('write', await ask('/v1/secrets', { method: 'POST', body: JSON.stringify({ name: 'A', value: 'b', environmentId: 'us_env_123', spaceId: 'us_spa_123' }) }));
      console.log('mint', await ask('/v1/x/tokens'));
      console.log('token', [...process.env.FLATFILE_BEARER_TOKEN].join(' '));`),
    ['--events', '-'], [event()],
  ).ended;
  assert.equal(run.code, 0, run.err);
  assert.match(run.out, /own 200\nother 404\nenvironment 404\nwrite 403\nmint 40[34]\n/);
  const token = /token (.*)/.exec(run.out)[1].replaceAll(' ', '');
  assert.equal((await server.ask('GET', '/v1/secrets?environmentId=us_env_123&spaceId=us_spa_123', { token })).status, 401);
});

test('one event that hangs or breaks does not keep the next from being given', async () => {
  const run = await agent(
    listener(`if (event.topic === 'job:hang') await new Promise((done) => { setTimeout(done, 600_000); }); if (event.topic === 'job:die') process.exit(7); console.log('saw', event.topic);`),
    ['--events', '-', '--timeout', '60s'], [event({ topic: 'job:hang' }), event({ topic: 'job:die' }), event({ context: {} }), event()],
  ).ended;
  assert.equal(run.code, 1);
  assert.match(run.out, /^saw job:ready\n$/);
  assert.match(run.err, /job:die.*ended with 7/);
  assert.match(run.err, /job:hang: the listener was ended after 60s, which is all that an event may take \(--timeout\)/);
});

test('a file that exports no function by default is named, and what it should export', async () => {
  for (const code of ['export const setup = () => {};', 'export default { on() {} };']) {
    const run = await agent(code, ['--events', '-'], [event()]).ended;
    assert.equal(run.code, 1);
    assert.match(run.err, /agent-\w+\.mjs exports no function by default: export default \(listener\) => \{ … \}\n/);
  }
});

test('a process that ends with a signal or a high number ends its own event alone', async () => {
  const run = await agent(
    listener(`
      if (event.topic === 'job:number') process.exit(200);
      if (event.topic === 'job:signal') process.kill(process.pid, 'SIGSEGV');
      if (event.topic === 'job:abort') process.abort();
      console.log('saw', event.topic);`),
    ['--events', '-'], [event({ topic: 'job:number' }), event({ topic: 'job:signal' }), event({ topic: 'job:abort' }), event()],
  ).ended;
  assert.equal(run.code, 1);
  assert.equal(run.out, 'saw job:ready\n');
  assert.match(run.err, /job:number.*ended with 200\n.*job:signal.*ended with 139\n/s);
  assert.match(run.err, /job:abort.*ended with 134\n/);
});

test('a signal to the agent reaches the event\'s process and ends the agent, however that one ends', { timeout: 600_000 }, async () => {
  const { child, said, ended } = agent(
    listener(`
      process.on('SIGTERM', () => { console.log('told'); process.exit(0); });
      console.log('began', event.topic);
      await new Promise((done) => { setTimeout(done, 600_000); });`),
    ['--events', '-'], [event(), event({ topic: 'job:later' })],
  );
  while (!said.out.includes('began') && child.exitCode === null) await new Promise((done) => { setTimeout(done, 50); });
  child.kill('SIGTERM');
  const { code, out } = await ended;
  assert.equal(code, 143);
  assert.equal(out, 'began job:ready\ntold\n');
});

test('without --events the server\'s own events are given, until somebody ends the agent', { timeout: 600_000 }, async () => {
  const { child, said, ended } = agent(listener(`console.log('heard', event.topic, event.payload.name);`));
  const write = setInterval(() => server.ask('POST', '/v1/secrets', { body: { name: 'NEW', value: String(Math.random()), ...scope } }), 200);
  try {
    while (!/heard secret:(created|updated) NEW/.test(said.out) && child.exitCode === null)
      await new Promise((done) => { setTimeout(done, 50); });
  } finally {
    clearInterval(write);
    child.kill('SIGTERM');
  }
  await ended;
  assert.match(said.out, /heard secret:(created|updated) NEW/);
});

// A server of somebody else's that sends events: what it was asked, and each connection as it came. `next`: the token
// that it takes instead, in the file too, once it has answered the first.
async function eventsOf(...connections) {
  return eventsOfWith({}, ...connections);
}
async function eventsOfWith({ next }, ...connections) {
  const asked = [];
  let known = 'token-of-another-server';
  let refused = 0;
  const other = http.createServer((request, response) => {
    if (request.headers.authorization !== `Bearer ${known}`) {
      refused += 1;
      response.writeHead(401);
      response.end();
      return;
    }
    asked.push({ url: request.url, ...request.headers });
    if (next) {
      known = next;
      fs.writeFileSync(`${token}.next`, next, { mode: 0o600 });
      fs.renameSync(`${token}.next`, token);
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(connections[asked.length - 1] ?? '');
  });
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  const token = path.join(server.root, 'other-token');
  fs.writeFileSync(token, 'token-of-another-server\n', { mode: 0o600 });
  return { asked, token, url: `http://127.0.0.1:${other.address().port}`, refused: () => refused, end: () => other.close() };
}

test('with --events URL the events of another server are given, with its token, and after an end from where it ended', { timeout: 120_000 }, async () => {
  const sent = (id, topic) => `id: ${id}\r\ndata: ${JSON.stringify(event({ topic }))}\r\n\r\n`;
  const other = await eventsOf(`: hello\r\n\r\n${sent(7, 'job:one')}${sent(8, 'job:two')}`, `retry: 5\n${sent(9, 'job:three')}data: no JSON\n\n`);
  const { child, said, ended } = agent(
    listener(`console.log('heard', event.topic, (await event.secrets('SLACK_TOKEN')).length);`),
    ['--events', `${other.url}/of/job?kind=a%20b`, '--events-token-file', other.token],
  );
  while (other.asked.length < 3 && child.exitCode === null) await new Promise((done) => { setTimeout(done, 50); });
  child.kill('SIGTERM');
  await ended;
  other.end();
  assert.equal(said.out, `heard job:one ${value.length}\nheard job:two ${value.length}\nheard job:three ${value.length}\n`, said.err);
  assert.match(said.err, /an event of http:\S+ was left out: it is no JSON object/);
  assert.equal(said.err.includes('kind='), false, 'a query may hold a token');
  assert.deepEqual(other.asked.slice(0, 3).map((one) => [one.url, one.authorization, one.accept, one['last-event-id']]),
    [undefined, '8', '9'].map((last) => ['/of/job?kind=a%20b', 'Bearer token-of-another-server', 'text/event-stream', last]));
});

test('where events may have been missed the agent says so, and gives those that come', { timeout: 120_000 }, async () => {
  const other = await eventsOf(`id: 3\n\nevent: gap\nid: 7\ndata: {"after":3}\n\nid: 8\ndata: ${JSON.stringify(event())}\n\n`);
  const { child, said, ended } = agent(listener(`console.log('heard', event.topic);`), ['--events', other.url, '--events-token-file', other.token]);
  while (other.asked.length < 2 && child.exitCode === null) await new Promise((done) => { setTimeout(done, 50); });
  child.kill('SIGTERM');
  await ended;
  other.end();
  assert.equal(said.out, 'heard job:ready\n', said.err);
  assert.match(said.err, new RegExp(`events may have been missed: ${other.url}`));
  assert.equal(said.err.includes('left out'), false, said.err);
});

test('a token of another server that is replaced in its file needs no restart, and no event is lost for it', { timeout: 120_000 }, async () => {
  const sent = (id, topic) => `id: ${id}\ndata: ${JSON.stringify(event({ topic }))}\n\n`;
  const other = await eventsOfWith({ next: 'its-next-token' }, sent(1, 'job:one'), sent(2, 'job:two'));
  const { child, said, ended } = agent(listener(`console.log('heard', event.topic);`), ['--events', other.url, '--events-token-file', other.token]);
  while (!said.out.includes('job:two') && child.exitCode === null) await new Promise((done) => { setTimeout(done, 50); });
  child.kill('SIGTERM');
  await ended;
  other.end();
  assert.equal(said.out, 'heard job:one\nheard job:two\n', said.err);
  assert.deepEqual(other.asked.slice(0, 2).map((one) => one['last-event-id']), [undefined, '1']);
  assert.equal(other.refused(), 1);
});

test('no token of the agent goes to another server of events, and none over a network in clear', async () => {
  const other = await eventsOf('');
  const refusedWith = async (...args) => {
    const run = await agent(listener(''), args).ended;
    return [run.code, run.err.split('\n')[0]];
  };
  const token = ['--events-token-file', other.token];
  assert.match((await refusedWith('--events', other.url)).join(' '), /^2 .*--events-token-file/);
  assert.match((await refusedWith(...token)).join(' '), /^2 .*goes with --events/);
  assert.match((await refusedWith('--events', 'http://events.example/x', ...token)).join(' '), /plain HTTP/);
  assert.match((await refusedWith('--events', `${other.url}/a b`, ...token)).join(' '), /^2 .*blanks/);
  fs.chmodSync(other.token, 0o644);
  assert.match((await refusedWith('--events', other.url, ...token)).join(' '), /mode 0600/);
  assert.equal(other.asked.length, 0);
  other.end();
});
