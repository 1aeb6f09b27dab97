// SPDX-License-Identifier: BSL-1.0
// A real `coffer serve` on a free port, in a temporary folder of its own, ended by its process id. At
// its end no canary may be found in what it leaves behind.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { findBelow, findIn, random } from './canaries.mjs';

const program = process.env.COFFER;
if (!program) throw new Error('COFFER must name the command');

export class Coffer {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'coffer-javascript-'));
  log = '';
  written = new EventEmitter();
  canaries = { value: `canary-value-${random()}`, payload: `canary-payload-${random()}`, wrongToken: `canary-token-${random()}` };

  constructor() {
    fs.mkdirSync(path.join(this.root, 'work'));
    this.run(['init']);
  }

  // A new store with two scopes whose ids programs have in their code.
  static async start(options = {}) {
    const made = new Coffer();
    try {
      made.run(['env', 'create', 'example', '--id', 'us_env_123']);
      made.run(['space', 'create', 'example', '--id', 'us_spa_123', '-e', 'us_env_123']);
      made.token = made.run(['token', 'create', '--full', '--name', 'tests']).trim();
      await made.serve(options);
    } catch (error) {
      made.remove();
      throw error;
    }
    return made;
  }

  get store() {
    return path.join(this.root, 'work', 'coffer-store');
  }

  environment(more = {}) {
    return { HOME: this.root, PATH: process.env.PATH, TZ: 'UTC', COFFER_AUTHOR: 'tests', ...more };
  }

  // Runs a verb on the store itself; answers stdout.
  run(words, input = '', more = {}) {
    return execFileSync(program, words, {
      cwd: path.join(this.root, 'work'), env: this.environment(more), input, encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  }

  // Until the server has looked at what was changed beside it, which it does after 100 ms.
  looked() {
    return new Promise((done) => { setTimeout(done, 300); });
  }

  set(name, value, scope) {
    const space = scope.space ? ['-s', scope.space] : [];
    this.run(['set', name, '-e', scope.environment, '--exact', ...space], value);
  }

  // `limits`: what a shell sets before, such as `ulimit -c unlimited`.
  async serve({ args = [], log = 'info', listen = '127.0.0.1:0', limits = ':' } = {}) {
    this.server = spawn('sh', ['-c', `${limits}; exec "$0" "$@"`, program, 'serve', '--listen', listen, ...args], {
      cwd: path.join(this.root, 'work'), env: this.environment({ COFFER_LOG: log }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.ended = once(this.server, 'exit');
    for (const stream of [this.server.stderr, this.server.stdout]) {
      stream.on('data', (piece) => {
        this.log += piece;
        this.written.emit('log');
      });
    }
    let said = '';
    for await (const piece of this.server.stdout.iterator({ destroyOnReturn: false })) {
      said += piece;
      const found = /https?:\/\/\S+/.exec(said);
      if (!found) continue;
      this.url = found[0];
      return;
    }
    throw new Error(`coffer serve did not start: ${this.log}`);
  }

  // A line of the log follows what it tells of: what a client has seen may not be there yet.
  async logged(pattern) {
    const patience = AbortSignal.timeout(300_000);
    while (!pattern.test(this.log)) await once(this.written, 'log', { signal: patience });
  }

  async stop(how = 'SIGTERM') {
    if (!this.server) return undefined;
    this.server.kill(how);
    const [code, signal] = await this.ended;
    this.server = undefined;
    return signal ?? code;
  }

  remove() {
    fs.rmSync(this.root, { recursive: true, force: true });
  }

  async end() {
    try {
      await this.plantCanaries();
      const how = await this.stop();
      const needles = { ...this.canaries, ...(this.token ? { token: this.token } : {}) };
      const hits = [...findIn('the log', Buffer.from(this.log), needles)];
      if (fs.existsSync(this.store)) hits.push(...findBelow(this.store, needles));
      assert.deepEqual(hits, []);
      return how;
    } finally {
      await this.stop('SIGKILL');
      this.remove();
    }
  }

  // A value, an event and a token that is refused go through a server that still runs.
  async plantCanaries() {
    if (!this.server || !this.token) return;
    const { value, payload, wrongToken } = this.canaries;
    const made = await this.ask('POST', '/v1/environments', { body: { name: 'canaries', isProd: false } });
    if (made.status === 503) return; // a store that a test left away
    assert.equal(made.status, 200);
    const environmentId = made.json.data.id;
    const written = await this.ask('POST', '/v1/secrets', { body: { name: 'CANARY', value, environmentId } });
    assert.equal(written.status, 200);
    assert.equal((await this.ask('GET', `/v1/secrets?environmentId=${environmentId}`)).json.data[0].value, value);
    const event = { topic: 'job:ready', domain: 'job', context: { environmentId }, payload };
    assert.equal((await this.ask('POST', '/v1/events', { body: event })).status, 200);
    assert.equal((await this.ask('GET', `/v1/secrets/${value}`, { token: wrongToken })).status, 401);
  }

  // One request as plain as can be.
  async ask(method, target, { token = this.token, body, headers = {} } = {}) {
    const answer = await fetch(this.url + target, {
      method,
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await answer.text();
    let json;
    try {
      json = JSON.parse(text);
    } catch { /* not JSON */ }
    return { status: answer.status, text, json, headers: answer.headers };
  }
}
