// SPDX-License-Identifier: BSL-1.0
// Each state that a list can be in. Those that a healthy server never shows are brought about between
// it and the browser.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { open, site } from './here.mjs';

const list = '**/v1/x/secrets?*';
const refused = (status, body) => (route) => route.fulfill({ status, headers: { 'x-request-id': 'r-7' }, json: body });

test('empty: an environment says what a secret does there, a space that it inherits', async () => {
  const tab = await open('#/e/staging/secrets');
  await tab.page.getByText('A secret set here is given to every space.').waitFor();
  assert.match(await tab.text('.panel pre'), /coffer set/);
  assert.equal(await tab.axe(), '');
  await tab.pictures('state-empty');
  await tab.go('#/e/prod/s/initech/secrets');
  await tab.page.getByText('Nothing of its own.').waitFor();
  assert.ok(await tab.row('DB_URL').isVisible());
  assert.equal(await tab.axe(), '');
  await tab.pictures('state-empty-space');
  await tab.end();
});

test('no environments: three steps', async () => {
  const tab = await open('#/environments', { init: (page) => page.route('**/v1/x/environments', (route) => route.fulfill({ json: { data: [] } })) });
  await tab.page.getByText('Three steps to the first secret').waitFor();
  assert.equal(await tab.axe(), '');
  await tab.pictures('state-first-steps');
  await tab.end();
});

test('loading: grey rows, then a word and a way to stop, no empty list', async () => {
  const tab = await open('#/environments');
  await tab.page.clock.install();
  await tab.page.clock.pauseAt(Date.now() + 60_000);
  let go;
  const held = new Promise((resolve) => { go = resolve; });
  await tab.page.route(list, async (route) => { await held; await route.continue().catch(() => {}); });
  await tab.page.evaluate(() => { location.hash = '#/e/prod/secrets'; });
  await tab.page.waitForSelector('main .live[aria-busy=true]', { state: 'attached' });
  assert.equal(await tab.page.locator('.grey-row').count(), 0);
  await tab.page.clock.runFor(200);
  assert.equal(await tab.page.locator('.grey-row').count(), 8);
  const { height: grey } = await tab.page.locator('.grey-row').first().boundingBox();
  await tab.pictures('state-loading', { stopped: true });
  await tab.page.clock.runFor(5000);
  await tab.page.getByText('Still waiting for the store').waitFor();
  assert.equal(await tab.page.getByText('No secrets yet').count(), 0);
  await tab.page.getByRole('button', { name: 'Cancel' }).click();
  await tab.page.getByText('Not loaded').waitFor();
  go();
  await tab.page.unroute(list);
  await tab.page.getByText('Try again').click();
  await tab.row('DB_URL').waitFor();
  // The rows come without a jump.
  for (const row of await tab.page.locator('main tbody tr').all()) assert.ok(Math.abs((await row.boundingBox()).height - grey) < 1);
  await tab.end();
});

test('what waits too long says so once, also where something else is asked for meanwhile', async () => {
  const tab = await open('#/e/prod/spaces');
  await tab.page.clock.install();
  const filter = tab.page.getByLabel('Filter spaces');
  const waiting = tab.page.getByText('Still waiting for the store');
  let go;
  const held = new Promise((resolve) => { go = resolve; });
  await tab.page.route('**/v1/x/spaces?*', async (route) => { await held; await route.continue().catch(() => {}); });
  const asking = async (text) => {
    const asked = tab.page.waitForRequest('**/v1/x/spaces?*');
    await filter.fill(text);
    await tab.page.clock.runFor(300);
    await asked;
  };
  await asking('cus');
  await tab.page.clock.runFor(5000);
  await waiting.waitFor();
  await asking('customer');
  await waiting.waitFor({ state: 'detached' });
  await tab.page.clock.runFor(5000);
  await waiting.first().waitFor();
  assert.equal(await waiting.count(), 1);
  go();
  await tab.page.getByText('2 spaces with “customer”').waitFor();
  assert.equal(await waiting.count(), 0);
  await tab.end();
});

test('what is loading is accessible', async () => {
  const tab = await open('#/environments');
  let go;
  const held = new Promise((resolve) => { go = resolve; });
  await tab.page.route(list, async (route) => { await held; await route.continue(); });
  await tab.page.evaluate(() => { location.hash = '#/e/prod/secrets'; });
  await tab.page.locator('.grey-row').first().waitFor({ state: 'attached' });
  assert.equal(await tab.axe(), '');
  go();
  await tab.row('DB_URL').waitFor();
  await tab.end();
});

test('error: what failed, code and request id in place of the rows; navigation goes on', async () => {
  const tab = await open('#/environments');
  await tab.page.route(list, refused(503, { errors: [{ message: 'the store does not answer' }], code: 'unavailable' }));
  await tab.go('#/e/prod/secrets');
  const panel = tab.page.locator('.panel.error');
  assert.match(await tab.text(panel), /could not be loaded.*the store does not answer Since \d\d:\d\d:\d\d.*unavailable.*r-7/);
  assert.equal(await tab.page.getByText('No secrets yet').count(), 0);
  assert.equal(await tab.axe(), '');
  await tab.pictures('state-error');
  await tab.page.unroute(list);
  await panel.getByText('Try again').click();
  await tab.row('DB_URL').waitFor();
  await tab.end();
});

test('stale: the time of the rows, saving off, the rows readable', async () => {
  const tab = await open('#/environments');
  await tab.patch(list, (json) => { Object.assign(json.data, { stale: true, ageMs: 240_000, asOf: new Date(Date.now() - 240_000).toISOString() }); });
  await tab.patch('**/v1/x/whoami', (json) => { Object.assign(json.data.server, { stale: true, since: new Date(Date.now() - 120_000).toISOString(), until: new Date(Date.now() + 300_000).toISOString() }); });
  await tab.page.reload();
  await tab.settled();
  await tab.go('#/e/prod/secrets');
  assert.match(await tab.text('.stale'), /As of \d\d:\d\d:\d\d \(4 min ago\).*Saving is off/);
  assert.match(await tab.text('.banner'), /Store unreachable for \d+ min\. Programs still get the last known values \(until \d\d:\d\d:\d\d\)\. Saving is off\./);
  const act = tab.row('DB_URL').locator('.act button');
  assert.equal(await act.getAttribute('aria-disabled'), 'true');
  await act.click({ force: true });
  assert.equal(await tab.page.locator('dialog').count(), 0);
  assert.equal(await tab.axe(), '');
  await tab.pictures('state-stale');
  await tab.end();
});

test('what concerns everybody stands over every screen: a full disk, a key to leave', async () => {
  const tab = await open('#/environments', { init: async (page) => {
    await page.clock.install();
    await page.route('**/v1/x/whoami', async (route) => {
      const answer = await route.fetch();
      const json = await answer.json();
      json.data.server.auditFullPercent = 96;
      await route.fulfill({ response: answer, json });
    });
    await page.route('**/v1/x/keys', (route) => route.fulfill({ json: { data: [
      { kekId: 'kek-new', state: 'active', environments: [{ id: 'prod', dek: 2, seals: 1 }] },
      { kekId: 'kek-2024', state: 'decrypt_only', environments: [{ id: 'prod', dek: 1, seals: 9 }, { id: 'staging', dek: 1, seals: 9 }] },
      { kekId: 'kek-2023', state: 'decrypt_only', environments: [] }] } }));
  } });
  await tab.page.locator('.banner').getByText('Audit log disk 96 % full: at 100 % reads stop.').waitFor();
  await tab.page.locator('.banner').getByText('Key kek-2024 is decrypt-only; 2 environments still need rewrap.').waitFor();
  assert.equal(await tab.page.locator('.banner').count(), 2);
  assert.equal(await tab.axe(), '');
  await tab.pictures('banners');
  // They are drawn anew each minute, and take the focus of nobody.
  await tab.page.locator('.banner').getByRole('button', { name: 'Rewrap…' }).focus();
  const drawn = await tab.page.locator('.banner').first().elementHandle();
  await tab.page.clock.runFor(61_000);
  await tab.page.waitForFunction((line) => !line.isConnected, drawn);
  await tab.page.clock.runFor(100);
  assert.equal(await tab.focusKey(), 'rewrap:kek-2024');
  await tab.page.locator('.banner').getByRole('button', { name: 'Rewrap…' }).click();
  await tab.page.getByRole('alertdialog').getByText('Rewrap the data keys of all environments').waitFor();
  await tab.end();
});

test('the environments, drawn anew, leave the reader where they are; the last of several answers counts', async () => {
  const tab = await open('#/e/staging/secrets');
  // No news of them: the bar that tells of others' changes would ask too.
  await tab.page.route('**/v1/x/environments/watch?*', () => {});
  await tab.page.reload();
  await tab.page.getByRole('button', { name: 'New secret' }).first().waitFor();
  await tab.settled();
  const held = [];
  await tab.page.route('**/v1/x/environments', (route) => held.push(route));
  // Each change of the list asks for them anew.
  for (const n of [1, 2]) {
    await tab.page.getByRole('button', { name: 'New secret' }).first().click();
    await tab.page.getByLabel('Name', { exact: true }).fill(`COUNTED_${n}`);
    await tab.page.locator('dialog .value').first().fill('v');
    await tab.page.keyboard.press('Control+Enter');
    while (held.length < n) await tab.page.waitForTimeout(20);
  }
  await tab.go('#/environments');
  const link = tab.page.locator('[data-row=prod]').getByRole('link', { name: 'Matrix' });
  await link.focus();
  const named = (name) => ({ data: [{ id: 'prod', name, rights: ['list'] }, { id: 'staging', name: 'Staging', rights: ['list'] }] });
  await held[1].fulfill({ json: named('Newest') });
  await tab.page.locator('[data-row=prod]').getByText('Newest').waitFor();
  assert.equal(await tab.focusKey(), 'matrix:prod');
  const late = tab.page.waitForResponse('**/v1/x/environments');
  await held[0].fulfill({ json: named('Older') });
  await (await late).finished();
  await tab.settled();
  assert.equal(await tab.page.locator('main').getByText('Older').count(), 0);
  assert.equal(await tab.focusKey(), 'matrix:prod');
  await tab.end();
});

test('no permission: the list says what can be done about it', async () => {
  const tab = await open('#/environments');
  await tab.page.route(list, refused(403, { errors: [{ message: 'You may not see names in this space.' }], code: 'denied' }));
  await tab.go('#/e/prod/s/acme/secrets');
  await tab.page.locator('.panel.denied').getByText(/^Ask Ana.* \(admins?\)\.$/).waitFor();
  assert.match(await tab.text('.panel.denied'), /You may not see names in this space\. Ask Ana/);
  assert.equal(await tab.axe(), '');
  await tab.pictures('state-no-permission');
  // Of more than five the others are counted; of nobody, and where that is not told, none is named.
  const asked = async (answer) => {
    await tab.page.unroute('**/v1/x/admins*');
    await tab.page.route('**/v1/x/admins*', (route) => route.fulfill(answer));
    await tab.go('#/environments');
    const told = tab.page.waitForResponse('**/v1/x/admins*');
    await tab.go('#/e/prod/s/acme/secrets');
    await (await told).finished();
    return tab.page.locator('.panel.denied p').last();
  };
  await (await asked({ json: { data: ['A', 'B', '<b>C</b>', 'D', 'E', 'F', 'G'] } })).getByText('Ask A, B, <b>C</b>, D, E and 2 more (admins).').waitFor();
  for (const answer of [{ json: { data: [] } }, { status: 404, json: { errors: [{ message: 'there is nothing here' }], code: 'not_found' } }])
    assert.match(await tab.text(await asked(answer)), /^Who administers the environment can give you a token that may\.$/);
  await tab.end();
});

test('damaged: said, and never another value', async () => {
  const tab = await open('#/environments');
  await tab.patch(list, (json) => { json.data.rows.find((row) => row.name === 'SLACK_TOKEN').state = 'damaged'; });
  await tab.go('#/e/prod/s/acme/secrets');
  assert.match(await tab.text(tab.row('SLACK_TOKEN')), /Damaged.*not replaced by Production’s/);
  await tab.row('SLACK_TOKEN').getByText('How to restore').click();
  assert.match(await tab.text('dialog pre'), /coffer verify/);
  await tab.pictures('state-damaged');
  await tab.page.keyboard.press('Escape');
  await tab.page.unroute(list);
  await tab.page.route(list, refused(500, { errors: [{ message: 'it fails its check' }], code: 'tampered' }));
  await tab.go('#/e/prod/secrets');
  await tab.page.getByText('What is stored fails its check').waitFor();
  assert.equal(await tab.axe(), '');
  await tab.pictures('state-tampered');
  await tab.end();
});

test('nothing found: what was probably meant, and where else to look', async () => {
  const tab = await open('#/e/prod/secrets');
  await tab.page.keyboard.press('/');
  await tab.page.keyboard.type('slck');
  assert.match(await tab.text('.panel.search'), /No name contains “slck”\..*Did you mean\s+SLACK_TOKEN/);
  assert.equal(await tab.axe(), '');
  await tab.pictures('state-nothing-found');
  await tab.page.getByRole('link', { name: 'Search all environments' }).click();
  await tab.page.getByRole('heading', { name: 'Search all environments' }).waitFor();
  await tab.page.getByRole('link', { name: 'SLACK_TOKEN' }).click();
  await tab.end();
});

test('outcome unknown: it is looked up, and either way is said', async () => {
  const tab = await open('#/e/prod/s/globex/secrets');
  const put = '**/v1/x/secret?*';
  // The save arrives, its answer does not; it is looked up once that was seen to be said.
  let seen;
  const wasSeen = new Promise((done) => { seen = done; });
  let lost = false;
  await tab.page.route(put, async (route) => {
    if (route.request().method() === 'PUT') {
      await route.fetch();
      lost = true;
      return route.abort('connectionreset');
    }
    if (lost) await wasSeen;
    return route.continue();
  });
  await tab.row('DB_URL').getByText('Override').click();
  await tab.page.locator('dialog .value').first().fill('arrived');
  await tab.page.keyboard.press('Control+Enter');
  await tab.page.getByText('The connection ended before the answer. Checking…').waitFor();
  seen();
  await tab.undoBar().filter({ hasText: 'DB_URL overridden in Globex: v1.' }).waitFor();
  await tab.page.unroute(put);
  // The save is lost.
  await tab.page.route(put, (route) => (route.request().method() === 'PUT' ? route.abort('connectionreset') : route.continue()));
  await tab.row('BETA_KEY').getByText('Override').click();
  await tab.page.locator('dialog .value').first().fill('lost');
  await tab.page.keyboard.press('Control+Enter');
  await tab.page.getByText('Not saved. Your value is still here.').waitFor();
  assert.equal(await tab.axe(), '');
  await tab.pictures('state-outcome-unknown');
  await tab.page.unroute(put);
  await tab.page.getByRole('button', { name: 'Save again' }).click();
  await tab.undoBar().filter({ hasText: 'BETA_KEY overridden in Globex: v1.' }).waitFor();
  await tab.end();
});

test('the session ends while somebody types: the value stays and is saved after signing in', async () => {
  const tab = await open('#/e/prod/s/bolt/secrets');
  await tab.row('DB_URL').getByText('Override').click();
  await tab.page.locator('dialog .value').first().fill('typed before');
  let ended = true;
  await tab.page.route('**/v1/x/secret?*', (route) => (ended && route.request().method() === 'PUT'
    ? route.fulfill({ status: 401, json: { errors: [{ message: 'the session has ended' }] } }) : route.continue()));
  await tab.page.keyboard.press('Control+Enter');
  await tab.page.getByText('Your session has ended').waitFor();
  assert.equal(await tab.axe(), '');
  await tab.pictures('state-session-ended');
  ended = false;
  await tab.page.getByLabel('Personal token', { exact: true }).fill(site.token);
  await tab.page.keyboard.press('Enter');
  await tab.undoBar().filter({ hasText: 'DB_URL overridden in Customer Bolt: v1.' }).waitFor();
  await tab.end();
});

// What asks whether typed text may go, after the browser's Back.
const discard = (tab) => tab.page.getByRole('alertdialog').filter({ hasText: 'Discard what you typed?' });
const hash = (tab) => tab.page.evaluate(() => location.hash);

test('Back asks before what was typed is lost, and goes there once that is said', async () => {
  const tab = await open('#/e/prod/s/initech/secrets');
  await tab.go('#/e/prod/s/globex/secrets');
  await tab.row('S3_ACCESS_KEY').getByText('Override').click();
  await tab.page.locator('dialog .value').first().fill('typed before');
  await tab.page.evaluate(() => history.back());
  await discard(tab).waitFor();
  assert.equal(await hash(tab), '#/e/prod/s/globex/secrets');
  await tab.page.getByRole('button', { name: 'Go on typing' }).click();
  assert.equal(await tab.page.locator('dialog .value').first().inputValue(), 'typed before');
  await tab.page.evaluate(() => history.back());
  await discard(tab).getByRole('button', { name: 'Discard' }).click();
  await tab.page.getByRole('heading', { name: 'Secrets of Initech' }).waitFor();
  assert.equal(await hash(tab), '#/e/prod/s/initech/secrets');
  assert.equal(await tab.page.locator('dialog').count(), 0);
  await tab.end();
});

test('who leaves instead of signing in again is asked only where typed work is lost, and by the browser too', async () => {
  const ends = (tab) => tab.page.route('**/v1/x/**', (route) => route.fulfill({ status: 401, json: { errors: [{ message: 'the session has ended' }] } }));
  const tab = await open('#/e/prod/s/bolt/secrets');
  const { page } = tab;
  tab.expected.push(/a browser's own dialog/);
  await tab.row('S3_ACCESS_KEY').getByText('Override').click();
  await page.locator('dialog .value').first().focus();
  await page.keyboard.type('typed before');
  await ends(tab);
  await page.keyboard.press('Control+Enter');
  await page.getByRole('heading', { name: 'Your session has ended' }).waitFor();
  const question = page.getByRole('alertdialog').filter({ hasText: 'Leave and lose what is typed below?' });
  const lets = page.getByRole('button', { name: 'Leave', exact: true });
  for (const go of [() => lets.click(), () => page.keyboard.press('Escape')]) {
    await go();
    await question.waitFor();
    await page.keyboard.press('Enter'); // on the way back
    await question.waitFor({ state: 'detached' });
  }
  assert.equal(await tab.axe(), '');
  const asked = page.waitForEvent('dialog');
  await page.evaluate(() => { sessionStorage.removeItem('coffer.session'); setTimeout(() => location.reload(), 0); });
  assert.equal((await asked).type(), 'beforeunload');
  assert.equal(await page.locator('dialog .value').first().inputValue(), 'typed before');
  await lets.click();
  await question.getByRole('button', { name: 'Leave' }).click();
  await page.getByRole('heading', { name: 'Sign in', exact: true }).waitFor();
  assert.equal(tab.problems.length, 1);
  await tab.end();

  for (const leaves of [(one) => one.page.getByRole('button', { name: 'Leave' }).click(), (one) => one.page.reload()]) {
    const other = await open('#/e/prod/spaces');
    await ends(other);
    await other.page.evaluate(() => { location.hash = '#/e/prod/s/bolt/secrets'; });
    await other.page.getByLabel('Personal token', { exact: true }).click();
    await leaves(other);
    await other.page.getByText('Your session has ended').waitFor({ state: 'detached' });
    await other.end();
  }
});

test('Back over the sign-in does not end the session unasked', async () => {
  const tab = await open('#/e/prod/spaces');
  let ended = false;
  await tab.page.route('**/v1/x/secrets?*', (route) => (ended
    ? route.fulfill({ status: 401, json: { errors: [{ message: 'the session has ended' }] } }) : route.continue()));
  ended = true;
  await tab.page.evaluate(() => { location.hash = '#/e/prod/s/bolt/secrets'; });
  await tab.page.getByText('Your session has ended').waitFor();
  await tab.page.evaluate(() => history.back());
  await tab.page.getByRole('alertdialog').filter({ hasText: 'Leave without signing in?' }).waitFor();
  await tab.page.getByRole('button', { name: 'Back to the sign-in' }).click();
  ended = false;
  await tab.page.getByLabel('Personal token', { exact: true }).fill(site.token);
  await tab.page.keyboard.press('Enter');
  await tab.row('DB_URL').waitFor();
  assert.equal(await hash(tab), '#/e/prod/s/bolt/secrets');
  await tab.end();
});

test('a removed name is inherited by nobody; one inherited name beside a missing one is one', async () => {
  await site.must('DELETE', '/v1/x/secret?environmentId=prod&name=BETA_KEY');
  const tab = await open('#/e/prod/secrets?group=removed');
  await tab.row('BETA_KEY').waitFor();
  assert.match(await tab.text(tab.row('BETA_KEY').locator('.used')), /^(\d over · )?1 hidden$/);
  await tab.patch('**/v1/x/secrets?*', (json) => { json.data.rows = json.data.rows.filter((row) => ['DB_URL', 'STRIPE_KEY'].includes(row.name)); });
  await tab.go('#/e/prod/s/initech/secrets');
  assert.equal(await tab.text('.list-note'), 'Nothing of its own. One name comes from Production.');
  await tab.end();
});

test('commands to copy are words of a shell, whatever an environment is called', async () => {
  const nothing = { rows: [], generation: 1, asOf: new Date().toISOString(), stale: false, ageMs: 0, rights: ['list', 'write'] };
  const tab = await open("#/e/it's/secrets", { init: (page) => page.route("**/v1/x/secrets?*it*s*", (route) => route.fulfill({ json: { data: nothing } })) });
  assert.match(await tab.text('.panel pre'), /coffer set SLACK_TOKEN --env='it'\\''s' coffer set SLACK_TOKEN --env='it'\\''s' --space=ID/);
  await tab.end();
});

// The server has noticed: it does not look again before its last look is 100 ms old.
async function answersStale(want) {
  for (let looks = 0; looks < 2000; looks += 1) {
    const { json } = await site.ask('GET', '/v1/x/secrets?environmentId=prod');
    if (Boolean(json.data?.stale) === want) return;
    await new Promise((done) => { setTimeout(done, 50); });
  }
  assert.fail('the server does not notice');
}

test('the store goes away and comes back while a list is open: rows with their time, saving off, then on again', async () => {
  const tab = await open('#/e/prod/secrets', { init: (page) => page.clock.install() });
  const action = tab.row('DB_URL').locator('.act button');
  const disabled = () => action.getAttribute('aria-disabled');
  const wait = async (done) => {
    for (const until = Date.now() + 120_000; Date.now() < until && !await done();) {
      await tab.page.keyboard.press('Shift'); // somebody is there, else it asks nothing
      await tab.page.clock.runFor(61_000); // the page asks how the server is
      await tab.settled();
      for (let tries = 0; tries < 100 && !await done(); tries += 1) await new Promise((go) => { setTimeout(go, 50); });
    }
    assert.ok(await done());
  };
  await tab.row('DB_URL').waitFor();
  assert.notEqual(await disabled(), 'true');
  fs.renameSync(site.store, `${site.store}.away`);
  try {
    await answersStale(true);
    await wait(async () => await tab.page.locator('.stale').count() > 0);
    await tab.page.locator('.stale').getByText('the store does not answer. Saving is off.').waitFor();
    assert.equal(await disabled(), 'true');
    await tab.page.locator('.banner').getByText('Store unreachable').waitFor();
    await tab.pictures('state-store-away');
    for (const hash of ['#/environments', '#/e/prod/spaces', '#/e/prod/matrix', '#/e/prod/tokens', '#/e/prod/requirements', '#/e/prod/keys', '#/e/prod/s/acme/tokens', '#/e/prod/secrets']) {
      await tab.go(hash);
      await tab.page.locator('main .stale').waitFor();
      assert.equal(await tab.page.locator('main .stale').count(), 1, hash);
    }
  } finally {
    fs.renameSync(`${site.store}.away`, site.store);
  }
  await answersStale(false);
  await wait(async () => await tab.page.locator('.stale').count() === 0);
  await tab.page.locator('.banner').filter({ hasText: 'Store unreachable' }).waitFor({ state: 'detached' });
  await tab.row('DB_URL').waitFor();
  assert.notEqual(await disabled(), 'true');
  await tab.end();
});

test('the server stops and comes back', async () => {
  const tab = await open('#/e/prod/secrets');
  await tab.row('DB_URL').waitFor();
  const url = new URL(site.url);
  await site.stop();
  await tab.page.evaluate(() => { location.hash = '#/e/prod/spaces'; });
  await tab.page.getByText('The server does not answer').first().waitFor();
  await site.serve({ listen: url.host });
  await tab.page.evaluate(() => { location.hash = '#/e/prod/secrets'; });
  const signIn = tab.page.getByRole('heading', { name: 'Your session has ended' });
  await signIn.or(tab.row('DB_URL')).first().waitFor();
  if (await signIn.isVisible()) {
    await tab.page.getByLabel('Personal token', { exact: true }).fill(site.token);
    await tab.page.keyboard.press('Enter');
  }
  await tab.row('DB_URL').waitFor();
  await tab.end();
});
