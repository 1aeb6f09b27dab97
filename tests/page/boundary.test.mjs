// SPDX-License-Identifier: BSL-1.0
// What other sites can do to the page: nothing. Frames, forms and requests from elsewhere, a name that
// points here, a neighbour on another port, the browser's memory after signing out.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import http from 'node:http';
import { once } from 'node:events';
import { Browser } from './browser.mjs';
import { Site } from './site.mjs';

let site;
let browser;
let neighbour;
let neighbourUrl; // another site: not only another port of the same
let portUrl;
before(async () => {
  site = await Site.open();
  browser = await Browser.start(['--host-resolver-rules=MAP evil.example 127.0.0.1']);
  neighbour = http.createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' });
    if (request.url.startsWith('/form')) {
      const [, kind] = request.url.split('?');
      return response.end(`<!doctype html><title>n</title><form method="post" enctype="${kind}" action="${site.url}/v1/x/spaces?environmentId=prod"><input name='{"name":"EVIL","x":"' value='"}'><button>go</button></form>`);
    }
    return response.end(`<!doctype html><title>n</title><iframe src="${site.url}/"></iframe>`);
  });
  neighbour.listen(0, '127.0.0.1');
  await once(neighbour, 'listening');
  neighbourUrl = `http://evil.example:${neighbour.address().port}`;
  portUrl = `http://127.0.0.1:${neighbour.address().port}`;
});
after(async () => {
  neighbour?.close();
  await browser?.end();
  await site?.end();
});

test('every answer has the headers that keep a browser in bounds', async () => {
  const targets = ['/', '/index.html', '/page/main.js', '/page/base.css', '/nowhere', '/page/nowhere.js', '/v1/x/whoami', '/v1/x/nowhere', '/v1/secrets', '/v1/secrets?environmentId=nobody'];
  for (const target of targets) {
    for (const token of [site.token, '']) {
      const { headers, status } = await site.ask('GET', target, { token });
      const policy = headers.get('content-security-policy') ?? '';
      assert.match(policy, /default-src 'none'/, `${target} ${status}`);
      assert.match(policy, /frame-ancestors 'none'/, target);
      assert.doesNotMatch(policy, /unsafe|\*/, target);
      assert.equal(headers.get('x-content-type-options'), 'nosniff', target);
      assert.equal(headers.get('cache-control'), 'no-store', target);
      assert.equal(headers.get('referrer-policy'), 'no-referrer', target);
      assert.equal(headers.get('server'), null, target);
      assert.equal(headers.get('set-cookie'), null, target);
      assert.equal(headers.get('access-control-allow-origin'), null, target);
    }
  }
  const { headers } = await site.ask('GET', '/', { token: '' });
  assert.equal(headers.get('x-frame-options'), 'DENY');
  assert.equal(headers.get('cross-origin-opener-policy'), 'same-origin');
  assert.equal(headers.get('cross-origin-resource-policy'), 'same-origin');
  assert.match(headers.get('content-security-policy'), /require-trusted-types-for 'script'/);
});

test('the page is shown in nobody’s frame', async () => {
  const tab = await browser.open(neighbourUrl, {});
  await tab.page.waitForFunction(() => document.readyState === 'complete');
  const frame = tab.page.frames()[1];
  assert.ok(!frame || !frame.url().startsWith(site.url) || (await frame.content().catch(() => '')).length < 200, 'it was framed');
  assert.equal(await tab.page.frameLocator('iframe').locator('input').count().catch(() => 0), 0);
  tab.expected.push(/Refused to display|frame-ancestors|X-Frame-Options/);
  await tab.end();
});

test('a neighbour can neither read nor change anything, even with a token', async () => {
  const tab = await browser.open(neighbourUrl, {});
  const { token } = await site.session();
  const tried = await tab.page.evaluate(async ([url, bearer]) => {
    const one = async (name, f) => {
      try {
        const answer = await f();
        return `${name}: ${answer.type} ${answer.status}`;
      } catch {
        return `${name}: refused`;
      }
    };
    return [
      await one('read', () => fetch(`${url}/v1/x/environments`, { headers: { authorization: `Bearer ${bearer}` } })),
      await one('write', () => fetch(`${url}/v1/x/secret?environmentId=prod&name=EVIL`, { method: 'PUT', headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' }, body: '{"value":"x"}' })),
      await one('simple', () => fetch(`${url}/v1/x/spaces?environmentId=prod`, { method: 'POST', mode: 'no-cors', headers: { 'content-type': 'text/plain' }, body: '{"name":"EVIL"}' })),
      await one('script', () => new Promise((resolve, reject) => {
        const script = document.createElement('script');
        script.src = `${url}/page/main.js`;
        script.type = 'module';
        script.onload = () => resolve({ type: 'script', status: 'ran' });
        script.onerror = reject;
        document.head.append(script);
      })),
    ];
  }, [site.url, token]);
  assert.deepEqual(tried.filter((line) => !/refused|opaque/.test(line)), []);
  const names = (await site.ask('GET', '/v1/x/secrets?environmentId=prod')).text;
  assert.ok(!names.includes('EVIL'));
  assert.ok(!(await site.ask('GET', '/v1/x/spaces?environmentId=prod')).text.includes('EVIL'));
  const sent = tab.traffic.filter((one) => one.method && one.url.startsWith(site.url));
  assert.ok(sent.length >= 2 && sent.every((one) => !one.headers.cookie));
  tab.expected.push(/blocked by CORS policy|net::ERR_|frame-ancestors/);
  await tab.end();
});

test('a form on another site that is sent here changes nothing, whatever it is encoded as', async () => {
  for (const kind of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
    const tab = await browser.open(neighbourUrl, { at: `form?${kind}` });
    const [answer] = await Promise.all([
      tab.page.waitForResponse((one) => one.url().startsWith(site.url) && one.request().method() === 'POST'),
      tab.page.getByRole('button', { name: 'go' }).click(),
    ]);
    assert.ok([400, 401, 403, 415].includes(answer.status()), `${kind}: ${answer.status()}`);
    assert.equal((await answer.request().allHeaders())['sec-fetch-site'], 'cross-site');
    await tab.end();
  }
  assert.ok(!(await site.ask('GET', '/v1/x/spaces?environmentId=prod')).text.includes('EVIL'));
});

test('another port of the same host has neither the session nor a cookie of it', async () => {
  const tab = await browser.open(site.url, { session: await site.session(), at: '#/environments' });
  const { hostname } = new URL(site.url);
  assert.equal(new URL(portUrl).hostname, hostname);
  await tab.page.goto(`${portUrl}/form?text/plain`);
  assert.deepEqual(await tab.page.evaluate(() => [sessionStorage.length, localStorage.length, document.cookie]), [0, 0, '']);
  const sent = tab.traffic.filter((one) => one.method && one.url.startsWith(portUrl));
  assert.ok(sent.length > 0 && sent.every((one) => !one.headers.authorization && !one.headers.cookie));
  await tab.end();
});

test('a name of somebody else’s that is pointed here in the middle (DNS rebinding) gets no page', async () => {
  const { port } = new URL(site.url);
  const rebound = await Browser.start(['--host-resolver-rules=MAP evil.example 127.0.0.1']);
  try {
    const tab = await rebound.open(`http://evil.example:${port}`, { ready: false });
    tab.expected.push(/Cross-Origin-Opener-Policy header has been ignored/); // no trustworthy origin
    for (const target of ['/', '/page/main.js', '/v1/x/whoami', '/v1/secrets?environmentId=prod']) {
      const answer = await tab.page.goto(`http://evil.example:${port}${target}`);
      assert.equal(answer.status(), 421, target);
      assert.equal(await tab.page.locator('#page').count(), 0);
    }
    await tab.end();
  } finally {
    await rebound.end();
  }
});

test('requests that say they come from elsewhere are refused: origins and fetch metadata', async () => {
  const { token } = await site.session();
  const target = '/v1/x/secret?environmentId=prod&name=CROSS';
  const ask = (headers, body = '{"value":"x"}') => site.ask('PUT', target, { token, body, headers: { 'content-type': 'application/json', ...headers } });
  for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }, { 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' }, { 'sec-fetch-site': 'same-origin', origin: 'null' }, { 'sec-fetch-site': 'same-origin', origin: neighbourUrl }, { 'sec-fetch-site': 'same-origin', origin: portUrl }])
    assert.ok([401, 403].includes((await ask(headers)).status), JSON.stringify(headers));
  assert.equal((await ask({ 'sec-fetch-site': 'same-origin', origin: site.url })).status, 200);
  const preflight = await site.ask('OPTIONS', target, { token: '', headers: { origin: 'https://evil.example', 'access-control-request-method': 'PUT' } });
  assert.equal([...preflight.headers.keys()].filter((name) => name.startsWith('access-control')).length, 0);
});

test('a foreign name that points here is refused', async () => {
  const { hostname, port } = new URL(site.url);
  for (const host of ['evil.example', `evil.example:${port}`, `127.0.0.1.evil.example:${port}`]) {
    const status = await new Promise((resolve, reject) => {
      const request = http.request({ hostname, port, path: '/', headers: { host } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      request.on('error', reject);
      request.end();
    });
    assert.ok([400, 421].includes(status), `${host}: ${status}`);
  }
});

test('a session reads no values of programs, and a program’s token is no session', async () => {
  const { token } = await site.session();
  assert.ok([401, 403].includes((await site.ask('GET', '/v1/secrets?environmentId=prod', { token, headers: { 'sec-fetch-site': 'same-origin' } })).status));
});

test('after signing out Back shows the sign-in, and the session is dead', async () => {
  const other = await site.ask('POST', '/v1/x/session', { body: {}, headers: { 'sec-fetch-site': 'same-origin' } });
  const session = other.json.data;
  const tab = await browser.open(site.url, { session, at: '#/e/prod/secrets' });
  await tab.row('DB_URL').waitFor();
  await tab.go('#/e/prod/spaces');
  await tab.page.locator('.user').click();
  await tab.page.getByRole('button', { name: 'Sign out' }).click();
  await tab.page.getByLabel('Personal token', { exact: true }).waitFor();
  assert.equal(await tab.page.evaluate(() => sessionStorage.getItem('coffer.session')), null);
  await tab.page.goBack().catch(() => {});
  await tab.page.getByLabel('Personal token', { exact: true }).waitFor();
  assert.ok(!(await tab.page.content()).includes('DB_URL'));
  const dead = await site.ask('GET', '/v1/x/whoami', { token: session.token, headers: { 'sec-fetch-site': 'same-origin' } });
  assert.equal(dead.status, 401);
  await tab.end();
});

test('a new tab signs in again: nothing is shared', async () => {
  const tab = await browser.open(site.url, { session: await site.session(), at: '#/environments' });
  const second = await tab.page.context().newPage();
  await second.goto(`${site.url}/`);
  await second.getByLabel('Personal token', { exact: true }).waitFor();
  await tab.end();
});
