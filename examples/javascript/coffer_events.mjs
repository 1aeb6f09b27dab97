// SPDX-License-Identifier: BSL-1.0
// A driver of the unmodified listener: its events come from a Coffer server, those of programs
// (POST /v1/events) and those of secrets that changed (secret:created, :updated, :deleted).
//
//   listener.mount(new CofferEvents({ url, token }));
export class CofferEvents {
  #seen = new Set();
  #last = '';
  #stop = new AbortController();

  constructor({ url, token, environmentId = '', spaceId = '' }) {
    this.address = `${url}/v1/x/events?${new URLSearchParams({ environmentId, spaceId })}`;
    this.token = token;
  }

  mountEventHandler(handler) {
    this.done = this.#listen(handler);
    return this;
  }

  unmountEventHandler() {
    this.#stop.abort();
    return this;
  }

  // Comes back after an end, and asks for what it missed. A refusal is the end.
  async #listen(handler) {
    while (!this.#stop.signal.aborted) {
      const answer = await fetch(this.address, {
        headers: { authorization: `Bearer ${this.token}`, ...(this.#last && { 'last-event-id': this.#last }) },
        signal: this.#stop.signal,
      }).catch(() => undefined);
      if (answer?.ok) await this.#read(answer.body, handler).catch(() => {});
      else if (answer && answer.status < 500) throw new Error(`the server refuses: ${answer.status}`);
      if (!this.#stop.signal.aborted) await new Promise((again) => { setTimeout(again, 1000); });
    }
  }

  async #read(body, handler) {
    let text = '';
    for await (const piece of body.pipeThrough(new TextDecoderStream())) {
      const blocks = (text + piece).split('\n\n');
      text = blocks.pop();
      for (const block of blocks) {
        const { id, data } = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s)));
        if (!data) continue;
        this.#last = id;
        const event = JSON.parse(data);
        if (this.#seen.has(event.id)) continue;
        this.#seen.add(event.id);
        await handler.dispatchEvent(event);
      }
    }
  }
}
