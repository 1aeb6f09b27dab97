// SPDX-License-Identifier: BSL-1.0
// The matrix: sparse, by keyboard, and with changes of a selection. How large it may be: budget.test.mjs.
import test from 'node:test';
import assert from 'node:assert/strict';
import { open, served, site } from './here.mjs';
import { acme, bolt } from './site.mjs';

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
  await tab.page.getByRole('alertdialog').getByRole('button', { name: 'Use Production’s value again in 2 spaces' }).click();
  await tab.page.locator('.bulk').getByText('2 spaces done').waitFor();
  await tab.page.locator('.bulk').getByRole('button', { name: 'Done' }).click();
  await tab.settled();
  assert.equal(await cell('SLACK_TOKEN, Customer Bolt: Overridden v1').count(), 0);
  await tab.end();
});

test('a change of many can be stopped, goes on where it stopped, and ends with what failed', async () => {
  const tab = await open('#/environments');
  const spaces = Array.from({ length: 30 }, (_, i) => ({ id: `s${i}`, name: `Customer ${i}` }));
  await tab.page.route('**/v1/x/matrix?*', (route) => route.fulfill({
    json: { data: { spaces, names: ['A_NAME'], cells: spaces.map((_, s) => [s, 0, 'overridden', 1, 0]), parent: [2], totals: { spaces: 30, names: 1 }, generation: 7, rights: ['list', 'write'] } },
  }));
  const asked = [];
  let go;
  let reached;
  const hold = new Promise((resolve) => { go = resolve; });
  const held = new Promise((resolve) => { reached = resolve; });
  await tab.page.route('**/v1/x/secret?*', async (route) => {
    const { searchParams } = new URL(route.request().url());
    const id = searchParams.get('spaceId');
    assert.equal(`${route.request().method()} ${searchParams.get('name')} ${searchParams.get('ifVersion')}`, 'DELETE A_NAME 1');
    asked.push(id);
    if (id === 's3') return route.fulfill({ status: 409, json: { errors: [{ message: 'changed meanwhile' }], code: 'conflict', data: { setBy: 'Ben', version: 2 } } });
    if (asked.length === 6) {
      reached();
      await hold;
    }
    return route.fulfill({ json: { data: [] } });
  });
  await tab.go('#/e/prod/matrix');
  await tab.page.locator('[data-r="1"][data-c="0"]').focus();
  for (let i = 0; i < 30; i += 1) await tab.page.keyboard.press('Shift+ArrowDown');
  assert.match(await tab.text('.bulk'), /selected: 30 cells/);
  await tab.page.locator('.bulk').getByRole('button', { name: 'Use Production’s value again' }).click();
  const yes = tab.page.getByRole('alertdialog').getByRole('button', { name: /in 30 spaces/ });
  assert.equal(await yes.getAttribute('aria-disabled'), 'true');
  await tab.page.getByLabel('Type 30 to go on').fill('30');
  await yes.click();
  await held;
  await tab.page.locator('.bulk').getByText(/of 30/).waitFor();
  await tab.page.getByRole('button', { name: 'Stop' }).click();
  go();
  await tab.page.locator('.bulk').getByText('5 spaces done, 1 failed, 24 not begun').waitFor();
  await tab.page.getByRole('button', { name: 'Go on' }).click();
  await tab.page.locator('.bulk').getByText('29 spaces done, 1 failed').waitFor();
  assert.match(await tab.text('.failures'), /Customer 3: A_NAME: Ben set v2 meanwhile/);
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
  await tab.page.getByRole('alertdialog').getByRole('button', { name: `${again} in 1 space` }).click();
  await tab.page.locator('.bulk').getByText('1 space done').waitFor();
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
  await tab.page.getByRole('alertdialog').getByRole('button', { name: `${again} in 1 space` }).click();
  await tab.page.locator('.bulk').getByText('0 spaces done, 1 failed').waitFor();
  assert.match(await tab.text('.failures'), /Customer Bolt: SLACK_TOKEN: Ben set v\d+ meanwhile/);
  assert.equal((await served(bolt)).SLACK_TOKEN, 'xoxb-newer');
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
