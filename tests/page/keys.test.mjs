// SPDX-License-Identifier: BSL-1.0
// The life of the keys as the page shows it: the commands that it names are run as they stand there,
// beside the server, which goes on and sees what they did.
import test from 'node:test';
import assert from 'node:assert/strict';
import { open, served, site } from './here.mjs';
import { prod } from './site.mjs';

const staging = { environmentId: 'staging' };
const keyRow = (tab, state) => tab.page.locator('.keys-rows tbody tr').filter({ has: tab.page.locator('.badge', { hasText: state }) });

// Runs what a dialog says, to the letter.
async function runShown(tab, place = 0, more = ['--yes']) {
  const said = await tab.page.locator('dialog pre.code').nth(place).innerText();
  const words = said.split(' ');
  assert.equal(words.shift(), 'coffer');
  const out = site.run([...words, ...more]);
  // The server, beside which this was done, looks again once its last look is 100 ms old.
  await new Promise((done) => { setTimeout(done, 200); });
  return out;
}
async function closed(tab) {
  await tab.page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
  await tab.settled();
}

test('a new key, rewrapping and the end of the old one: the page names the commands, the server goes on', async () => {
  await site.put(staging, 'SEALED', 'before');
  const tab = await open('#/e/staging/keys');
  const old = await tab.text('.keys-rows .name');
  await keyRow(tab, 'Active').getByText('Staging data key 1').waitFor();
  assert.match(await tab.text('.keys-rows tbody tr'), /just now|\d+ (s|min|h) ago|yesterday/);

  await keyRow(tab, 'Active').getByRole('button', { name: 'Disable…' }).click();
  assert.match(await tab.text('dialog'), new RegExp(`coffer keys disable ${old}`));
  assert.match(await tab.text('dialog'), /still wraps data keys here, so the command refuses/);
  await assert.rejects(runShown(tab), (refused) => refused.status === 4);
  await closed(tab);

  await tab.page.getByRole('button', { name: 'Rotate the key…' }).click();
  assert.match(await tab.text('dialog'), /never changed: a stolen session must not reach them/);
  assert.equal(await tab.axe(), '');
  await tab.picture('keys-rotate');
  await runShown(tab);
  await closed(tab);
  await keyRow(tab, 'Decrypt-only').getByText('Staging data key 1').waitFor();
  assert.match(await tab.text(keyRow(tab, 'Active')), /none/);
  assert.equal((await served(staging)).SEALED, 'before');

  await tab.page.reload();
  await tab.page.locator('.banner').getByText(`Key ${old} is decrypt-only; 4 environments still on it.`).waitFor();
  await tab.picture('keys-to-rewrap');
  await tab.page.locator('.banner').getByRole('button', { name: 'Rewrap…' }).click();
  await tab.page.getByRole('alertdialog').getByRole('button', { name: 'Rewrap' }).click();
  await tab.undoBar().filter({ hasText: '4 environments rewrapped.' }).waitFor();
  await tab.page.locator('.banner').waitFor({ state: 'detached' });
  await tab.go('#/e/prod/keys');
  await tab.go('#/e/staging/keys');
  await keyRow(tab, 'Active').getByText('Staging data key 1').waitFor();

  await keyRow(tab, 'Decrypt-only').getByRole('button', { name: 'Disable…' }).click();
  assert.doesNotMatch(await tab.text('dialog'), /still wraps/);
  await runShown(tab);
  await closed(tab);
  assert.equal(await tab.text(keyRow(tab, 'Disabled').locator('.name')), old);
  assert.equal(await keyRow(tab, 'Disabled').getByRole('button').count(), 0);
  await site.put(staging, 'SEALED', 'after');
  assert.equal((await served(staging)).SEALED, 'after');
  assert.equal(await tab.axe(), '');
  await tab.picture('keys-disabled');
  await tab.end();
});

test('an environment whose key is disabled: said, its keys are seen, and others go on', async () => {
  const tab = await open('#/e/staging/keys');
  await tab.page.getByRole('button', { name: 'Rotate the key…' }).click();
  await runShown(tab, 1);
  await closed(tab);
  const own = await tab.text(keyRow(tab, 'Active').filter({ hasText: 'none' }).locator('.name'));
  await tab.page.getByRole('main').getByRole('button', { name: 'Rewrap…' }).click();
  await tab.page.getByRole('alertdialog').getByRole('button', { name: 'Rewrap' }).click();
  await tab.row(own).getByText('Staging data key 1').waitFor();
  await tab.row(own).getByRole('button', { name: 'Disable…' }).click();
  await runShown(tab, 0, ['--yes', '--force']);
  await closed(tab);
  const refused = async () => (await site.ask('GET', '/v1/secrets?environmentId=staging')).status >= 500;
  for (let i = 0; i < 600 && !await refused(); i += 1) await new Promise((resolve) => { setTimeout(resolve, 50); });

  await tab.go('#/e/staging/secrets');
  await tab.page.getByRole('heading', { name: 'The key of staging is disabled' }).waitFor();
  assert.match(await tab.text('.panel.broken'), /Values can’t be opened, and names are unreadable too/);
  assert.equal(await tab.axe(), '');
  await tab.picture('state-key-disabled');
  await tab.page.locator('.panel').getByRole('link', { name: 'Keys' }).click();
  await tab.page.getByText('can’t be read: its key is disabled').waitFor();
  assert.match(await tab.text(tab.row(own)), /Disabled/);
  await tab.go('#/e/prod/secrets');
  await tab.row('DB_URL').waitFor();
  assert.equal((await served(prod)).BETA_KEY, 'beta-1');
  await tab.end();
});

test('a shredded environment is gone, and the others are not', async () => {
  const tab = await open('#/e/dev/keys');
  await tab.page.getByRole('button', { name: 'Shred…' }).click();
  assert.match(await tab.text('dialog'), /Copies of the keyring still open copies of the store/);
  await assert.rejects(runShown(tab), (refused) => refused.status === 4 && /others need/.test(refused.stderr));
  assert.equal(await tab.axe(), '');
  await tab.picture('keys-shred');
  await closed(tab);
  await tab.page.getByRole('button', { name: 'Rotate the key…' }).click();
  await runShown(tab, 1);
  await closed(tab);
  await tab.page.getByRole('main').getByRole('button', { name: 'Rewrap…' }).click();
  await tab.page.getByRole('alertdialog').getByRole('button', { name: 'Rewrap' }).click();
  await tab.undoBar().filter({ hasText: '1 environment rewrapped.' }).waitFor();
  await tab.page.getByRole('button', { name: 'Shred…' }).click();
  assert.match(await runShown(tab), /dev was shredded/);
  await tab.page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
  await tab.page.getByText('There is nothing here').waitFor();
  assert.equal((await site.ask('GET', '/v1/secrets?environmentId=dev')).status, 404);
  assert.equal((await served(prod)).BETA_KEY, 'beta-1');
  await tab.end();
});

test('keys that no command changes, and people who may not: the buttons say why', async () => {
  const tab = await open('#/environments');
  await tab.patch('**/v1/x/keys?*', (json) => { json.kept = 'passphrase'; });
  await tab.go('#/e/prod/keys');
  await tab.page.getByText('The key of this server is made from a passphrase').first().waitFor();
  const rotate = tab.page.getByRole('button', { name: 'Rotate the key…' });
  assert.equal(await rotate.getAttribute('aria-disabled'), 'true');
  assert.equal(await tab.page.getByRole('button', { name: 'Rotate the data key…' }).getAttribute('aria-disabled'), null);
  await rotate.click({ force: true });
  assert.equal(await tab.page.locator('dialog').count(), 0);
  await tab.page.unroute('**/v1/x/keys?*');
  await tab.patch('**/v1/x/keys?*', (json) => { json.kept = 'credential'; });
  await tab.go('#/environments');
  await tab.go('#/e/prod/keys');
  await rotate.click();
  assert.match(await tab.text('dialog'), /a copy of its keyring, which it can’t write/);
  await tab.end();
  const other = await open('#/e/prod/keys', { as: 'auditor' });
  await other.page.locator('.panel.denied').waitFor();
  await other.end();
});

test('rewrapping of all tells how far it is, and can be closed', async () => {
  const tab = await open('#/environments');
  await tab.page.route('**/v1/x/keys', (route) => route.fulfill({ json: { data: [{ kekId: 'kek-old', state: 'decrypt_only', environments: [{ id: 'prod', dek: 1, seals: 9 }] }] } }));
  let release;
  const asked = [];
  await tab.page.route('**/v1/x/keys/rewrap*', async (route) => {
    asked.push(new URL(route.request().url()).searchParams.get('environmentId'));
    if (asked.length === 2) await new Promise((resolve) => { release = resolve; });
    return route.fulfill({ json: { data: [{ environmentId: 'prod', kekId: 'k', deks: 1 }] } });
  });
  await tab.page.reload();
  await tab.page.locator('.banner').getByRole('button', { name: 'Rewrap…' }).click();
  await tab.page.getByRole('alertdialog').getByRole('button', { name: 'Rewrap' }).click();
  await tab.page.getByRole('alertdialog').getByText(/^Rewrapped 1 of \d+$/).waitFor();
  assert.equal(await tab.axe(), '');
  await tab.picture('keys-rewrapping');
  await tab.page.getByRole('alertdialog').getByRole('button', { name: 'Close' }).last().click();
  while (!release) await tab.page.waitForTimeout(20);
  release();
  await tab.page.waitForTimeout(200);
  assert.equal(asked.length, 2);
  await tab.end();
});
