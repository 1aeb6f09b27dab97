// SPDX-License-Identifier: BSL-1.0
// Several people at once, and connections that end: nobody's change is lost unseen, nothing is done in
// another's name, and what was typed stays until it is saved or given up.
import test from 'node:test';
import assert from 'node:assert/strict';
import { browser, open, served, site } from './here.mjs';
import { acme, bolt, prod, query } from './site.mjs';

const staging = { environmentId: 'staging' };
const one = '**/v1/x/secret?*';
const fillValue = (tab, value) => tab.page.locator('dialog .value').first().fill(value);
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const lose = (tab) => tab.page.route(one, (route) => (route.request().method() === 'PUT' ? route.abort('connectionreset') : route.continue()));

test('a lost save of a name that was removed, hidden or another’s before is told as not saved', async () => {
  await site.put(staging, 'GONE', 'a');
  await site.must('DELETE', `/v1/x/secret?${query({ ...staging, name: 'GONE' })}`);
  const tab = await open('#/e/staging/secrets');
  await lose(tab);
  await tab.page.getByRole('button', { name: 'New secret' }).first().click();
  await tab.page.getByLabel('Name', { exact: true }).fill('GONE');
  await fillValue(tab, 'typed');
  await tab.page.keyboard.press('Control+Enter');
  await tab.page.getByText('Not saved. Your value is still here.').waitFor();
  assert.equal(await tab.page.locator('dialog .value').first().inputValue(), 'typed');
  await tab.page.unroute(one);
  await tab.page.getByRole('button', { name: 'Save again' }).click();
  await tab.undoBar().filter({ hasText: /GONE set in Staging: v3/ }).waitFor();
  await tab.end();

  const other = await open('#/e/prod/s/acme/secrets');
  await lose(other);
  await other.row('BETA_KEY').locator('button.name').click();
  await other.page.getByText('Show again').last().waitFor();
  await other.page.keyboard.press('Escape');
  await other.page.getByRole('button', { name: 'New secret' }).click();
  await other.page.getByLabel('Name', { exact: true }).fill('BETA_KEY');
  await fillValue(other, 'typed over the hiding');
  await other.page.keyboard.press('Control+Enter');
  await other.page.getByText('Not saved. Your value is still here.').waitFor();
  await other.page.unroute(one);
  await other.page.getByRole('button', { name: 'Save again' }).click();
  await other.undoBar().filter({ hasText: 'BETA_KEY' }).filter({ hasText: 'in Customer Acme: v2' }).waitFor();
  assert.equal((await served(acme)).BETA_KEY, 'typed over the hiding');
  await other.page.getByRole('button', { name: 'Undo' }).click();
  await other.undoBar().filter({ hasText: 'hidden again' }).waitFor();
  await other.end();
});

test('two browsers change one name: the later sees who was first, keeps what was typed, and decides', async () => {
  await site.put(staging, 'SHARED', 'one');
  const ana = await open('#/e/staging/secrets');
  const ben = await open('#/e/staging/secrets', { as: 'stagingAdmin' });
  for (const tab of [ana, ben]) await tab.row('SHARED').getByText('Replace').click();
  await fillValue(ben, 'bens');
  await ben.page.keyboard.press('Control+Enter');
  await ben.undoBar().filter({ hasText: 'SHARED replaced in Staging: v2.' }).waitFor();
  await ben.row('SHARED').getByText('v2', { exact: true }).waitFor(); // what he is told of comes after this
  await fillValue(ana, 'anas');
  await ana.page.keyboard.press('Control+Enter');
  await ana.page.locator('.conflict').getByText('Ben set v2 of SHARED').waitFor();
  assert.match(await ana.text('.conflict'), /you began from v1.*Your value is kept here/);
  assert.equal((await served(staging)).SHARED, 'bens');
  await ana.page.getByText('Replace Ben’s v2').click();
  await ana.undoBar().filter({ hasText: 'SHARED replaced in Staging: v3.' }).waitFor();
  assert.equal((await served(staging)).SHARED, 'anas');

  // Ben's list is told of it, moves no row by itself, and his undo does not take Ana's value away.
  await ben.page.locator('.news').getByText(/^Ana changed 1 name( just now)?\.$/).waitFor();
  await ben.page.getByRole('button', { name: 'Undo' }).click(); // it is offered for half a minute
  await ben.undoBar().filter({ hasText: 'Not undone: Ana set v3 meanwhile. It is kept.' }).waitFor();
  assert.equal((await served(staging)).SHARED, 'anas');
  await ana.end();
  await ben.end();
});

test('a change whose author nobody told is nobody’s: an inherited row has the author of the parent', async () => {
  await site.put(prod, 'GUESSED', 'all', { by: 'deploy' });
  await site.put(acme, 'GUESSED', 'own', { by: 'admin' });
  const tab = await open('#/e/prod/s/acme/secrets');
  await tab.row('GUESSED').getByText('Overridden').waitFor();
  let held = [];
  await tab.page.route('**/v1/x/watch?*', (route) => (held ? held.push(route) : route.continue()));
  await site.put(acme, 'OTHER_GUESS', 'x'); // ends the question that is under way
  while (held.length === 0) await pause(20);
  await site.must('DELETE', `/v1/x/secret?${query({ ...acme, name: 'OTHER_GUESS' })}`);
  await site.must('DELETE', `/v1/x/secret?${query({ ...acme, name: 'GUESSED' })}`);
  const all = held;
  held = undefined;
  for (const route of all) await route.continue();
  await tab.page.locator('.news').getByText(/^Somebody changed \d+ names?\.$/).waitFor();
  await tab.end();
});

test('who changed something is told although the page did not ask when it happened, and was refused then', async () => {
  await site.put(staging, 'UNASKED', 'one');
  const ben = await open('#/e/staging/secrets', { as: 'stagingAdmin' });
  let held = [];
  await ben.page.route('**/v1/x/watch?*', (route) => (held ? held.push(route) : route.continue()));
  await ben.row('UNASKED').getByText('Replace').click();
  await fillValue(ben, 'bens');
  await ben.page.keyboard.press('Control+Enter');
  await ben.undoBar().filter({ hasText: 'UNASKED replaced in Staging: v2.' }).waitFor();
  await ben.row('UNASKED').getByText('v2', { exact: true }).waitFor();
  while (held.length === 0) await pause(20);
  await site.put(staging, 'UNASKED', 'anas');
  // It has to ask what changed, and the first time gets no answer.
  let looks = 0;
  await ben.page.route('**/v1/x/secrets?*', (route) => {
    looks += 1;
    return looks > 1 ? route.continue() : route.fulfill({ status: 503, json: { errors: [{ message: 'the store does not answer' }], code: 'unavailable' } });
  });
  const all = held;
  held = undefined;
  for (const route of all) await route.continue();
  await ben.page.locator('.news').getByText(/^Ana changed 1 name( just now)?\.$/).waitFor();
  assert.equal(looks, 2);
  await ben.end();
});

test('a conflict and news of others look well and are accessible', async () => {
  await site.put(staging, 'LOOKED_AT', 'one');
  const ana = await open('#/e/staging/secrets');
  const ben = await open('#/e/staging/secrets', { as: 'stagingAdmin' });
  await ana.row('LOOKED_AT').getByText('Replace').click();
  await site.put(staging, 'LOOKED_AT', 'two');
  await ben.page.locator('.news').waitFor();
  assert.equal(await ben.axe(), '');
  await ben.pictures('changed-meanwhile');
  await fillValue(ana, 'anas');
  await ana.page.keyboard.press('Control+Enter');
  await ana.page.locator('.conflict').waitFor();
  assert.equal(await ana.axe(), '');
  await ana.pictures('conflict');
  await ana.end();
  await ben.end();
});

// Each way to change a name, what somebody else does before it is undone, and what programs get then.
const undone = [
  ['an override', 'DB_URL', acme, async (tab) => { await tab.row('DB_URL').getByText('Override').click(); await fillValue(tab, 'mine'); await tab.page.keyboard.press('Control+Enter'); }],
  ['a hiding', 'S3_ACCESS_KEY', acme, async (tab) => { await tab.row('S3_ACCESS_KEY').locator('button.name').focus(); await tab.page.keyboard.press('h'); await tab.agree('Hide in Customer Acme'); }],
  ['a showing', 'BETA_KEY', acme, async (tab) => { await tab.row('BETA_KEY').getByText('Show again').click(); await tab.agree('Show again in Customer Acme'); }],
  ['a giving up', 'SLACK_TOKEN', bolt, async (tab) => { await tab.row('SLACK_TOKEN').getByText('Use Production’s value again').click(); await tab.page.getByRole('dialog').getByRole('button', { name: 'Use Production’s value again' }).click(); }],
];
for (const [what, name, where, act] of undone) {
  test(`the undo of ${what} keeps what somebody else has set since`, async () => {
    const tab = await open(`#/e/prod/s/${where.spaceId}/secrets`);
    await act(tab);
    await tab.undoBar().filter({ hasText: name }).waitFor();
    await site.put(where, name, 'bens newer', { by: 'admin' });
    await tab.page.getByRole('button', { name: 'Undo' }).click();
    await tab.undoBar().filter({ hasText: /Not undone: Ben set v\d+ meanwhile\. It is kept\./ }).waitFor();
    assert.equal((await served(where))[name], 'bens newer');
    await tab.end();
  });
}

test('an undo shows what is there now, also where one has left the screen meanwhile and come back', async () => {
  const stay = { environmentId: 'prod', spaceId: 'initech' };
  const tab = await open('#/e/prod/s/initech/secrets');
  const hide = async (name) => {
    await tab.row(name).locator('button.name').focus();
    await tab.page.keyboard.press('h');
    await tab.agree('Hide in Initech');
    await tab.row(name).getByText('Hidden').waitFor();
  };
  const undo = async () => {
    await tab.page.keyboard.press('z');
    await tab.undoBar().filter({ hasText: 'given to Initech again' }).waitFor();
  };
  await hide('S3_ACCESS_KEY');
  await tab.go('#/e/prod/spaces');
  await tab.go('#/e/prod/s/initech/secrets');
  await tab.row('S3_ACCESS_KEY').getByText('Hidden').waitFor();
  await undo();
  await tab.row('S3_ACCESS_KEY').getByText('Inherited').waitFor();

  // The matrix, which has more of it: it stays where it is.
  await hide('S3_ACCESS_KEY');
  await tab.go('#/e/prod/matrix');
  const cell = (state) => tab.page.getByRole('gridcell', { name: `S3_ACCESS_KEY, Initech: ${state}` });
  await cell('Hidden').waitFor();
  await undo();
  await cell('Hidden').waitFor({ state: 'detached' });
  assert.equal((await served(stay)).S3_ACCESS_KEY, 's3-1');

  // What is typed over it is not lost for that.
  await tab.go('#/e/prod/s/initech/secrets');
  await hide('S3_ACCESS_KEY');
  await tab.go('#/e/prod/spaces');
  await tab.go('#/e/prod/s/initech/secrets');
  let go;
  const held = new Promise((resolve) => { go = resolve; });
  await tab.page.route('**/v1/x/secret/unhide?*', async (route) => { await held; await route.continue(); });
  await tab.page.keyboard.press('z');
  await tab.page.keyboard.press('n');
  await fillValue(tab, 'typed');
  go();
  await tab.undoBar().filter({ hasText: 'given to Initech again' }).waitFor();
  assert.equal(await tab.page.locator('dialog .value').first().inputValue(), 'typed');
  await tab.end();
});

test('the undo of a paste keeps the names that somebody else has changed since', async () => {
  const tab = await open('#/e/staging/secrets');
  await tab.page.getByRole('button', { name: 'Paste .env' }).first().click();
  await tab.page.locator('dialog textarea').fill('PASTED_A=1\nPASTED_B=2\n');
  await tab.page.getByRole('button', { name: 'Save 2' }).click();
  await tab.undoBar().filter({ hasText: '2 names saved in Staging.' }).waitFor();
  await site.put(staging, 'PASTED_B', 'bens', { by: 'stagingAdmin' });
  await tab.page.getByRole('button', { name: 'Undo' }).click();
  await tab.undoBar().filter({ hasText: '1 name is as before in Staging. 1 changed since by somebody else: kept.' }).waitFor();
  const now = await served(staging);
  assert.ok(!('PASTED_A' in now));
  assert.equal(now.PASTED_B, 'bens');
  await tab.end();
});

test('a paste overwrites nothing that its table does not show; its undo brings back what it replaced', async () => {
  await site.put(staging, 'PASTED_C', 'c1');
  const tab = await open('#/e/staging/secrets');
  await tab.row('PASTED_C').waitFor();
  await tab.page.getByRole('button', { name: 'Paste .env' }).first().click();
  await tab.page.locator('dialog textarea').fill('PASTED_C=mine\nPASTED_D=mine\n');
  await site.put(staging, 'PASTED_C', 'bens c', { by: 'stagingAdmin' });
  await site.put(staging, 'PASTED_D', 'bens d', { by: 'stagingAdmin' });
  await tab.page.getByRole('button', { name: 'Save 2' }).click();
  await tab.page.getByText('Nothing saved: Ben changed PASTED_C, PASTED_D meanwhile.').waitFor();
  assert.match(await tab.text('.paste-summary'), /new 0 · replace 2/);
  const bens = { PASTED_C: 'bens c', PASTED_D: 'bens d' };
  const now = async () => Object.fromEntries(Object.entries(await served(staging)).filter(([name]) => name in bens));
  assert.deepEqual(await now(), bens);
  await tab.page.getByRole('button', { name: 'Save 2' }).click();
  await tab.undoBar().filter({ hasText: '2 names saved in Staging.' }).waitFor();
  assert.deepEqual(await now(), { PASTED_C: 'mine', PASTED_D: 'mine' });
  await tab.page.getByRole('button', { name: 'Undo' }).click();
  await tab.undoBar().filter({ hasText: '2 names are as before in Staging.' }).waitFor();
  assert.deepEqual(await now(), bens);
  await tab.end();
});

test('requirements of two people: of other programs both stay, of one the later is told', async () => {
  const needs = async () => (await site.must('GET', '/v1/x/requirements?environmentId=prod')).data.requirements;
  const add = async (tab, program, name) => {
    await tab.page.getByRole('button', { name: 'Add a program' }).click();
    await tab.page.getByRole('textbox', { name: 'Program' }).fill(program);
    await tab.page.getByLabel('Name', { exact: true }).fill(name);
  };
  const ana = await open('#/e/prod/requirements');
  const ben = await open('#/e/prod/requirements', { as: 'admin' });
  await add(ana, 'anas', 'A_NAME');
  await add(ben, 'bens', 'B_NAME');
  for (const tab of [ana, ben]) {
    await tab.page.getByRole('button', { name: 'Save' }).click();
    await tab.undoBar().filter({ hasText: 'saved' }).waitFor();
  }
  assert.deepEqual(Object.keys(await needs()).sort(), ['anas', 'bens', 'billing', 'notifier']);

  const edit = async (tab, name) => {
    await tab.page.locator('[data-row=billing]').getByRole('button', { name: 'Edit' }).click();
    await tab.page.getByLabel('Name', { exact: true }).first().fill(name);
  };
  await edit(ana, 'ANAS_CHOICE');
  await edit(ben, 'BENS_CHOICE');
  await ben.page.getByRole('button', { name: 'Save' }).click();
  await ben.undoBar().filter({ hasText: 'Requirements of billing saved.' }).waitFor();
  await ana.page.getByRole('button', { name: 'Save' }).click();
  await ana.page.getByText('somebody changed what billing needs meanwhile. What you typed is kept here.').waitFor();
  assert.equal((await needs()).billing[0].name, 'BENS_CHOICE');
  await ana.end();
  await ben.end();
});

test('who signs in again as somebody else can’t send what the first one typed', async () => {
  const tab = await open('#/e/prod/s/globex/secrets');
  await tab.row('DB_URL').getByText('Override').click();
  await fillValue(tab, 'typed by Ana');
  let ended = true;
  await tab.page.route(one, (route) => (ended ? route.fulfill({ status: 401, json: { errors: [{ message: 'the session has ended' }] } }) : route.continue()));
  await tab.page.keyboard.press('Control+Enter');
  const token = tab.page.getByLabel('Personal token', { exact: true });
  await token.fill(await site.tokenOf('admin'));
  await tab.page.keyboard.press('Enter');
  await tab.page.getByText('This is Ben’s token. What is open here is Ana’s').waitFor();
  assert.equal(await tab.axe(), '');
  ended = false;
  await token.fill(site.token);
  await tab.page.keyboard.press('Enter');
  await tab.undoBar().filter({ hasText: 'DB_URL overridden in Globex: v1.' }).waitFor();
  const history = (await site.must('GET', `/v1/x/secret?${query({ ...prod, spaceId: 'globex', name: 'DB_URL' })}`)).data.versions;
  assert.deepEqual(history.map((version) => version.setBy), ['Ana']);
  await tab.end();
});

test('a session that ends while somebody types takes no focus: a line says it, and typing goes on', async () => {
  const { data } = (await site.ask('POST', '/v1/x/session', { body: {}, headers: { 'sec-fetch-site': 'same-origin' } })).json;
  const tab = await browser.open(site.url, { session: data, at: '#/e/staging/secrets' });
  await tab.page.getByRole('button', { name: 'New secret' }).first().click();
  await tab.page.locator('dialog .value').first().focus();
  await tab.page.keyboard.type('typed be');
  await site.ask('DELETE', '/v1/x/session', { token: data.token, headers: { 'sec-fetch-site': 'same-origin' } });
  await site.put(staging, 'WAKES_THE_WATCH', 'x'); // its next request is refused
  await tab.page.locator('.banner').getByText('Signed out: your session has ended.').waitFor();
  await tab.page.keyboard.type('fore');
  assert.equal(await tab.page.locator('dialog').count(), 1);
  assert.equal(await tab.page.locator('dialog .value').first().inputValue(), 'typed before');
  await tab.page.locator('dialog .value').first().fill('');
  await tab.page.keyboard.press('Escape');
  assert.equal(await tab.axe(), '');
  await tab.page.locator('.banner').getByRole('button', { name: 'Sign in' }).click();
  await tab.page.getByLabel('Personal token', { exact: true }).fill(site.token);
  await tab.page.keyboard.press('Enter');
  await tab.page.locator('.banner').filter({ hasText: 'Signed out' }).waitFor({ state: 'detached' });
  await tab.end();
});

test('another who is named the same is another: neither their sign-in nor their save is taken for one’s own', async () => {
  const namesake = (await site.must('POST', '/v1/x/tokens', { name: 'Ana', grants: [{ role: 'env-admin', environmentId: 'prod' }] })).data.token;
  const globex = { ...prod, spaceId: 'globex' };
  const tab = await open('#/e/prod/s/globex/secrets');
  let answer = (route) => route.fulfill({ status: 401, json: { errors: [{ message: 'the session has ended' }] } });
  await tab.page.route(one, (route) => (route.request().method() === 'PUT' ? answer(route) : route.continue()));
  await tab.row('S3_ACCESS_KEY').getByText('Override').click();
  await fillValue(tab, 'typed by Ana');
  await tab.page.keyboard.press('Control+Enter');
  const token = tab.page.getByLabel('Personal token', { exact: true });
  await token.fill(namesake);
  await tab.page.keyboard.press('Enter');
  await tab.page.getByText('This is another token, though it is named Ana too.').waitFor();
  // The save is lost, and the namesake’s comes in.
  answer = async (route) => {
    await site.ask('PUT', `/v1/x/secret?${query({ ...globex, name: 'S3_ACCESS_KEY' })}`, { token: namesake, body: { value: 'by her namesake' } });
    await route.abort('connectionreset');
  };
  await token.fill(site.token);
  await tab.page.keyboard.press('Enter');
  await tab.page.getByText(/Ana set v1 .*Your value is kept here/).waitFor();
  assert.equal((await served(globex)).S3_ACCESS_KEY, 'by her namesake');
  await tab.page.getByRole('button', { name: 'Discard mine' }).click();
  await tab.end();
});

test('signing out of a session that has ended leaves, and asks for nothing', async () => {
  const { data } = (await site.ask('POST', '/v1/x/session', { body: {}, headers: { 'sec-fetch-site': 'same-origin' } })).json;
  const tab = await browser.open(site.url, { session: data, at: '#/environments' });
  await site.ask('DELETE', '/v1/x/session', { token: data.token, headers: { 'sec-fetch-site': 'same-origin' } });
  await tab.page.locator('.user').click();
  await tab.page.getByRole('button', { name: 'Sign out' }).click();
  await tab.page.getByRole('heading', { name: 'Sign in' }).waitFor();
  assert.equal(await tab.page.getByText('Your session has ended').count(), 0);
  await tab.end();
});

test('keys of a screen end with it: none acts on the scope before where a problem is shown', async () => {
  const tab = await open('#/e/prod/s/acme/secrets');
  await tab.page.route('**/v1/x/spaces?*spaceId=nowhere*', (route) => route.fulfill({ status: 503, json: { errors: [{ message: 'the store does not answer' }], code: 'unavailable' } }));
  await tab.go('#/e/prod/s/nowhere/secrets');
  await tab.page.locator('.panel.error').waitFor();
  await tab.page.keyboard.press('n');
  await tab.go('#/nowhere');
  await tab.page.keyboard.press('n');
  assert.equal(await tab.page.locator('dialog').count(), 0);
  await tab.end();
});

test('Escape asks before it loses a note, a form or requirements; not if nothing was changed', async () => {
  const tab = await open('#/e/prod/s/acme/secrets');
  const { page } = tab;
  const asks = async () => {
    await page.keyboard.press('Escape');
    await page.getByText('Discard what you typed?').waitFor();
    await page.getByRole('button', { name: 'Discard' }).click();
    await page.locator('dialog').first().waitFor({ state: 'detached' });
  };
  await tab.row('SLACK_TOKEN').getByText('Review').click();
  await page.locator('dialog').getByText('Replace…').click();
  await page.getByRole('textbox', { name: /^Note/ }).fill('another note');
  await page.keyboard.press('Escape');
  await page.getByText('Discard what you typed?').waitFor();
  await page.getByRole('button', { name: 'Discard' }).click();
  await page.getByRole('textbox', { name: /^Note/ }).waitFor({ state: 'detached' });
  await page.keyboard.press('Escape');
  await page.locator('dialog').waitFor({ state: 'detached' });
  await tab.go('#/e/prod/requirements');
  await page.locator('[data-row=notifier]').getByRole('button', { name: 'Edit' }).click();
  await page.keyboard.press('Escape');
  await page.locator('dialog').waitFor({ state: 'detached' });
  await page.locator('[data-row=notifier]').getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('button', { name: 'Add a name' }).click();
  await asks();
  await tab.go('#/e/prod/spaces');
  await page.keyboard.press('n');
  await page.getByLabel('Name', { exact: true }).fill('A new space');
  await asks();
  await tab.end();
});

test('a name that only a space has is found in the search, by who sees all and by who sees that space alone', async () => {
  const tab = await open('#/search?q=sftp');
  await tab.page.locator('.found-rows').getByText('Production › Customer Acme').waitFor();
  assert.match(await tab.text('main .about'), /looked into 3 environments/);
  await tab.page.getByRole('link', { name: 'ACME_SFTP_KEY' }).click();
  await tab.page.locator('dialog.drawer').getByText('ACME_SFTP_KEY').waitFor();
  await tab.end();
  const sam = await open('#/search?q=sftp', { as: 'spaceAdmin' });
  await sam.page.locator('.found-rows').getByText('Production › Customer Acme').waitFor();
  assert.match(await sam.text('main .about'), /looked into 1 environment/);
  await sam.end();
});

test('a paste whose answer is lost is looked up: all of it is in, or nothing', async () => {
  const tab = await open('#/e/staging/secrets');
  const batch = '**/v1/x/batch?*';
  const paste = async (text) => {
    await tab.page.getByRole('button', { name: 'Paste .env' }).first().click();
    await tab.page.locator('dialog textarea').fill(text);
    await tab.page.getByRole('button', { name: 'Save 2' }).click();
  };
  await tab.page.route(batch, async (route) => {
    await route.fetch();
    await route.abort('connectionreset');
  });
  await paste('ARRIVED_A=1\nARRIVED_B=2\n');
  await tab.undoBar().filter({ hasText: '2 names saved in Staging.' }).waitFor();
  await tab.page.unroute(batch);
  await tab.page.route(batch, (route) => route.abort('connectionreset'));
  await tab.row('ARRIVED_A').waitFor(); // the paste begins from the list
  await paste('ARRIVED_A=3\nLOST_B=4\n');
  await tab.page.getByText('Not saved: all of it is still here.').waitFor();
  assert.match(await tab.page.locator('dialog textarea').inputValue(), /LOST_B=4/);
  assert.equal((await served(staging)).ARRIVED_A, '1');
  await tab.end();
});

test('while only an older state answers, a save without an answer is not told as not saved', async () => {
  await site.put(staging, 'STALE_ONE', 'a');
  const tab = await open('#/e/staging/secrets');
  await tab.page.clock.install();
  // What was sent is in, its answer is lost, and what is asked then is answered from before.
  const losing = async (writes, asks, act) => {
    let answered = await (await tab.page.request.get(`${site.url}${asks.of}`, { headers: { authorization: `Bearer ${site.token}` } })).json();
    answered = { data: { ...answered.data, stale: true, ageMs: 60_000 } };
    let looks = 0;
    let lost = false;
    let seen;
    const wasSeen = new Promise((done) => { seen = done; });
    await tab.page.route(asks.as, async (route) => {
      if (!lost || route.request().method() !== 'GET') return route.fallback();
      await wasSeen; // what is said until then stands no longer
      looks += 1;
      return route.fulfill({ json: answered });
    });
    await tab.page.route(writes, async (route) => {
      if (route.request().method() === 'GET') return route.fallback();
      await route.fetch();
      lost = true;
      return route.abort('connectionreset');
    });
    await act();
    await tab.page.getByText('The connection ended before the answer. Checking…').waitFor();
    seen();
    for (const until = Date.now() + 120_000; looks < 4 && Date.now() < until;) {
      await tab.page.clock.runFor(1000);
      await pause(20);
    }
    await tab.page.getByText('Not known yet whether it is saved').waitFor();
    assert.equal(await tab.page.getByText(/^Not saved/).count(), 0);
    await tab.page.unroute(asks.as);
    await tab.page.unroute(writes);
    await tab.page.clock.runFor(8000);
  };
  await losing(one, { of: `/v1/x/secret?${query({ ...staging, name: 'STALE_ONE' })}`, as: one }, async () => {
    await tab.row('STALE_ONE').getByText('Replace').click();
    await fillValue(tab, 'arrived');
    await tab.page.keyboard.press('Control+Enter');
  });
  await tab.undoBar().filter({ hasText: 'STALE_ONE replaced in Staging: v2.' }).waitFor();
  await losing('**/v1/x/batch?*', { of: '/v1/x/secrets?environmentId=staging', as: '**/v1/x/secrets?*' }, async () => {
    await tab.page.getByRole('button', { name: 'Paste .env' }).first().click();
    await tab.page.locator('dialog textarea').fill('STALE_TWO=1\n');
    await tab.page.getByRole('button', { name: 'Save 1' }).click();
  });
  await tab.undoBar().filter({ hasText: '1 name saved in Staging.' }).waitFor();
  await tab.end();
});

// Does something, if anything, and waits until the page has done with what it was told of it: it asks for
// what comes after.
async function toldOf(tab, act) {
  await act?.();
  const { generation } = (await site.must('GET', `/v1/x/secrets?${query(prod)}`)).data;
  const asksOn = ({ method, url }) => method && url.includes('/v1/x/watch?') && Number(new URL(url).searchParams.get('after')) >= generation;
  for (let i = 0; !tab.traffic.some(asksOn); i += 1) {
    assert.ok(i < 3000, 'the page asks for nothing that comes after');
    await pause(20);
  }
}
const news = (tab, text) => tab.page.locator('.news').getByText(text, { exact: true }).waitFor();

test('the matrix tells of names that others changed, shows them when asked to, and stays where it is', async () => {
  const initech = { ...prod, spaceId: 'initech' };
  const tab = await open('#/e/prod/matrix?all=1&name=SENTRY_DSN');
  const cell = tab.page.getByRole('gridcell', { name: 'SENTRY_DSN, Initech: Overridden v1' });
  const rows = () => tab.page.getByRole('grid').getAttribute('aria-rowcount');
  const before = await rows();
  await toldOf(tab);
  await site.put(initech, 'SENTRY_DSN', 'https://key@sentry/initech', { by: 'admin' }); // in a space alone
  await news(tab, 'Ben changed 1 name just now.');
  await toldOf(tab);
  await site.put(prod, 'SLACK_TOKEN', 'xoxb-matrix', { by: 'admin' });
  await news(tab, 'Ben changed 2 names.');
  assert.equal(await rows(), before);
  assert.equal(await cell.count(), 0);
  assert.equal(await tab.axe(), '');
  await tab.pictures('matrix-changed');
  await tab.page.locator('.news').getByRole('button', { name: 'Show' }).click();
  await cell.waitFor();
  assert.equal(await tab.page.locator('.news').isVisible(), false);
  await toldOf(tab);
  await site.put(prod, 'SLACK_TOKEN', 'xoxb-again', { by: 'admin' });
  await news(tab, 'Ben changed 1 name just now.');
  await tab.page.locator('.news').getByRole('button', { name: 'Show' }).click();
  await tab.page.locator('.news').waitFor({ state: 'hidden' });
  // What it does not show is no news of it.
  await tab.go('#/e/prod/matrix');
  await site.put(prod, 'ELSEWHERE', 'x', { by: 'admin' });
  await toldOf(tab, () => site.put(prod, 'ELSEWHERE', 'y', { by: 'admin' }));
  assert.equal(await tab.page.locator('.news').isVisible(), false);
  await tab.end();
});

test('what a change of many does is nobody else’s while it goes on, nor while one reads what failed', async () => {
  const tab = await open('#/e/prod/matrix?all=1&name=S3_ACCESS_KEY');
  const choose = (name) => tab.page.getByRole('gridcell', { name }).click();
  for (const space of ['Customer Bolt', 'Initech']) await choose(`S3_ACCESS_KEY, ${space}: Inherited`);
  let go;
  let reached;
  const held = new Promise((done) => { go = done; });
  const second = new Promise((done) => { reached = done; });
  let sent = 0;
  await tab.page.route('**/v1/x/batch?*', async (route) => {
    sent += 1;
    if (sent === 1) return route.continue();
    reached();
    await held;
    return route.fulfill({ status: 503, json: { errors: [{ message: 'the store does not answer' }], code: 'unavailable' } });
  });
  await tab.page.locator('.bulk').getByRole('button', { name: 'Hide', exact: true }).click();
  await tab.page.getByLabel('Type Production to go on').fill('Production');
  await tab.agree('Hide in 2 spaces');
  await second;
  const change = () => site.put(prod, 'SLACK_TOKEN', `xoxb-${sent}-${Date.now()}`, { by: 'admin' });
  await toldOf(tab, change);
  assert.equal(await tab.page.locator('.news').isVisible(), false);
  go();
  await tab.page.locator('.bulk').getByText('1 space done, 1 failed').waitFor();
  await toldOf(tab, change);
  assert.equal(await tab.page.locator('.news').isVisible(), false);
  await tab.page.locator('.bulk').getByRole('button', { name: 'Done' }).click();
  await tab.page.getByRole('gridcell', { name: 'S3_ACCESS_KEY, Customer Bolt: Hidden' }).waitFor();
  await toldOf(tab);
  await change();
  await news(tab, 'Ben changed 1 name just now.');
  await tab.end();
});

test('the spaces and the requirements tell what others changed of them, not what they don’t show', async () => {
  const tab = await open('#/e/prod/spaces');
  await toldOf(tab, () => site.put(prod, 'NOT_SEEN_HERE', 'x', { by: 'admin' }));
  assert.equal(await tab.page.locator('.news').isVisible(), false);
  await site.must('POST', `/v1/x/spaces?${query(prod)}`, { name: 'Umbrella', id: 'umbrella' });
  await news(tab, 'Ana changed 1 space just now.');
  assert.equal(await tab.row('umbrella').count(), 0);
  assert.equal(await tab.axe(), '');
  await tab.pictures('spaces-changed');
  await tab.page.locator('.news').getByRole('button', { name: 'Show' }).click();
  await tab.row('umbrella').waitFor();
  assert.equal(await tab.page.locator('.news').isVisible(), false);
  await site.must('DELETE', `/v1/x/spaces?${query({ ...prod, spaceId: 'umbrella' })}`);
  await news(tab, 'Somebody changed 1 space.');
  await tab.page.locator('.news').getByRole('button', { name: 'Show' }).click();
  await tab.row('umbrella').waitFor({ state: 'detached' });
  await toldOf(tab);
  await site.put({ ...prod, spaceId: 'initech' }, 'COUNTED', 'x', { by: 'admin' });
  await news(tab, 'Ben changed 1 space just now.');

  const asks = tab.page.waitForRequest((one) => one.url().includes('/v1/x/watch?') && !one.url().includes('spaces='));
  await tab.go('#/e/prod/requirements');
  const target = `/v1/x/requirements?${query(prod)}`;
  const { requirements } = (await site.must('GET', target)).data;
  await asks;
  await site.must('PUT', target, { requirements: { ...requirements, notifier: [{ name: 'OTHER_TOKEN' }] } });
  await news(tab, 'Ana changed what 1 program needs just now.');
  assert.equal(await tab.page.locator('main').getByText('OTHER_TOKEN').count(), 0);
  await tab.page.locator('.news').getByRole('button', { name: 'Show' }).click();
  await tab.page.locator('main').getByText('OTHER_TOKEN').waitFor();
  await tab.end();
  await site.must('PUT', target, { requirements });
});

test('the environments and the tokens tell what others changed of them', async () => {
  const tab = await open('#/environments');
  await site.must('POST', '/v1/x/environments', { name: 'Preview', id: 'preview' });
  await news(tab, 'Somebody changed 1 environment.');
  assert.equal(await tab.row('preview').count(), 0);
  assert.equal(await tab.axe(), '');
  await tab.pictures('environments-changed');
  const show = () => tab.page.locator('.news').getByRole('button', { name: 'Show' }).click();
  await show();
  await tab.row('preview').waitFor();
  await tab.page.locator('.news').waitFor({ state: 'hidden' });
  await site.must('DELETE', '/v1/x/environments?environmentId=preview');
  await news(tab, 'Somebody changed 1 environment.');
  await show();
  await tab.row('preview').waitFor({ state: 'detached' });

  await tab.go('#/e/staging/tokens');
  const mint = (name) => site.must('POST', '/v1/x/tokens', { name, grants: [{ role: 'service', environmentId: 'staging' }] });
  const one = (await mint('first-listener')).data;
  await news(tab, 'Somebody changed 1 token.');
  assert.equal(await tab.row(one.id).count(), 0);
  await tab.pictures('tokens-changed');
  await show();
  await tab.row(one.id).getByText('not known').waitFor();
  await site.must('DELETE', `/v1/x/tokens?id=${one.id}`);
  const other = (await mint('second-listener')).data;
  await news(tab, 'Somebody changed 2 tokens.');
  await show();
  await tab.row(other.id).waitFor();
  assert.equal(await tab.row(one.id).count(), 0);
  await tab.end();
});

test('the navigation tells of environments that others make, rename and remove; who may not see them hears nothing', async () => {
  const [ana, ben] = [await open('#/e/staging/secrets'), await open('#/e/staging/secrets', { as: 'stagingAdmin' })];
  const told = ana.page.locator('nav .nav-news');
  const said = (text) => told.getByText(text, { exact: true }).waitFor();
  const show = async () => {
    await told.getByRole('button', { name: 'Show' }).click();
    await told.waitFor({ state: 'hidden' });
  };
  const link = (name) => ana.page.locator('nav.side').getByRole('link', { name });
  const tops = () => ana.page.locator('nav.side a').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().top));
  const before = await tops();
  const environments = '/v1/x/environments';
  await site.must('POST', environments, { name: 'Preview', id: 'preview' });
  await said('Somebody changed 1 environment.');
  assert.equal(await link('Preview').count(), 0);
  assert.deepEqual(await tops(), before);
  assert.equal(await ana.axe(), '');
  await ana.pictures('navigation-changed');
  await show();
  await link('Preview').waitFor();
  await site.must('PATCH', `${environments}?environmentId=preview`, { name: 'Trial' });
  await said('Somebody changed 1 environment.');
  await show();
  await link('Trial').waitFor();
  await site.must('DELETE', `${environments}?environmentId=preview`);
  await said('Somebody changed 1 environment.');
  // Where the list itself is read it tells that, alone.
  await ana.go('#/environments');
  await ana.page.locator('main .news').getByText('Somebody changed 1 environment.').waitFor();
  assert.equal(await told.count(), 0);
  await ana.page.locator('main .news').getByRole('button', { name: 'Show' }).click();
  await link('Trial').waitFor({ state: 'detached' });
  const toBen = ben.traffic.filter(({ status, url }) => status && url.includes('/v1/x/environments/watch?'));
  for (const { url, body } of toBen) assert.equal(JSON.parse(body).data.revision, new URL(url).searchParams.get('revision'));
  assert.equal(await ben.page.locator('nav .nav-news').isVisible(), false);
  // What changes nothing that it shows is no news of the navigation.
  await ana.go('#/e/staging/secrets');
  const answers = (tab) => tab.traffic.filter(({ status, url }) => status && url.includes('/v1/x/environments/watch')).length;
  const known = answers(ana);
  await site.put(staging, 'COUNTED_ANEW', 'x');
  while (answers(ana) === known) await pause(20);
  await ana.page.waitForRequest((one) => one.url().includes('/v1/x/environments/watch'));
  assert.equal(await told.isVisible(), false);
  await ana.end();
  await ben.end();
});

test('a tab that nobody sees asks for nothing, and goes on when it is seen', async () => {
  const tab = await open('#/e/staging/secrets');
  const see = (hidden) => tab.page.evaluate((is) => {
    Object.defineProperty(document, 'hidden', { value: is, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
  const watches = (one) => one.url().includes('/watch?');
  while (!tab.traffic.some(({ method, url }) => method && url.includes('/v1/x/watch?'))) await pause(20);
  const ended = tab.page.waitForEvent('requestfailed', watches);
  await see(true);
  await ended;
  await site.put(staging, 'WHILE_UNSEEN', 'x', { by: 'stagingAdmin' });
  await see(false);
  await news(tab, 'Ben changed 1 name.');
  await tab.end();
});

test('what the server knows to be no news of a list is not looked at', async () => {
  const tab = await open('#/environments');
  let generation = 1_000_000;
  await tab.page.route('**/v1/x/watch?*', (route) => route.fulfill({ json: { data: { generation: generation += 1, changed: false, names: [] } } }));
  await tab.go('#/e/prod/spaces');
  const asked = (path) => tab.traffic.filter(({ method, url }) => method && url.includes(path)).length;
  while (asked('/v1/x/watch?') < 4) await pause(20);
  assert.equal(asked('/v1/x/spaces?'), 1);
  assert.equal(await tab.page.locator('.news').isVisible(), false);
  await tab.end();
});

test('who sees but some spaces of an environment is not asked to watch all of it', async () => {
  const sam = await open('#/e/prod/spaces', { as: 'spaceAdmin' });
  await sam.row('acme').waitFor();
  assert.equal(sam.traffic.filter((one) => one.url.includes('/v1/x/watch')).length, 0);
  await sam.end();
});
