// SPDX-License-Identifier: BSL-1.0
// The life of the keys as the page shows it: the commands that it names are run as they stand there,
// beside the server, which goes on and sees what they did.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { browser, open, served, site } from './here.mjs';
import { prod, Site } from './site.mjs';

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
  assert.match(await tab.text('dialog'), /this server changes no keys: a stolen session must not reach them/);
  assert.equal(await tab.axe(), '');
  await tab.picture('keys-rotate');
  await runShown(tab);
  await closed(tab);
  await keyRow(tab, 'Decrypt-only').getByText('Staging data key 1').waitFor();
  assert.match(await tab.text(keyRow(tab, 'Active')), /none/);
  assert.equal((await served(staging)).SEALED, 'before');

  await tab.page.reload();
  await tab.page.locator('.banner').getByText(`Key ${old} is decrypt-only; 4 environments still need rewrap.`).waitFor();
  await tab.picture('keys-to-rewrap');
  await tab.page.locator('.banner').getByRole('button', { name: 'Rewrap…' }).click();
  await tab.page.getByRole('alertdialog').getByRole('button', { name: 'Rewrap' }).click();
  await tab.undoBar().filter({ hasText: '4 environments rewrapped.' }).waitFor();
  await tab.page.locator('.banner').filter({ hasText: 'decrypt-only' }).waitFor({ state: 'detached' });
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
  assert.match(await tab.text('.panel.broken'), /Values can’t be opened, and names are unreadable too: 1 name when they were last read/);
  assert.equal(await tab.axe(), '');
  await tab.pictures('state-key-disabled');
  await tab.page.locator('.panel').getByRole('link', { name: 'Keys' }).click();
  await tab.page.getByText('can’t be read: its key is disabled').waitFor();
  assert.match(await tab.text(tab.row(own)), /Disabled .*not known while it is disabled; it may be under it: [Ss]taging/);
  assert.equal(await tab.page.locator('.keys-rows').getByText('none', { exact: true }).count(), 0);
  assert.equal(await tab.axe(), '');
  await tab.pictures('keys-not-known');
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

// A server whose operators may change the keys, and a tab of somebody's on it.
async function managed(run) {
  const own = await Site.open({ args: ['--manage-keys'] });
  try {
    await run(own, async (at, as = 'ana') => browser.open(own.url, { session: await own.session(as), at }));
  } finally {
    await own.end();
  }
}
const dialogOf = (tab) => tab.page.locator('dialog').last();
async function rewrap(tab) {
  await tab.page.getByRole('alertdialog').getByRole('button', { name: 'Rewrap', exact: true }).click();
  await tab.page.getByRole('alertdialog').waitFor({ state: 'detached' });
  await tab.settled();
}

test('where the server lets it the page itself rotates, rewraps and disables keys, for operators', async () => {
  await managed(async (own, openOwn) => {
    const tab = await openOwn('#/e/staging/keys', 'operator');
    const old = await tab.text('.keys-rows .name');

    await keyRow(tab, 'Active').getByRole('button', { name: 'Disable…' }).click();
    assert.match(await tab.text('dialog'), /It still wraps data keys here, so this is refused/);
    assert.equal(await tab.page.evaluate(() => document.activeElement.innerText), 'Cancel'); // Enter alone is a no
    await dialogOf(tab).getByRole('button', { name: 'Disable' }).click();
    await dialogOf(tab).getByText(`${old} was not disabled: it wraps the DEKs of coffer.system, dev, prod, staging (coffer keys rewrap moves them).`).waitFor();
    assert.equal(await tab.axe(), '');
    await tab.pictures('keys-managed-refused');
    await tab.page.keyboard.press('Escape');
    await tab.settled();

    // By the keyboard alone, and the token is asked for again where it was entered too long ago.
    let confirmed = false;
    await tab.page.route('**/v1/x/keys/rotate-kek*', (route) => (confirmed ? route.continue()
      : route.fulfill({ status: 403, json: { errors: [{ message: 'enter your token again first' }], code: 'confirm' } })));
    await tab.page.getByRole('button', { name: 'Rotate the key…' }).focus();
    await tab.page.keyboard.press('Enter');
    await dialogOf(tab).getByText('A new key takes the place of every active one.').waitFor();
    assert.equal(await dialogOf(tab).locator('pre.code').count(), 0);
    assert.equal(await tab.axe(), '');
    await tab.pictures('keys-managed-rotate');
    await tab.page.keyboard.press('Control+Enter');
    await dialogOf(tab).getByText('Enter your personal token again').waitFor();
    confirmed = true;
    await tab.page.keyboard.insertText(await own.tokenOf('operator'));
    await tab.page.keyboard.press('Enter');
    await tab.page.getByRole('alertdialog').getByText(/kek-\S+ is active\. Back up the keyring now/).waitFor();
    assert.equal(await tab.axe(), '');
    await tab.pictures('keys-managed-rotated');
    await rewrap(tab);
    await tab.undoBar().filter({ hasText: '4 environments rewrapped.' }).waitFor();
    await keyRow(tab, 'Active').getByText('Staging data key 1').waitFor();
    const fresh = await tab.text(keyRow(tab, 'Active').locator('.name'));
    assert.notEqual(fresh, old);

    await keyRow(tab, 'Decrypt-only').getByRole('button', { name: 'Disable…' }).click();
    assert.doesNotMatch(await tab.text('dialog'), /still wraps/);
    await dialogOf(tab).getByRole('button', { name: 'Disable' }).click();
    await tab.undoBar().filter({ hasText: `${old} is disabled.` }).waitFor();
    await keyRow(tab, 'Disabled').waitFor();
    assert.equal(await tab.text(keyRow(tab, 'Disabled').locator('.name')), old);
    assert.equal(await tab.axe(), '');
    // The command sees the same keyring, and the server goes on.
    const keks = JSON.parse(own.run(['keys', 'status', '--json'])).keks;
    assert.deepEqual(keks.map((one) => [one.kekId, one.state]), [[old, 'disabled'], [fresh, 'active']]);
    assert.equal((await own.ask('GET', '/v1/secrets?environmentId=prod')).status, 200);
    await tab.end();
    const log = await openOwn('#/activity');
    await log.page.getByText('kek.disable').first().waitFor();
    const said = (what) => log.page.locator('.activity-rows tbody tr').filter({ hasText: what });
    assert.match(await log.text(said('kek.disable').nth(0)), new RegExp(`Olga .*key disabled.*${old} ok`));
    assert.match(await log.text(said('kek.disable').nth(1)), new RegExp(`${old} begun`));
    await log.end();
    const other = await openOwn('#/e/prod/keys', 'auditor');
    await other.page.locator('.panel.denied').waitFor();
    await other.end();
  });
});

test('an environment is shredded from the page: a key of its own, its name typed, the receipt kept', async () => {
  await managed(async (own, openOwn) => {
    const tab = await openOwn('#/e/staging/keys');
    const shared = await tab.text('.keys-rows .name');
    const shred = async (typed) => {
      await tab.page.getByRole('button', { name: 'Shred…' }).click();
      await dialogOf(tab).getByLabel('Type Staging').fill(typed);
      await dialogOf(tab).getByRole('button', { name: 'Shred', exact: true }).click();
    };
    await shred('Staging');
    await dialogOf(tab).getByText(`staging has no KEK of its own, only ${shared}, which others need. First give it one`).waitFor();
    assert.equal(await tab.axe(), '');
    await tab.pictures('keys-managed-shred');
    await tab.page.keyboard.press('Escape');

    await tab.page.getByRole('button', { name: 'Rotate the key…' }).click();
    await tab.page.getByLabel('New keys').selectOption('alone');
    await dialogOf(tab).getByText('It gets a key that no other environment has').waitFor();
    await dialogOf(tab).getByRole('button', { name: 'Rotate', exact: true }).click();
    await tab.page.getByRole('alertdialog').getByText('Rewrap the data keys of Staging').waitFor();
    await rewrap(tab);
    await tab.page.getByRole('button', { name: 'Rotate the data key…' }).click();
    await dialogOf(tab).getByRole('button', { name: 'Rotate the data key' }).click();
    await dialogOf(tab).getByText('Done.').waitFor();
    await dialogOf(tab).getByRole('button', { name: 'Close' }).last().click();
    await tab.settled();
    const ownKey = await tab.text(keyRow(tab, 'Active').filter({ hasText: 'Staging' }).locator('.name'));

    await shred('staging ');
    await dialogOf(tab).getByText('this is not the name of the environment').waitFor();
    await tab.page.keyboard.press('Escape');
    assert.equal((await own.ask('GET', '/v1/secrets?environmentId=staging')).status, 200);
    await shred('Staging');
    const receipt = dialogOf(tab).locator('pre.receipt');
    await receipt.waitFor();
    const text = await receipt.innerText();
    assert.match(text, new RegExp(`^staging was shredded, 20\\S+\\n  destroyed +${ownKey} +made 20[^]*head +closed[^]*it was under ${shared} as well`));
    assert.equal(await tab.axe(), '');
    await tab.pictures('keys-managed-receipt');
    await tab.page.keyboard.press('Escape'); // not before it is kept
    await dialogOf(tab).getByText('Close without the receipt?').waitFor();
    await dialogOf(tab).getByRole('button', { name: 'Back to the receipt' }).click();
    const file = tab.page.waitForEvent('download');
    await dialogOf(tab).getByRole('button', { name: 'Save receipt' }).click();
    const kept = await file;
    assert.equal(kept.suggestedFilename(), 'shredded-staging.txt');
    assert.equal(fs.readFileSync(await kept.path(), 'utf8').trim(), text.trim());
    await tab.page.keyboard.press('Escape');
    await tab.page.getByRole('heading', { name: 'Environments' }).waitFor();
    await tab.settled();
    assert.equal(await tab.row('staging').count(), 0);
    assert.equal((await own.ask('GET', '/v1/secrets?environmentId=staging')).status, 404);
    assert.equal((await own.ask('GET', '/v1/secrets?environmentId=prod')).status, 200);
    assert.match(own.run(['keys', 'status']), new RegExp(`${ownKey} +destroyed`));
    assert.match(own.run(['keys', 'shred', '--env', 'staging', '--yes']), /was shredded before/);
    await tab.end();
  });
});
