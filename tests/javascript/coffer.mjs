// SPDX-License-Identifier: BSL-1.0
// A real `coffer serve` on a free port, in a temporary folder of its own, ended by its process id.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const program = process.env.COFFER;
if (!program) throw new Error('COFFER must name the command');

export class Coffer {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'coffer-javascript-'));
  log = '';

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
    this.server.stderr.on('data', (piece) => { this.log += piece; });
    this.server.stdout.on('data', (piece) => { this.log += piece; });
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
      return await this.stop();
    } finally {
      this.remove();
    }
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
