// SPDX-License-Identifier: BSL-1.0
// The recorded cases that the C++ listener is tested with, played on the real one: they say what it
// does, not what somebody thought it did.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import { once } from 'node:events';
import { test } from 'node:test';
import { FlatfileListener, told } from './packages.mjs';

const { cases } = JSON.parse(fs.readFileSync(process.env.COFFER_LISTENER_CASES, 'utf8'));

// Plays steps: what ran, by the ids of callbacks, is in `order`.
class Play {
  order = [];
  callbacks = new Map();

  constructor(root) {
    this.nodes = new Map([['root', root]]);
  }

  callback({ id, then = [], throws }) {
    if (!this.callbacks.has(id))
      this.callbacks.set(id, async (event) => {
        this.order.push(id);
        for (const step of then) this.take(step, event);
        if (throws) throw new Error(throws);
      });
    return this.callbacks.get(id);
  }

  take(step, event) {
    const node = this.nodes.get(step.node ?? 'root');
    const only = 'filter' in step ? [step.filter] : [];
    switch (step.op) {
      case 'on': return node.on(step.topic, ...only, this.callback(step));
      case 'off': return node.off(step.topic, ...only, this.callbacks.get(step.id));
      case 'filter': return this.nodes.set(step.as, node.filter(step.filter));
      case 'namespace': return this.nodes.set(step.as, node.namespace(step.namespaces));
      case 'detach': return node.detach();
      case 'afterAll':
        return event.afterAll(async () => {
          this.order.push(step.id);
          if (step.throws) throw new Error(step.throws);
        }, step.key);
      default: throw new Error(`what is the step ${step.op}`);
    }
  }
}

async function dispatched({ steps, event }) {
  const root = new FlatfileListener(undefined, 'a-token', 'http://server.test/');
  const play = new Play(root);
  for (const step of steps) play.take(step);
  const before = told.callback.length;
  const rejected = await root.dispatchEvent(event).then(() => false, () => true);
  return { fired: play.order.length > 0, order: play.order, rejected, reported: told.callback.length - before };
}

async function asked({ event, responses, calls }) {
  const requests = [];
  const server = http.createServer((request, answer) => {
    const { status = 200, contentType = 'application/json', body } = responses[Math.min(requests.length, responses.length - 1)];
    requests.push(request.url);
    const text = typeof body === 'string' ? body : JSON.stringify(body) ?? '';
    // With its length, as Coffer answers: in pieces, the listener's node-fetch reads none of it on some
    // versions of Node.
    answer.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(text) });
    answer.end(text);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const root = new FlatfileListener(undefined, 'a-token', `http://127.0.0.1:${server.address().port}`);
  const results = [];
  for (const group of calls)
    root.on('**', async (given) => {
      for (const { key, options } of group)
        results.push(await given.secrets(key, options).then(
          (value) => ({ value }), (why) => ({ error: why.constructor === Error ? why.message : '*' })));
    });
  try {
    await root.dispatchEvent(event);
  } finally {
    server.closeAllConnections();
    server.close();
  }
  return { requests, results };
}

for (const one of cases)
  test(`${one.category}: ${one.name}`, async () => {
    assert.deepEqual(await (one.category === 'secrets' ? asked(one) : dispatched(one)), one.expect);
  });
