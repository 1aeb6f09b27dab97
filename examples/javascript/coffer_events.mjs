// SPDX-License-Identifier: BSL-1.0
// A driver of the unmodified listener: its events come from a Coffer server, those of programs
// (POST /v1/events) and those of secrets that changed (secret:created, :updated, :deleted).
//
//   listener.mount(new CofferEvents({ url, token }));
//
// `token` is text, read once, or a function that gives the token that there is now (or promises it): it is asked at each
// connection and before each event, whose secrets the listener then reads with it. So a token is replaced without a
// restart, as by `() => readFileSync('/etc/app/token', 'utf8').trim()`. What the function throws at a connection is the end;
// at an event the driver connects anew, and asks for that event again.
//
// `missed` is called where some may have been missed, by a listener that was too slow or away for too long, or
// after the server was restarted: look at the state itself then.
import { setTimeout as pause } from 'node:timers/promises';

const mostSeen = 1000; // as many as the server keeps to send again

export class CofferEvents {
  #seen = new Set(); // the newest ids, oldest first
  #last = '';
  #stop = new AbortController();

  constructor({ url, token, environmentId = '', spaceId = '', missed = () => console.error('Events may have been missed') }) {
    this.url = url;
    this.address = `${url}/v1/x/events?${new URLSearchParams({ environmentId, spaceId })}`;
    this.token = token;
    this.missed = missed;
  }

  // `done` ends with the driver; it is rejected if the server refuses it, which is said on stderr too.
  mountEventHandler(handler) {
    this.done = this.#listen(handler);
    this.done.catch((why) => console.error(`No more events: ${why.message}`));
    return this;
  }

  unmountEventHandler() {
    this.#stop.abort();
    return this;
  }

  async #tokenNow() {
    return typeof this.token === 'function' ? this.token() : this.token;
  }

  // Comes back after an end, and asks for what it missed. A refusal is the end.
  async #listen(handler) {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const token = await this.#tokenNow();
      const answer = await fetch(this.address, {
        headers: { authorization: `Bearer ${token}`, ...(this.#last && { 'last-event-id': this.#last }) },
        signal,
      }).catch(() => undefined);
      if (answer?.ok) await this.#read(answer.body, handler).catch(() => {}); // it broke off
      else if (answer && answer.status < 500 && answer.status !== 429) {
        const replaced = answer.status === 401 && token !== await this.#tokenNow();
        if (!replaced) throw new Error(`the server refuses: ${answer.status}`);
      }
      await pause(1000 * (Number(answer?.headers.get('retry-after')) || 1), undefined, { signal }).catch(() => {});
    }
  }

  async #read(body, handler) {
    let text = '';
    for await (const piece of body.pipeThrough(new TextDecoderStream())) {
      const blocks = (text + piece).split('\n\n');
      text = blocks.pop();
      for (const block of blocks) {
        const { id, event, data } = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s)));
        if (data && event !== 'gap') await this.#give(JSON.parse(data), handler);
        this.#last = id ?? this.#last; // each stream begins with one, to come back with
        if (event === 'gap') await this.missed(JSON.parse(data)); // told once, whatever comes of it
      }
    }
  }

  // An event that the listener fails on is said, and not given again; one that there is no token for is, by the next stream.
  async #give(event, handler) {
    if (this.#seen.has(event.id)) return;
    const accessToken = await this.#tokenNow();
    this.#seen.add(event.id);
    if (this.#seen.size > mostSeen) this.#seen.delete(this.#seen.values().next().value);
    try {
      if (typeof this.token === 'function') handler.setVariables({ accessToken, apiUrl: this.url });
      await handler.dispatchEvent(event);
    } catch (why) {
      console.error(`The listener failed on ${event.topic}: ${why?.message ?? why}`); // its other members may hold the token
    }
  }
}
