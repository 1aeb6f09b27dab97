// SPDX-License-Identifier: BSL-1.0
// The matrix: sparse, by keyboard, and with changes of a selection. How large it may be: budget.test.mjs.
import test from 'node:test';
import assert from 'node:assert/strict';
import { open, served, site } from './here.mjs';
import { acme, bolt } from './site.mjs';

// Answers the question of the bulk bar; in production its name is typed, and the count of many.
async function agree(tab, label, typed = 'Production') {
  const dialog = tab.page.getByRole('alertdialog');
  const yes = dialog.getByRole('button', { name: label });
  assert.equal(await yes.getAttribute('aria-disabled'), 'true');
  await dialog.getByLabel(`Type ${typed} to go on`).fill(typed);
  await yes.click();
}
// How an environment has a name.
const of = (version, state = 'value') => ({ state, version });
// A matrix as the test says it is, of spaces s0… and the names that it has.
const made = (tab, { names = ['A_NAME'], parent = names.map(() => of(2)), spaces = 30, cells, rights = ['list', 'write'], totals = {} }) => tab.page.route('**/v1/x/matrix?*', (route) => route.fulfill({
  json: { data: { spaces: Array.from({ length: spaces }, (_, i) => ({ id: `s${i}`, name: `Customer ${i}`, ...(i < 2 && { write: true }) })), names, parent, generation: 7, rights,
    cells: cells ?? Array.from({ length: spaces }, (_, s) => [s, 0, 'overridden', 1, 0]), totals: { spaces, names: names.length, over: 0, hidden: 0, ...totals } } },
}));

test('the matrix ends where its columns end, and is no wider than the screen', async () => {
  const tab = await open('#/e/prod/matrix?all=1&name=SENTRY_DSN');
  const sizes = () => tab.page.getByRole('grid').evaluate((grid) => [grid.clientWidth, grid.scrollWidth, [...grid.querySelectorAll('.grid-head .grid-cell')].reduce((sum, one) => sum + one.offsetWidth, 0)]);
  const [width, content, columns] = await sizes();
  assert.deepEqual([width, content], [columns, columns]);
  await made(tab, { names: Array.from({ length: 40 }, (_, i) => `N_${i}`) });
  await tab.go('#/e/prod/matrix?all=1');
  const [shown, all] = await sizes();
  assert.ok(all > shown, `${all} > ${shown}`);
  assert.ok(await tab.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  await tab.end();
});

test('what differs is shown, the details opened and the environment’s value used again in a selection', async () => {
  const tab = await open('#/e/prod/matrix');
  const grid = tab.page.getByRole('grid');
  await grid.locator('[data-r="1"][data-c="0"]').waitFor();
  assert.match(await tab.page.getByRole('row').nth(1).innerText(), /Production/);
  const cell = (text) => grid.getByRole('gridcell', { name: text });
  await cell('SLACK_TOKEN, Customer Acme: Overridden v1, older').click();
  await cell('SLACK_TOKEN, Customer Bolt: Overridden v1').click();
  assert.match(await tab.text('.bulk'), /selected: 2 cells/);
  assert.equal(await tab.axe(), '');
  await tab.page.locator('.bulk').getByRole('button', { name: 'Use Production’s value again' }).click();
  assert.equal(await tab.axe(), '');
  await tab.picture('bulk');
  assert.match(await tab.text('.bulk-preview'), /Customer Acme SLACK_TOKEN its own v1 becomes Production v2 Customer Bolt SLACK_TOKEN its own v1 becomes Production v2/);
  await agree(tab, 'Use Production’s value again in 2 spaces');
  await tab.undoBar().filter({ hasText: '2 spaces done' }).waitFor();
  const { data: log } = await site.must('GET', '/v1/x/audit?environmentId=prod&what=secrets.change');
  assert.deepEqual(log.map((one) => [one.spaceId, one.name, one.result]), [['bolt', 'SLACK_TOKEN', 'ok'], ['acme', 'SLACK_TOKEN', 'ok']]); // one a space
  await tab.page.locator('.bulk').waitFor({ state: 'hidden' }); // and the cells are as they are now
  await tab.settled();
  assert.equal(await cell('SLACK_TOKEN, Customer Bolt: Overridden v1').count(), 0);
  await tab.page.locator('.undo-bar').getByRole('button', { name: 'Undo' }).click();
  await tab.undoBar().filter({ hasText: 'Undo “Use Production’s value again”: 2 spaces done' }).waitFor();
  assert.deepEqual([(await served(acme)).SLACK_TOKEN, (await served(bolt)).SLACK_TOKEN], ['xoxb-acme', 'xoxb-bolt']);
  await tab.end();
});

test('a change of many can be stopped, goes on where it stopped, and ends with what failed', async () => {
  const tab = await open('#/environments');
  await made(tab, {});
  const asked = [];
  let go;
  let reached;
  const hold = new Promise((resolve) => { go = resolve; });
  const held = new Promise((resolve) => { reached = resolve; });
  await tab.page.route('**/v1/x/batch?*', async (route) => {
    const id = new URL(route.request().url()).searchParams.get('spaceId');
    assert.deepEqual(route.request().postDataJSON(), { remove: [{ name: 'A_NAME', ifVersion: 1 }] });
    asked.push(id);
    if (Number(id.slice(1)) % 2 === 1 && Number(id.slice(1)) > 2) return route.fulfill({ status: 409, json: { errors: [{ message: 'changed meanwhile' }], code: 'conflict', data: { name: 'A_NAME', setBy: 'Ben', version: 2 } } });
    if (asked.length === 7) {
      reached();
      await hold;
    }
    return route.fulfill({ json: { data: [{ name: 'A_NAME', version: 2 }] } });
  });
  await tab.go('#/e/prod/matrix');
  await tab.page.locator('[data-r="1"][data-c="0"]').focus();
  for (let i = 0; i < 30; i += 1) await tab.page.keyboard.press('Shift+ArrowDown');
  assert.match(await tab.text('.bulk'), /selected: 30 cells/);
  await tab.page.locator('.bulk').getByRole('button', { name: 'Use Production’s value again' }).click();
  await agree(tab, /in 30 spaces/, 'Production 30');
  await held;
  await tab.page.locator('.bulk').getByText(/of 30/).waitFor();
  await tab.page.getByRole('button', { name: 'Stop' }).click();
  go();
  await tab.page.locator('.bulk').getByText('5 spaces done, 2 failed, 23 not begun').waitFor();
  await tab.page.getByRole('button', { name: 'Go on' }).click();
  await tab.page.locator('.bulk').getByText('16 spaces done, 14 failed').waitFor();
  const failures = await tab.page.locator('.failures li').allInnerTexts();
  assert.equal(failures.length, 14);
  for (const one of failures) assert.match(one, /^Customer \d*[13579]: A_NAME: Ben set v2 meanwhile/);
  assert.equal(await tab.axe(), '');
  await tab.picture('bulk-failures');
  assert.equal(new Set(asked).size, 30);
  assert.equal(asked.length, 30);
  await tab.end();
});

// The button of the bar above the matrix, and why it can't be pressed.
const bulkButton = (tab, name) => tab.page.locator('.bulk').getByRole('button', { name });
const whyNot = async (tab, name) => (await bulkButton(tab, name).getAttribute('aria-disabled') === 'true' ? bulkButton(tab, name).getAttribute('title') : undefined);
const choose = (tab, name) => tab.page.getByRole('grid').getByRole('gridcell', { name }).click();
const again = 'Use Production’s value again';

test('a value that is only here is not given up for one that is not there', async () => {
  await site.put(bolt, 'SLACK_TOKEN', 'xoxb-bolt');
  const tab = await open('#/e/prod/matrix');
  await choose(tab, 'ACME_SFTP_KEY, Customer Acme: Only here v1');
  assert.match(await whyNot(tab, again), /None of them replaces a value of Production/);
  await choose(tab, /^SLACK_TOKEN, Customer Bolt: Overridden/);
  await bulkButton(tab, again).click();
  await agree(tab, `${again} in 1 space`);
  await tab.undoBar().filter({ hasText: '1 space done' }).waitFor();
  assert.equal((await served(acme)).ACME_SFTP_KEY, 'sftp-1');
  assert.equal((await served(bolt)).SLACK_TOKEN, 'xoxb-1');
  await tab.end();
});

test('an override that is newer than what is shown stays', async () => {
  await site.put(bolt, 'SLACK_TOKEN', 'xoxb-bolt');
  const tab = await open('#/e/prod/matrix');
  await choose(tab, /^SLACK_TOKEN, Customer Bolt: Overridden/);
  await site.put(bolt, 'SLACK_TOKEN', 'xoxb-newer', { by: 'admin' });
  await bulkButton(tab, again).click();
  await agree(tab, `${again} in 1 space`);
  await tab.page.locator('.bulk').getByText('0 spaces done, 1 failed').waitFor();
  assert.match(await tab.text('.failures'), /Customer Bolt: SLACK_TOKEN: Ben set v\d+ meanwhile/);
  assert.equal((await served(bolt)).SLACK_TOKEN, 'xoxb-newer');
  await tab.end();
});

test('several names of one space are changed in one write, all or none, and taken back in one', async () => {
  await site.put(bolt, 'SLACK_TOKEN', 'xoxb-bolt');
  await site.put(bolt, 'DB_URL', 'postgres://bolt');
  const tab = await open('#/e/prod/matrix');
  const writes = [];
  tab.page.on('request', (one) => {
    if (one.method() !== 'GET') writes.push(`${new URL(one.url()).pathname} ${Object.keys(one.postDataJSON() ?? {})}`);
  });
  const both = async () => {
    for (const name of ['SLACK_TOKEN', 'DB_URL']) await choose(tab, new RegExp(`^${name}, Customer Bolt: Overridden`));
    await bulkButton(tab, again).click();
  };
  await both();
  await agree(tab, `${again} in 1 space`);
  await tab.undoBar().filter({ hasText: '1 space done' }).waitFor();
  await tab.page.locator('.undo-bar').getByRole('button', { name: 'Undo' }).click();
  await tab.undoBar().filter({ hasText: 'Undo “Use Production’s value again”: 1 space done' }).waitFor();
  assert.deepEqual(writes, ['/v1/x/batch remove', '/v1/x/batch undelete']);
  const mine = async () => { const now = await served(bolt); return [now.SLACK_TOKEN, now.DB_URL]; };
  assert.deepEqual(await mine(), ['xoxb-bolt', 'postgres://bolt']);
  await tab.page.locator('.bulk').waitFor({ state: 'hidden' });
  await tab.settled();
  await both();
  await site.put(bolt, 'DB_URL', 'postgres://newer', { by: 'admin' });
  await agree(tab, `${again} in 1 space`);
  await tab.page.locator('.bulk').getByText('0 spaces done, 1 failed').waitFor();
  assert.match(await tab.text('.failures'), /Customer Bolt: DB_URL: Ben set v\d+ meanwhile/);
  assert.deepEqual(await mine(), ['xoxb-bolt', 'postgres://newer']);
  await tab.end();
});

test('who may not change values, or while the store is away, is told so in the place of failures', async () => {
  const auditor = await open('#/e/prod/matrix', { as: 'auditor' });
  await choose(auditor, 'BETA_KEY, Customer Acme: Hidden');
  for (const name of [again, 'Hide', 'Show again']) assert.match(await whyNot(auditor, name), /Changing Production needs the role environment admin/, name);
  assert.match(await auditor.text('.bulk'), /Changing Production needs the role environment admin$/);
  assert.equal(await auditor.axe(), '');
  await auditor.end();
  const tab = await open('#/environments');
  await tab.patch('**/v1/x/matrix?*', (json) => { json.data.stale = true; json.data.ageMs = 5000; });
  await tab.go('#/e/prod/matrix');
  await choose(tab, 'BETA_KEY, Customer Acme: Hidden');
  for (const name of [again, 'Hide', 'Show again']) assert.match(await whyNot(tab, name), /The store does not answer: saving is off/, name);
  await tab.end();
});

test('who may change some spaces changes those, and is told which of a selection are not theirs', async () => {
  const tab = await open('#/environments', { as: 'auditor' });
  await made(tab, { rights: ['list', 'audit'] });
  const asked = [];
  await tab.page.route('**/v1/x/batch?*', (route) => {
    asked.push(new URL(route.request().url()).searchParams.get('spaceId'));
    return route.fulfill({ json: { data: [{ name: 'A_NAME', version: 2 }] } });
  });
  await tab.go('#/e/prod/matrix');
  await choose(tab, 'A_NAME, Customer 0: Overridden v1');
  await choose(tab, 'A_NAME, Customer 1: Overridden v1');
  assert.equal(await whyNot(tab, again), undefined);
  await choose(tab, 'A_NAME, Customer 2: Overridden v1');
  assert.match(await whyNot(tab, again), /Changing Customer 2 needs the role space admin/);
  await choose(tab, 'A_NAME, Customer 2: Overridden v1');
  await bulkButton(tab, again).click();
  await agree(tab, `${again} in 2 spaces`);
  await tab.undoBar().filter({ hasText: '2 spaces done' }).waitFor();
  assert.deepEqual(asked, ['s0', 's1']);
  await tab.end();
});

test('Shift selects up to there, a whole row and a whole column, by press and by key', async () => {
  const tab = await open('#/environments');
  const names = ['A_NAME', 'B_NAME', 'C_NAME'];
  await made(tab, { names, cells: Array.from({ length: 30 }, (_, s) => names.map((_name, n) => [s, n, 'overridden', 1, 0])).flat() });
  await tab.go('#/e/prod/matrix');
  const at = (r, c) => tab.page.locator(`.grid [data-r="${r}"][data-c="${c}"]`);
  const chosen = async (n) => { await tab.page.locator('.bulk').getByText(`selected: ${n} cell`).waitFor(); };
  const nothing = async () => { await tab.page.keyboard.press('Escape'); await tab.page.locator('.bulk').waitFor({ state: 'hidden' }); };
  await at(1, 0).click();
  await at(4, 1).click({ modifiers: ['Shift'] });
  await chosen(8);
  await nothing();
  await at(2, -1).click({ modifiers: ['Shift'] });
  await chosen(3);
  await nothing();
  await at(-1, 1).click({ modifiers: ['Shift'] });
  await chosen(30);
  await nothing();
  await at(1, 0).focus();
  for (const key of ['Shift+ArrowDown', 'Shift+ArrowRight']) await tab.page.keyboard.press(key);
  await chosen(4);
  await nothing();
  await tab.page.keyboard.press('Control+ ');
  await chosen(30);
  await nothing();
  await tab.page.keyboard.press('Shift+ ');
  await chosen(3);
  await nothing();
  await at(-1, 2).click();
  await tab.page.getByRole('button', { name: 'Select the 30 that differ' }).click();
  await chosen(30);
  await tab.end();
});

test('Back during a change of many asks first, and says what was done', async () => {
  const tab = await open('#/e/prod/spaces');
  await made(tab, {});
  let go;
  const hold = new Promise((resolve) => { go = resolve; });
  let asked = 0;
  await tab.page.route('**/v1/x/batch?*', async (route) => {
    asked += 1;
    if (asked === 3) await hold;
    return route.fulfill({ json: { data: [{ name: 'A_NAME', version: 2 }] } });
  });
  await tab.go('#/e/prod/matrix');
  await tab.page.locator('[data-r="-1"][data-c="0"]').click({ modifiers: ['Shift'] });
  await bulkButton(tab, again).click();
  await agree(tab, /in 30 spaces/, 'Production 30');
  await tab.page.locator('.bulk').getByText(/2 of 30/).waitFor();
  await tab.page.evaluate(() => history.back());
  const question = tab.page.getByRole('alertdialog').filter({ hasText: 'Stop and leave?' });
  await question.getByRole('button', { name: 'Stay' }).click();
  assert.match(await tab.page.evaluate(() => location.hash), /matrix/);
  await tab.page.evaluate(() => history.back());
  await question.getByRole('button', { name: 'Stop and leave' }).click();
  await tab.page.getByRole('heading', { name: 'Spaces of Production' }).waitFor();
  go();
  await tab.undoBar().filter({ hasText: '3 spaces done, 27 not begun' }).waitFor();
  assert.equal(asked, 3);
  await tab.end();
});

test('the keys of a list do the same with the cell in focus, and ? says what works where', async () => {
  await site.put(bolt, 'S3_ACCESS_KEY', 's3-bolt');
  const tab = await open('#/e/prod/matrix?all=1&name=S3_ACCESS_KEY');
  const { keyboard } = tab.page;
  const focused = (label) => tab.page.waitForFunction((of) => document.activeElement.getAttribute('aria-label') === of, `S3_ACCESS_KEY, ${label}`);
  const row = () => tab.page.evaluate(() => Number(document.activeElement.dataset.r));
  const press = async (...keys) => { for (const key of keys) await keyboard.press(key); };
  await tab.page.evaluate(() => document.activeElement.blur());
  await press('j'); // from anywhere into it
  assert.equal(await row(), 0);
  await press('ArrowRight');
  await focused('Production: v1');
  await press('j', 'j');
  await focused('Customer Acme: Inherited');
  await press('k');
  await focused('Customer Bolt: Overridden v1'); // which comes first: it differs
  await keyboard.down('j');
  await keyboard.down('j'); // held, it goes on
  await keyboard.up('j');
  assert.equal(await row(), 3);
  await press('k', 'k');
  await tab.page.context().grantPermissions(['clipboard-write', 'clipboard-read']);
  await press('y');
  await tab.page.locator('.told').getByText('S3_ACCESS_KEY').waitFor();
  assert.equal(await tab.page.evaluate(() => navigator.clipboard.readText()), 'S3_ACCESS_KEY');
  await press('o');
  await tab.page.getByRole('heading', { name: 'Replace S3_ACCESS_KEY in Customer Bolt' }).waitFor();
  await press('Escape');
  await focused('Customer Bolt: Overridden v1');
  await press('u');
  await tab.agree('Use Production’s value again');
  await focused('Customer Bolt: Inherited');
  assert.equal((await served(bolt)).S3_ACCESS_KEY, 's3-1');
  await press('h');
  await tab.agree('Hide in Customer Bolt');
  await focused('Customer Bolt: Hidden');
  await press('h');
  await tab.agree('Show again in Customer Bolt');
  await focused('Customer Bolt: Inherited');
  await press('Enter');
  await tab.page.locator('dialog.drawer .layers').waitFor();
  await press('Escape');
  // Off a cell they do nothing; a selection has its own bar.
  await press('ArrowLeft', 'o', 'h', 'u', 'y');
  assert.equal(await tab.page.locator('dialog').count(), 0);
  await press('?');
  await tab.page.getByRole('heading', { name: 'In the matrix' }).waitFor();
  assert.equal(await tab.axe(), '');
  await tab.pictures('keyboard');
  await tab.end();

  const auditor = await open('#/e/prod/matrix?all=1&name=S3_ACCESS_KEY', { as: 'auditor' });
  for (const key of ['j', 'ArrowRight', 'j', 'h']) await auditor.page.keyboard.press(key);
  await auditor.page.locator('.told').getByText('Changing Customer Acme needs the role space admin or environment admin').waitFor();
  await auditor.end();
});

test('in the details of a cell j and k lead to the next name of the matrix', async () => {
  const tab = await open('#/e/prod/matrix?all=1&filter=S');
  const title = (name) => tab.page.locator('dialog .drawer-title').getByText(`${name} in Customer Acme`).waitFor();
  const heads = (await tab.page.locator('.column-name').evaluateAll((all) => all.map((one) => one.textContent)));
  for (const key of ['j', 'ArrowRight', 'j', 'Enter']) await tab.page.keyboard.press(key);
  await title(heads[0]);
  await tab.page.keyboard.press('j');
  await title(heads[1]);
  await tab.page.locator('dialog .layers').waitFor();
  await tab.page.keyboard.press('k');
  await title(heads[0]);
  await tab.end();
});

test('details that come late open once, and not over another screen', async () => {
  const tab = await open('#/e/prod/matrix');
  let go;
  const hold = () => new Promise((done) => { go = done; });
  let held = hold();
  let asked = 0;
  let answered = 0;
  await tab.page.route('**/v1/x/secrets?*', async (route) => {
    asked += 1;
    await held;
    await route.continue();
    answered += 1;
  });
  const cell = tab.page.locator('.grid [data-r="1"][data-c="0"]');
  const until = async (done) => { while (!done()) await new Promise((go_) => { setTimeout(go_, 20); }); };
  await cell.focus();
  for (const times of [1, 2]) {
    await tab.page.keyboard.press('Enter');
    await until(() => asked === times);
  }
  go();
  await tab.page.locator('dialog.drawer .layers').waitFor();
  await until(() => answered === 2);
  await tab.settled();
  assert.equal(await tab.page.locator('dialog').count(), 1);
  await tab.page.keyboard.press('Escape');
  await tab.page.locator('dialog').waitFor({ state: 'detached' });

  held = hold();
  await cell.focus();
  const late = tab.page.waitForResponse('**/v1/x/secrets?*');
  await tab.page.keyboard.press('Enter');
  await until(() => asked === 3);
  await tab.go('#/e/prod/spaces');
  go();
  await (await late).finished();
  await tab.settled();
  assert.equal(await tab.page.locator('dialog').count(), 0);
  await tab.end();
});

test('a change leaves the view where it is: what is in sight, and the active cell', async () => {
  const tab = await open('#/environments');
  const cells = Array.from({ length: 300 }, (_, s) => [s, 0, 'overridden', 1, 0]);
  await made(tab, { spaces: 300, cells });
  await tab.go('#/e/prod/matrix?all=1');
  const cell = tab.page.locator('[data-r="150"][data-c="0"]');
  await tab.page.locator('.grid').evaluate((grid) => { grid.scrollTop = 148 * 36; });
  await cell.click();
  const label = await cell.getAttribute('aria-label');
  const top = await tab.page.locator('.grid').evaluate((grid) => grid.scrollTop);
  await tab.page.route('**/v1/x/batch?*', (route) => route.fulfill({ json: { data: [{ name: 'A_NAME', version: 2 }] } }));
  // The first row is gone by then: somebody took its cell back too.
  await tab.page.unroute('**/v1/x/matrix?*');
  await made(tab, { spaces: 300, cells: cells.slice(1) });
  await bulkButton(tab, again).click();
  await agree(tab, `${again} in 1 space`);
  await tab.undoBar().filter({ hasText: '1 space done' }).waitFor();
  await tab.page.locator('.bulk').waitFor({ state: 'hidden' });
  await tab.settled();
  await tab.page.waitForFunction((was) => document.querySelector('.grid').scrollTop === was, top);
  const active = tab.page.locator('.grid [tabindex="0"]');
  assert.equal(await active.getAttribute('aria-label'), label);
  await tab.end();
});

test('one name is one column, whatever contains it; a name that only spaces have is told as such', async () => {
  const tab = await open('#/environments');
  await made(tab, { names: ['API_KEY', 'X_API_KEY', 'ONLY_HERE'], parent: [of(2), of(1), null], spaces: 4, cells: [[0, 0, 'overridden', 1, 0], [1, 1, 'hidden', 1, 0], [2, 2, 'own', 1, 0]] });
  await tab.go('#/e/prod/matrix?name=API_KEY');
  const columns = () => tab.page.locator('.grid-head .grid-cell:not(.grid-corner)').allInnerTexts();
  assert.deepEqual(await columns(), ['API_KEY']);
  assert.match(await tab.text('main .about'), /API_KEY: 3 inherit · 1 over · 0 hidden/);
  await tab.page.getByLabel('Filter both').fill('api_key');
  assert.deepEqual(await columns(), ['API_KEY', 'X_API_KEY']);
  await tab.page.getByLabel('Filter both').fill('');
  await tab.page.locator('.grid-head').getByText('ONLY_HERE').click();
  await tab.page.getByText('only in 1 of 4 spaces, none in Production').waitFor();
  await tab.page.getByLabel('Filter both').fill('onlyhere');
  assert.match(await tab.text('main .panel.search'), /No name and no space contains “onlyhere”\. Did you mean ONLY_HERE ?\?/);
  assert.equal(await tab.axe(), '');
  await tab.page.getByRole('button', { name: 'ONLY_HERE' }).click();
  assert.deepEqual(await columns(), ['ONLY_HERE']);
  await tab.end();
});

test('what has expired is no value that is served, above or in a space, and is counted as in the lists', async () => {
  const tab = await open('#/environments');
  await made(tab, { names: ['ENDED', 'ENDS_HERE'], parent: [of(3, 'expired'), of(1)], spaces: 4, cells: [[0, 0, 'overridden', 1, 0], [1, 1, 'expired', 2, 0]] });
  await tab.go('#/e/prod/matrix?all=1&name=ENDED');
  const cell = (name) => tab.page.getByRole('gridcell', { name, exact: true });
  await cell('ENDED, Production: Expired v3').waitFor();
  await cell('ENDED, Customer 1: Expired').waitFor();
  await cell('ENDED, Customer 0: Overridden v1').waitFor();
  assert.match(await tab.text('main .about'), /ENDED: 3 inherit, expired in Production · 1 over · 0 hidden/);
  await tab.go('#/e/prod/matrix?all=1&name=ENDS_HERE');
  await cell('ENDS_HERE, Customer 1: Expired v2').waitFor();
  assert.match(await tab.text('main .about'), /ENDS_HERE: 3 inherit · 1 over · 0 hidden · 1 of those expired/);
  assert.equal(await tab.axe(), '');
  await tab.end();
});

test('what a program lacks in the environment is said there, once: no space differs in it', async () => {
  const tab = await open('#/e/prod/matrix');
  const grid = tab.page.getByRole('grid');
  await grid.getByRole('gridcell', { name: 'STRIPE_KEY, Production: Missing', exact: true }).waitFor();
  assert.equal(await grid.getByRole('gridcell', { name: /STRIPE_KEY, .*Missing/ }).count(), 1);
  assert.match(await tab.text('main .about'), / · 1 missing everywhere · 2 of 4 spaces shown/);
  await grid.locator('.grid-head').getByText('STRIPE_KEY').click();
  await tab.page.getByText('missing: only in 0 of 4 spaces, none in Production').waitFor();
  await tab.end();
});

test('details by press alone; Back takes all that is open over the matrix; a chip keeps the focus', async () => {
  const tab = await open('#/e/prod/spaces');
  await tab.go('#/e/prod/matrix');
  for (const [name, mode] of [['All', 'all'], ['Only what differs', 'some']]) {
    await tab.page.getByRole('button', { name, exact: true }).click();
    await tab.settled();
    assert.equal(await tab.focusKey(), `chip:${mode}`);
  }
  await choose(tab, /^ACME_SFTP_KEY, Customer Acme/);
  await bulkButton(tab, 'Details').click();
  await tab.page.locator('dialog.drawer').getByRole('button', { name: /Replace/ }).click();
  await tab.page.locator('dialog .value').first().waitFor();
  await tab.page.evaluate(() => history.back());
  await tab.page.getByRole('heading', { name: 'Spaces of Production' }).waitFor();
  assert.equal(await tab.page.locator('dialog').count(), 0);
  await tab.end();
});

test('on a phone two spaces that begin alike can be told apart', async () => {
  const tab = await open('#/e/prod/matrix?all=1', { width: 375 });
  const head = tab.page.getByRole('link', { name: 'Customer Acme', exact: true });
  await head.waitFor();
  const box = await head.locator('xpath=ancestor::*[@role="rowheader"]').boundingBox();
  const end = await head.locator('.two-ends > span').last().boundingBox();
  assert.ok(end.x + end.width <= box.x + box.width, 'its end is cut off');
  assert.match(await tab.text(head.locator('.two-ends > span').last()), /Acme$/);
  await tab.pictures('matrix-375');
  await tab.end();
});

test('a selection says what of it a filter hides; a column that is looked at alone leaves the rest as it was', async () => {
  const tab = await open('#/e/prod/matrix');
  await made(tab, { names: ['A_NAME', 'B_NAME'], cells: [[0, 0, 'overridden', 1, 0], [1, 1, 'overridden', 1, 0]], spaces: 3 });
  await tab.go('#/e/prod/matrix?filter=');
  const bar = tab.page.getByRole('region', { name: 'Selection' });
  await tab.page.locator('[data-r="1"][data-c="0"]').click();
  await tab.page.locator('[data-r="2"][data-c="1"]').click();
  await bar.getByText('selected: 2 cells', { exact: true }).waitFor();
  const filter = tab.page.getByLabel('Filter both');
  await filter.fill('B_NAME');
  await bar.getByText('selected: 2 cells, 1 not shown').waitFor();
  await filter.fill('');
  const some = tab.page.getByRole('button', { name: 'Only what differs' });
  await tab.page.locator('[data-r="-1"][data-c="0"]').click();
  await tab.page.waitForFunction(() => location.hash.includes('name=A_NAME'));
  assert.equal(await some.getAttribute('aria-pressed'), 'false');
  await filter.fill('');
  await tab.page.waitForFunction(() => document.querySelector('[data-focus="chip:some"]').getAttribute('aria-pressed') === 'true');
  for (const word of ['Expired', 'Damaged']) await tab.page.locator('.legend').getByText(word).waitFor();
  await tab.end();
});
