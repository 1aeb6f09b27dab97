// SPDX-License-Identifier: BSL-1.0
// Names that attack: markup, scripts, right-to-left, emoji, very long, equal but for case. They are
// shown as the text that they are.
import test from 'node:test';
import assert from 'node:assert/strict';
import { browser, open, site } from './here.mjs';

const names = ['<img src=x onerror=alert(1)>', '"><script>alert(1)</script>', 'javascript:alert(1)', '${alert(1)}{{7*7}}',
  'שלום_RTL', '\u202egnp.exe', '🔑_EMOJI', 'same_name', 'SAME_NAME', 'x'.repeat(1024), 'with space & ? # / % + =', '__proto__', 'constructor'];

test('hostile names, notes, spaces and environments are text on every screen', async () => {
  for (const name of names) await site.put({ environmentId: 'staging' }, name, 'v', { note: name.slice(0, 200) });
  await site.must('POST', '/v1/x/spaces?environmentId=staging', { name: names[0], id: 'hostile' });
  await site.must('PATCH', '/v1/x/environments?environmentId=staging', { name: names[1] });
  await site.must('PUT', '/v1/x/requirements?environmentId=staging', { requirements: { [names[0]]: [{ name: names[1] }, { name: '<b>missing</b>' }] } });
  const tab = await open('#/e/staging/secrets');
  const shown = await tab.page.locator('main button.name').allInnerTexts();
  for (const name of names) assert.ok(shown.includes(name), `not shown as it is: ${name.slice(0, 40)}`);
  for (const hash of ['#/environments', '#/e/staging/secrets', '#/e/staging/spaces', '#/e/staging/matrix', '#/e/staging/matrix?all=1', '#/e/staging/requirements', '#/e/staging/activity', '#/e/staging/tokens',
    '#/e/staging/s/hostile/secrets', '#/e/staging/s/hostile/overview', `#/search?q=${encodeURIComponent('<')}`, `#/search?q=${encodeURIComponent(names[1])}`]) {
    await tab.go(hash);
    assert.equal(await tab.page.locator('main img, main script, main iframe, main b').count(), 0, hash);
    const [wide, window] = await tab.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(wide <= window, `${hash} is pushed wide: ${wide} > ${window}`);
  }
  await tab.end();
});

test('hostile spaces, by name and by id, are text and can be worked with', async () => {
  const spaces = names.slice(0, 9).map((name, i) => ({ name, id: ['<b>id<b>', '"><i>id', '\'&amp;', 'שלום', '__proto__', 'constructor', '%2e%2e', '..', '🔑'][i] }));
  const taken = [];
  for (const space of spaces) {
    const answer = await site.ask('POST', '/v1/x/spaces?environmentId=staging', { body: space });
    if (answer.status === 200) taken.push(space);
    else assert.equal(answer.status, 400, space.id);
  }
  assert.ok(taken.length >= 2, `only ${taken.length} of the ids are allowed`);
  const tab = await open('#/e/staging/spaces');
  for (const { name, id } of taken) {
    assert.match(await tab.text(tab.row(id.replace(/["\\]/g, '\\$&'))), new RegExp(id.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')));
    await tab.go(`#/e/staging/s/${encodeURIComponent(id)}/secrets`);
    assert.equal(await tab.page.locator('main h1 bdi').innerText(), name);
    assert.equal(await tab.page.locator('main :is(img, script, b, i)').count(), 0, id);
    await tab.go('#/e/staging/spaces');
  }
  // The matrix and the details of a cell of it, whose note attacks as well.
  const [{ id }] = taken;
  await site.put({ environmentId: 'staging' }, names[0], 'v');
  await site.put({ environmentId: 'staging', spaceId: id }, names[0], 'v', { note: '<img src=x onerror=alert(4)>' });
  await tab.go(`#/e/staging/matrix?all=1&name=${encodeURIComponent(names[0])}`);
  await tab.page.getByRole('gridcell', { name: `${names[0]}, ${taken[0].name}: Overridden v1` }).click();
  await tab.page.locator('.bulk').getByRole('button', { name: 'Details' }).click();
  await tab.page.locator('dialog .layers').getByText('<img src=x onerror=alert(4)>').waitFor();
  assert.equal(await tab.page.locator('body :is(img, script:not([src]), iframe, b, i)').count(), 0);
  await tab.end();
});

test('hostile names can be opened, changed and undone', async () => {
  const tab = await open('#/e/staging/s/hostile/secrets');
  for (const name of names) {
    const row = tab.page.locator('main [data-row]').and(tab.page.locator(`[data-row=${JSON.stringify(name)}]`));
    await row.locator('button.name').click();
    await tab.page.locator('dialog .layers').waitFor();
    assert.equal(await tab.page.locator('dialog h2 bdi').first().innerText(), name);
    await tab.page.locator('dialog .drawer-actions').getByText('Hide here').click();
    await tab.page.locator('dialog .drawer-actions').getByText('Show again').click();
    await tab.page.locator('dialog .drawer-actions').getByText('Hide here').waitFor();
    await tab.page.keyboard.press('Escape');
    await tab.page.waitForSelector('dialog', { state: 'detached' });
  }
  await tab.picture('hostile');
  assert.equal(await tab.axe(), '');
  await tab.end();
});

test('hostile names are text in the dialogs too: set, preview, paste, undo', async () => {
  const tab = await open('#/e/staging/s/hostile/secrets');
  const name = names[1];
  const row = tab.page.locator(`main [data-row=${JSON.stringify(name)}]`);
  const nothing = async (where) => assert.equal(await tab.page.locator(':is(dialog, .undo-bar) :is(img, script, iframe, b, i)').count(), 0, where);
  await row.getByText('Override').click();
  assert.match(await tab.text('dialog h2'), /Override "><script>alert\(1\)<\/script> in <img src=x onerror=alert\(1\)>/);
  assert.match(await tab.text('dialog .preview'), /"><script>alert\(1\)<\/script> v1 becomes its own v(\d|alue)/);
  await nothing('set');
  await tab.page.locator('dialog .value').first().fill('v');
  await tab.page.keyboard.press('Control+Enter');
  await tab.undoBar().filter({ hasText: `${name} overridden in ${names[0]}` }).waitFor();
  await nothing('undo');
  await row.getByText(`Use ${name}’s value again`).click(); // the environment is called so as well
  await nothing('confirmation');
  await tab.page.getByRole('dialog').getByRole('button', { name: `Use ${name}’s value again` }).click();
  await tab.undoBar().filter({ hasText: 'value of' }).waitFor();
  await tab.page.getByRole('button', { name: 'Paste .env' }).click();
  await tab.page.locator('dialog textarea').fill(`${names[0]}=1\n__proto__=2\n<b>bold</b>=<i>value</i>\n`);
  await tab.page.locator('.paste-table').getByText('<b>bold</b>').waitFor();
  await nothing('paste');
  await tab.page.getByRole('button', { name: 'Save' }).click();
  await tab.undoBar().filter({ hasText: 'saved in' }).waitFor();
  await tab.end();
});

test('people, tokens, actors and reasons with hostile names are text', async () => {
  const evil = '<img src=x onerror=alert(2)>';
  const { data: { token } } = await site.must('POST', '/v1/x/tokens', { name: evil, grants: [{ role: 'env-admin', environmentId: 'staging' }, { role: 'service', environmentId: 'staging', names: ['<b>*'] }] });
  const session = (await site.ask('POST', '/v1/x/session', { token, body: {}, headers: { 'sec-fetch-site': 'same-origin' } })).json.data;
  for (const where of [{ environmentId: 'staging' }, { environmentId: 'staging', actorId: '<b>actor</b>' }])
    assert.equal((await site.ask('PUT', `/v1/x/secret?${new URLSearchParams({ ...where, name: 'BY_EVIL' })}`, { token, body: { value: 'v', note: '<i>note</i>' } })).status, 200);
  const tab = await browser.open(site.url, { session, at: '#/e/staging/secrets?show=BY_EVIL' });
  assert.match(await tab.text('dialog .layers'), /by <img src=x onerror=alert\(2\)> <i>note<\/i>/);
  await tab.page.keyboard.press('Escape');
  await tab.page.locator('.user').click();
  assert.equal(await tab.text('.menu-name'), evil);
  await tab.page.keyboard.press('Escape');
  for (const [hash, text] of [['#/e/staging/tokens', '<b>*'], ['#/e/staging/activity?name=BY_EVIL', evil], ['#/e/staging/secrets', evil]]) {
    await tab.go(hash);
    await tab.page.locator('main').getByText(text).first().waitFor();
    assert.equal(await tab.page.locator('body :is(img, script:not([src]), iframe, b, i)').count(), 0, hash);
  }
  await tab.end();
});

test('what a server says of an error is text, whatever it says', async () => {
  const tab = await open('#/environments');
  await tab.page.route('**/v1/x/secrets?*', (route) => route.fulfill({ status: 503, headers: { 'x-request-id': '<i>id</i>' }, json: { errors: [{ message: '<img src=x onerror=alert(3)>' }], code: '<b>code</b>' } }));
  await tab.go('#/e/staging/secrets');
  assert.match(await tab.text('.panel.error'), /<img src=x onerror=alert\(3\)>.*<b>code<\/b>.*<i>id<\/i>/);
  assert.equal(await tab.page.locator('main :is(img, b, i)').count(), 0);
  await tab.page.unroute('**/v1/x/secrets?*');
  await tab.page.route('**/v1/x/keys?*', (route) => route.fulfill({ json: { data: [{ kekId: '<b>kek</b>', state: '<i>odd</i>', environments: [{ id: '<u>env</u>', dek: 1, seals: 2 }] }] } }));
  await tab.go('#/e/staging/keys');
  assert.match(await tab.text('.keys-rows'), /<b>kek<\/b> <i>odd<\/i>/);
  assert.equal(await tab.page.locator('main :is(b, i, u)').count(), 0);
  await tab.end();
});

test('a hostile address leads nowhere', async () => {
  const tab = await open('#/environments');
  for (const hash of ['#/e/%E0%A4%A/secrets', '#/e/<img src=x>/secrets', '#/e/prod/__proto__', '#/constructor', '#/e/prod/s/%2e%2e/secrets', '#/e/prod/secrets?show=<script>&group=__proto__']) {
    await tab.go(hash);
    assert.equal(await tab.page.locator('main img, main script').count(), 0, hash);
  }
  await tab.end();
});
