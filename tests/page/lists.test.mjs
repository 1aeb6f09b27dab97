// SPDX-License-Identifier: BSL-1.0
// Lists as they load, page, filter, and lose the store: nothing jumps, and what can't be done says why.
import test from 'node:test';
import assert from 'node:assert/strict';
import { open, site } from './here.mjs';
import { acme, prod } from './site.mjs';

const staleNow = async (tab) => {
  await tab.patch('**/v1/x/whoami', (json) => { Object.assign(json.data.server, { stale: true, since: new Date(Date.now() - 120_000).toISOString() }); });
  await tab.patch('**/v1/x/environments', (json) => Object.assign(json, { stale: true, ageMs: 240_000 }));
  await tab.page.reload();
  await tab.settled();
};

test('what is loading has the place that it will have: the first row comes where the first grey one was', async () => {
  for (const hash of ['#/e/prod/secrets', '#/e/prod/s/acme/secrets']) {
    const tab = await open('#/environments');
    let go;
    const held = new Promise((resolve) => { go = resolve; });
    await tab.page.route('**/v1/x/secrets?*', async (route) => { await held; await route.continue(); });
    await tab.page.evaluate((to) => { location.hash = to; }, hash);
    await tab.page.locator('.grey-row').first().waitFor({ state: 'attached' });
    const grey = (await tab.page.locator('.grey-row').first().boundingBox()).y;
    const create = tab.page.getByRole('button', { name: 'New secret' });
    const before = await create.boundingBox();
    assert.equal(await create.getAttribute('aria-disabled'), 'true');
    await tab.pictures(hash.includes('acme') ? 'loading-space' : 'loading-environment');
    go();
    await tab.row('DB_URL').waitFor();
    assert.ok(Math.abs((await tab.page.locator('main tbody tr').first().boundingBox()).y - grey) < 1, hash);
    const after = await tab.page.getByRole('button', { name: 'New secret' }).boundingBox();
    assert.deepEqual([Math.round(after.x), Math.round(after.y)], [Math.round(before.x), Math.round(before.y)]);
    await tab.end();
  }
});

test('so have tokens, programs, keys, spaces and activity', async () => {
  for (const [hash, asked, first] of [['#/e/prod/tokens', 'tokens', 'main tbody tr'], ['#/e/prod/requirements', 'requirements', 'main .card:not(.grey-row)'],
    ['#/e/prod/keys', 'keys', 'main tbody tr'], ['#/e/prod/spaces', 'spaces', 'main tbody tr'], ['#/e/prod/activity', 'audit', 'main tbody tr']]) {
    const tab = await open('#/environments');
    let go;
    const held = new Promise((resolve) => { go = resolve; });
    await tab.page.route(`**/v1/x/${asked}?*`, async (route) => { await held; await route.continue(); });
    await tab.page.evaluate((to) => { location.hash = to; }, hash);
    // In one step: rows are drawn anew once names are known.
    const placeOf = async (selector) => (await tab.page.waitForFunction((one) => {
      const box = document.querySelector(one)?.getBoundingClientRect();
      return box?.height > 0 && { x: box.x, y: box.y };
    }, selector)).jsonValue();
    const grey = await placeOf('.grey-row');
    go();
    const row = await placeOf(first);
    assert.ok(Math.abs(row.y - grey.y) < 1, `${hash}: ${grey.y} and then ${row.y}`);
    assert.ok(Math.abs(row.x - grey.x) < 1, `${hash}: ${grey.x} and then ${row.x}`);
    await tab.end();
  }
});

test('a page that waits for its first answer says so, and can be told not to', async () => {
  let go;
  const held = new Promise((resolve) => { go = resolve; });
  const tab = await open('#/environments', { ready: false, init: (page) => page.route('**/v1/x/environments', async (route) => { await held; await route.continue(); }) });
  await tab.page.locator('.grey-row').first().waitFor({ state: 'attached' });
  await tab.page.getByText('Still waiting for the store').waitFor();
  assert.equal(await tab.axe(), '');
  await tab.picture('first-answer-awaited');
  await tab.page.getByRole('button', { name: 'Cancel' }).click();
  await tab.page.getByRole('heading', { name: 'Not loaded' }).waitFor();
  go();
  await tab.page.getByRole('button', { name: 'Try again' }).click();
  await tab.row('prod').waitFor();
  await tab.end();
});

test('who tries again after a failure waits over grey rows alone, not over those of the last answer', async () => {
  for (const [hash, where, name] of [['#/e/prod/secrets', prod, 'S3_ACCESS_KEY'], ['#/e/prod/s/acme/secrets', acme, 'ACME_SFTP_KEY']]) {
    const tab = await open(hash);
    await tab.row(name).waitFor();
    await site.put(where, name, `of-${hash}`);
    await tab.page.locator('.news').getByRole('button', { name: 'Show' }).waitFor();
    await tab.page.route('**/v1/x/secrets?*', (route) => route.fulfill({ status: 503, json: { code: 'unavailable', errors: [{ message: 'the store is away' }] } }));
    await tab.page.locator('.news').getByRole('button', { name: 'Show' }).click();
    await tab.page.locator('main .panel.error').waitFor();
    await tab.page.unrouteAll();
    let go;
    const held = new Promise((resolve) => { go = resolve; });
    await tab.page.route('**/v1/x/secrets?*', async (route) => { await held; await route.continue(); });
    await tab.page.getByRole('button', { name: 'Try again' }).click();
    await tab.page.locator('.grey-row').first().waitFor({ state: 'attached' });
    assert.equal(await tab.page.locator('main [data-row]').count(), 0, hash);
    go();
    await tab.row(name).waitFor();
    await tab.end();
  }
});

test('tokens, programs and environments are filtered as names are', async () => {
  for (const person of ['deploy', 'service', 'admin']) await site.tokenOf(person);
  for (const [hash, label, [typed, left], [mistyped, meant], all] of [
    ['#/e/prod/tokens', 'Filter tokens', ['DEPLOY', ['deploy-bot']], ['deplyo-bot', 'deploy-bot'], 'listener'],
    ['#/e/prod/tokens', 'Filter tokens', ['environment admin', ['Ana', 'Ben']], ['listner', 'listener'], 'deploy-bot'],
    ['#/e/prod/requirements', 'Filter programs, names', ['notif', ['notifier']], ['biling', 'billing'], 'notifier'],
    ['#/e/prod/requirements', 'Filter programs, names', ['stripe', ['billing']], ['SLAKC_TOKEN', 'SLACK_TOKEN'], 'billing'],
    ['#/environments', 'Filter environments', ['stag', ['Staging']], ['prodction', 'Production'], 'Staging'],
  ]) {
    const tab = await open(hash);
    const filter = tab.page.getByLabel(label);
    const shown = () => tab.page.locator('main [data-row]').locator('.what .name, h2').allInnerTexts();
    const before = await shown();
    assert.ok(before.length > 1 && before.some((one) => one.includes(all)), before.join());
    await tab.page.keyboard.press('/');
    await filter.pressSequentially(typed);
    assert.deepEqual((await shown()).map((one) => one.split('\n')[0].replace(/ ?PROD$/, '')), left);
    await tab.page.waitForFunction((text) => decodeURIComponent(location.hash.replaceAll('+', ' ')).endsWith(`filter=${text}`), typed);
    await filter.fill(mistyped);
    await tab.page.getByText(`contains “${mistyped}”`).waitFor();
    assert.equal(await tab.axe(), '');
    await tab.pictures(`filtered-${hash.split('/').at(-1)}`);
    await tab.page.getByRole('button', { name: meant, exact: true }).click();
    assert.equal(await filter.inputValue(), meant);
    assert.ok((await shown()).length > 0);
    await filter.fill('qqqqqqqq');
    await tab.page.getByText('contains “qqqqqqqq”').waitFor();
    assert.equal(await tab.page.getByText('Did you mean').count(), 0);
    await tab.page.getByRole('button', { name: 'Clear filter' }).click();
    assert.equal(await filter.inputValue(), '');
    assert.deepEqual(await shown(), before);
    await tab.end();
  }
});

test('who filters environments goes on typing when there is another', async () => {
  const tab = await open('#/environments');
  const filter = tab.page.getByLabel('Filter environments');
  await filter.pressSequentially('sta');
  await site.must('POST', '/v1/x/environments', { name: 'Stable', id: 'stable' });
  await tab.page.locator('.news').getByRole('button', { name: 'Show' }).waitFor();
  await tab.page.evaluate(() => document.querySelector('.news button').dispatchEvent(new MouseEvent('click', { bubbles: true })));
  await tab.row('stable').waitFor();
  await filter.pressSequentially('b');
  assert.equal(await filter.inputValue(), 'stab');
  assert.deepEqual(await tab.page.locator('main [data-row]').evaluateAll((all) => all.map((one) => one.dataset.row)), ['stable']);
  await site.must('DELETE', '/v1/x/environments?environmentId=stable');
  await tab.end();
});

test('while the store is away nothing is offered that would be saved', async () => {
  const tab = await open('#/environments');
  await staleNow(tab);
  assert.match(await tab.text('main .stale'), /^As of \d\d:\d\d:\d\d \(4 min ago\)/);
  for (const [hash, names] of [['#/environments', ['New environment']], ['#/e/prod/spaces', ['New space']], ['#/e/prod/tokens', ['New token']], ['#/e/prod/keys', ['Rewrap', 'Rotate the data key…']],
    ['#/e/prod/requirements', ['Add a program', 'Edit']], ['#/e/prod/general', ['Change…', 'Remove environment…']], ['#/e/prod/s/acme/overview', ['Rename…']]]) {
    await tab.go(hash);
    for (const name of names) {
      const button = tab.page.getByRole('main').getByRole('button', { name }).first();
      assert.equal(await button.getAttribute('title'), 'The store does not answer: saving is off', `${hash} ${name}`);
    }
  }
  await tab.end();
});

test('a button that can’t be used says why to who presses it', async () => {
  const tab = await open('#/environments', { as: 'admin', width: 375 });
  await tab.page.getByRole('main').getByRole('button', { name: 'New environment' }).click({ force: true });
  await tab.page.locator('.told').getByText('Making an environment needs the role operator').waitFor();
  await tab.picture('reason-told');
  await tab.end();
});

test('the next page of spaces begins at its first row', async () => {
  for (let i = 0; i < 205; i += 1) await site.must('POST', '/v1/x/spaces?environmentId=staging', { name: `Tenant ${i}`, id: `t${i}` });
  const tab = await open('#/e/staging/spaces');
  await tab.page.getByRole('button', { name: 'Next' }).click();
  await tab.page.getByText('Page 2 of 3').waitFor();
  await tab.settled();
  assert.equal(await tab.page.evaluate(() => scrollY), 0);
  assert.equal(await tab.focusKey(), 'next');
  await tab.end();
});

test('spaces: what was probably meant, of all that there are', async () => {
  // More than a page of spaces stand before it.
  await site.must('POST', '/v1/x/spaces?environmentId=staging', { name: 'Umbrella', id: 'umb' });
  const tab = await open('#/e/staging/spaces');
  await tab.page.getByText('Page 1 of 3').waitFor();
  assert.equal(await tab.row('umb').count(), 0);
  const filter = tab.page.getByLabel('Filter spaces');
  await filter.fill('umbrelal');
  await tab.page.getByText('No space contains').waitFor();
  await tab.pictures('spaces-nothing-found');
  await tab.page.getByRole('button', { name: 'Umbrella' }).click();
  await tab.row('umb').waitFor();
  assert.equal(await filter.inputValue(), 'Umbrella');
  await filter.fill('qqqqqqqq');
  await tab.page.getByText('contains “qqqqqqqq”').waitFor();
  assert.equal(await tab.page.getByText('Did you mean').count(), 0);
  await tab.end();
});

test('the navigation counts what is shown', async () => {
  const tab = await open('#/e/prod/secrets');
  const counted = tab.page.locator('.nav-link', { hasText: 'Secrets' }).locator('.nav-note');
  const before = Number(await tab.text(counted));
  await site.put(prod, 'ONE_MORE', 'v', { by: 'admin' });
  await tab.page.locator('.news').getByRole('button', { name: 'Show' }).click();
  await tab.row('ONE_MORE').waitFor();
  await tab.page.waitForFunction((n) => [...document.querySelectorAll('.nav-link')].some((one) => one.textContent === `Secrets${n}`), before + 1);
  await tab.end();
});

test('rows stay, dimmed, while they are asked for anew', async () => {
  const tab = await open('#/e/prod/secrets');
  let go;
  const held = new Promise((resolve) => { go = resolve; });
  await site.put(prod, 'DIMMED', 'v', { by: 'admin' });
  const show = tab.page.locator('.news').getByRole('button', { name: 'Show' });
  await show.waitFor();
  await tab.page.route('**/v1/x/secrets?*', async (route) => { await held; await route.continue(); });
  await show.click();
  const dimmed = tab.page.locator('main .live.dimmed');
  await dimmed.waitFor();
  assert.ok(await dimmed.locator('[data-row=DB_URL]').isVisible());
  assert.equal(await tab.page.locator('.grey-row').count(), 0);
  assert.ok(Number(await tab.row('DB_URL').evaluate((row) => { let o = 1; for (let e = row; e; e = e.parentElement) o *= Number(getComputedStyle(e).opacity); return o; })) < 1);
  go();
  await tab.row('DIMMED').waitFor();
  await dimmed.waitFor({ state: 'detached' });
  await tab.end();
});

test('a filter shows fewer of the rows that are there, and makes none', async () => {
  const tab = await open('#/e/prod/secrets');
  const drawn = await tab.row('DB_URL').elementHandle();
  await tab.page.getByLabel('Filter names, notes').fill('db');
  await tab.page.waitForFunction(() => document.querySelectorAll('main tbody tr').length === 1);
  assert.ok(await drawn.evaluate((row) => row.isConnected));
  assert.equal(await tab.page.locator('main table').getAttribute('aria-rowcount'), '2');
  await tab.page.getByLabel('Filter names, notes').fill('');
  assert.ok(await tab.page.locator('main tbody tr').count() > 4);
  assert.ok(await drawn.evaluate((row) => row.isConnected));
  await tab.end();
});

test('who has a space alone is led nowhere that they may not go', async () => {
  const tab = await open('#/e/prod/s/acme/secrets', { as: 'spaceAdmin' });
  for (const link of [tab.page.locator('.crumbs a').first(), tab.page.locator('main .about a').first()]) {
    await tab.go('#/e/prod/s/acme/secrets');
    await link.click();
    await tab.page.getByRole('heading', { name: 'Spaces of' }).waitFor();
    await tab.row('acme').waitFor();
  }
  await tab.go('#/e/prod/s/acme/secrets');
  await tab.row('DB_URL').locator('button.name').click();
  await tab.page.locator('dialog').getByRole('button', { name: 'Copy name' }).waitFor();
  assert.equal(await tab.page.locator('dialog').getByRole('link', { name: 'Activity' }).count(), 0);
  await tab.end();
});
