// SPDX-License-Identifier: BSL-1.0
// What people do: set, override, hide, show again, revert, undo, paste, make and remove places; and
// two of them at once.
import test from 'node:test';
import assert from 'node:assert/strict';
import { open, served, site } from './here.mjs';
import { acme, prod, query } from './site.mjs';

const staging = { environmentId: 'staging' };
const told = async (where, name) => (await site.must('GET', `/v1/x/secret?${query({ ...where, name })}`)).data;

test('an override says what it changes, is served, and can be undone', async () => {
  const tab = await open('#/e/prod/s/acme/secrets');
  await tab.row('DB_URL').getByText('Override').click();
  await tab.page.locator('dialog .preview').getByText(/may read it/).waitFor();
  assert.match(await tab.text('dialog .preview'), /Customer Acme\s+Production v1 becomes its own v1\s+\d+ tokens? may read it\s+3 other spaces\s+no change/);
  await tab.page.locator('dialog .value').first().fill('postgres://acme');
  await tab.page.getByRole('button', { name: 'Override in Customer Acme' }).click();
  await tab.undoBar().filter({ hasText: 'DB_URL overridden in Customer Acme: v1.' }).waitFor();
  await tab.row('DB_URL').getByText('Overridden').waitFor();
  assert.equal((await served(acme)).DB_URL, 'postgres://acme');
  assert.equal((await served(prod)).DB_URL, 'postgres://app:pw@db/prod');
  await tab.page.getByRole('button', { name: 'Undo' }).click();
  await tab.undoBar().filter({ hasText: 'no longer set' }).waitFor();
  await tab.row('DB_URL').getByText('Inherited').waitFor();
  assert.equal((await served(acme)).DB_URL, 'postgres://app:pw@db/prod');
  await tab.end();
});

test('the environment’s value is used again, and undo brings the override back', async () => {
  const tab = await open('#/e/prod/s/acme/secrets');
  await tab.row('SLACK_TOKEN').getByText('Review').click();
  await tab.page.locator('dialog .drawer-actions').getByText('Use Production’s value again').click();
  assert.match(await tab.text('dialog .preview'), /its own v1 becomes Production v2/);
  assert.equal(await tab.axe(), '');
  await tab.page.getByRole('button', { name: 'Use Production’s value again' }).last().click();
  await tab.undoBar().filter({ hasText: 'uses Production’s value of SLACK_TOKEN again' }).waitFor();
  assert.equal((await served(acme)).SLACK_TOKEN, 'xoxb-1');
  await tab.page.getByRole('button', { name: 'Undo' }).click();
  await tab.undoBar().filter({ hasText: 'as it was' }).waitFor();
  assert.equal((await served(acme)).SLACK_TOKEN, 'xoxb-acme');
  await tab.end();
});

test('a name is hidden from a space and given to it again; production shows first what changes', async () => {
  const bolt = { environmentId: 'prod', spaceId: 'bolt' };
  const tab = await open('#/e/prod/s/bolt/secrets');
  const change = async (name, action, preview, label) => {
    await tab.page.locator('dialog .drawer-actions').getByText(action).click();
    await tab.page.locator('dialog.is-prod .preview').getByText('3 other spaces').waitFor();
    await tab.page.locator('dialog.is-prod .preview-line').getByText(preview).waitFor();
    assert.equal(await tab.page.getByLabel(/^Type /).count(), 0);
    await tab.agree(label);
  };
  const hide = async (name, preview) => {
    await change(name, 'Hide here', preview, 'Hide in Customer Bolt');
    await tab.undoBar().filter({ hasText: `${name} is hidden in Customer Bolt` }).waitFor();
    assert.ok(!(name in await served(bolt)));
  };
  const show = async (name, preview) => {
    await change(name, 'Show again', preview, 'Show again in Customer Bolt');
    await tab.undoBar().filter({ hasText: `${name} is given to Customer Bolt again` }).waitFor();
  };
  await tab.row('BETA_KEY').locator('button.name').click();
  await hide('BETA_KEY', /Production v1\s+becomes\s+hidden: its programs find no such name/);
  await show('BETA_KEY', /hidden\s+becomes\s+Production v1/);
  assert.equal((await served(bolt)).BETA_KEY, 'beta-1');
  await tab.page.keyboard.press('Escape');
  // A value of its own is there again.
  await tab.row('SLACK_TOKEN').locator('button.name').click();
  await hide('SLACK_TOKEN', /its own v1\s+becomes\s+hidden/);
  await show('SLACK_TOKEN', /hidden\s+becomes\s+its own v3/);
  assert.equal((await served(bolt)).SLACK_TOKEN, 'xoxb-bolt');
  assert.equal(await tab.axe(), '');
  // What the preview can't know without the answer is not guessed.
  await tab.page.route('**/v1/x/secret?*', (route) => route.abort('connectionreset'));
  await tab.page.locator('dialog .drawer-actions').getByText('Hide here').click();
  await tab.page.locator('dialog.is-prod .preview').getByText(/its own v3\s+becomes\s+hidden/).waitFor();
  await tab.pictures('hide');
  await tab.agree('Cancel');
  await tab.page.locator('dialog.is-prod').waitFor({ state: 'detached' });
  assert.equal((await served(bolt)).SLACK_TOKEN, 'xoxb-bolt');
  await tab.end();
});

test('production asks for its name before its value is replaced', async () => {
  const tab = await open('#/e/prod/secrets');
  await tab.row('BETA_KEY').getByText('Replace').click();
  assert.match(await tab.text('dialog .preview'), /v1 becomes v2/);
  assert.match(await tab.text('dialog .preview'), /1 space\s+stays hidden/);
  await tab.page.locator('dialog .value').first().fill('beta-2');
  const save = tab.page.getByRole('button', { name: 'Replace in Production' });
  assert.equal(await save.getAttribute('aria-disabled'), 'true');
  await tab.page.getByLabel('Type Production to save').fill('Production');
  await save.click();
  await tab.undoBar().filter({ hasText: 'BETA_KEY replaced in Production: v2.' }).waitFor();
  assert.equal((await served(prod)).BETA_KEY, 'beta-2');
  await tab.page.getByRole('button', { name: 'Undo' }).click();
  await tab.undoBar().filter({ hasText: 'has the value of v1 again' }).waitFor();
  assert.equal((await served(prod)).BETA_KEY, 'beta-1');
  await tab.row('BETA_KEY').locator('button.name').click();
  await tab.page.locator('dialog .versions').getByText('v3').waitFor();
  await tab.end();
});

test('a multi-line value that is pasted keeps its lines', async () => {
  const tab = await open('#/e/staging/secrets');
  await tab.page.getByRole('button', { name: 'New secret' }).first().click();
  await tab.page.getByLabel('Name', { exact: true }).fill('PEM');
  await tab.page.locator('dialog .value').first().focus();
  await tab.page.evaluate(() => {
    const data = new DataTransfer();
    data.setData('text/plain', '-----BEGIN KEY-----\nabc\n-----END KEY-----\n');
    document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
  });
  assert.equal(await tab.page.locator('dialog textarea').isVisible(), true);
  await tab.page.keyboard.press('Control+Enter');
  await tab.undoBar().filter({ hasText: 'PEM set in Staging: v1.' }).waitFor();
  assert.equal((await served({ environmentId: 'staging' })).PEM, '-----BEGIN KEY-----\nabc\n-----END KEY-----\n');
  await tab.end();
});

test('a .env file is pasted: looked at, unticked, saved in one go, undone in one go', async () => {
  const tab = await open('#/e/staging/secrets');
  await tab.page.getByRole('button', { name: 'Paste .env' }).first().click();
  await tab.page.locator('dialog textarea').fill('A_ONE=1$x\nA_TWO="two\\nlines"\nrubbish\nA_THREE=three # comment\n');
  assert.match(await tab.text('.paste-summary'), /new 3 · replace 0 · invalid 1 \(line 3: no "="\)/);
  await tab.page.getByLabel('Save A_THREE').uncheck();
  await tab.page.getByRole('button', { name: 'Save 2' }).click();
  await tab.undoBar().filter({ hasText: '2 names saved in Staging.' }).waitFor();
  const now = await served({ environmentId: 'staging' });
  assert.equal(now.A_ONE, '1$x');
  assert.equal(now.A_TWO, 'two\nlines');
  assert.ok(!('A_THREE' in now));
  await tab.page.getByRole('button', { name: 'Undo' }).click();
  await tab.undoBar().filter({ hasText: 'as before' }).waitFor();
  assert.ok(!('A_ONE' in await served({ environmentId: 'staging' })));
  await tab.end();
});

test('what is typed into the name while it is saved changes neither the save nor its undo', async () => {
  const tab = await open('#/e/staging/secrets');
  let reached;
  const asked = new Promise((done) => { reached = done; });
  let go;
  const held = new Promise((done) => { go = done; });
  await tab.page.route('**/v1/x/secret?*', async (route) => {
    reached();
    await held;
    return route.continue();
  });
  await tab.page.getByRole('button', { name: 'New secret' }).first().click();
  await tab.page.locator('dialog .value').first().fill('one value');
  const name = tab.page.getByLabel('Name', { exact: true });
  await name.fill('MEANT');
  await tab.page.keyboard.press('Control+Enter');
  await asked;
  await tab.page.waitForFunction(() => document.querySelector('dialog[aria-busy=true]'));
  await name.press('End');
  await tab.page.keyboard.type('_OTHER');
  go();
  await tab.undoBar().filter({ hasText: 'MEANT set in Staging: v1.' }).waitFor();
  const names = async () => Object.keys(await served({ environmentId: 'staging' })).filter((one) => one.startsWith('MEANT'));
  assert.deepEqual(await names(), ['MEANT']);
  await tab.page.getByRole('button', { name: 'Undo' }).click();
  await tab.undoBar().filter({ hasText: 'MEANT is no longer set in Staging.' }).waitFor();
  assert.deepEqual(await names(), []);
  await tab.end();
});

test('what somebody else changes is told, and moves no row by itself', async () => {
  const tab = await open('#/e/staging/secrets');
  await site.put({ environmentId: 'staging' }, 'APPEARS', 'x');
  await tab.page.locator('.news').getByText('changed').waitFor();
  assert.equal(await tab.row('APPEARS').count(), 0);
  await tab.page.locator('.news').getByText('Show').click();
  await tab.row('APPEARS').waitFor();
  await tab.end();
});

test('an environment and a space are made, renamed and removed', async () => {
  const tab = await open('#/environments');
  await tab.page.locator('main').getByRole('button', { name: 'New environment' }).click();
  await tab.page.getByLabel('Name', { exact: true }).fill('Preview');
  await tab.page.getByLabel(/^Id/).fill('preview');
  await tab.page.getByRole('button', { name: 'Create environment' }).click();
  await tab.page.getByRole('heading', { name: 'Secrets of Preview' }).waitFor();
  await tab.page.getByText('No secrets yet').waitFor();
  await tab.go('#/e/preview/spaces');
  await tab.page.getByText('No spaces yet').waitFor();
  await tab.page.getByRole('button', { name: 'New space' }).first().click();
  await tab.page.getByLabel('Name', { exact: true }).fill('First');
  await tab.page.getByRole('button', { name: 'Create space' }).click();
  await tab.page.getByRole('heading', { name: 'Secrets of First' }).waitFor();
  await tab.page.getByRole('link', { name: 'Overview' }).click();
  await tab.page.getByRole('button', { name: 'Rename…' }).click();
  await tab.page.getByLabel('Name', { exact: true }).fill('Renamed');
  await tab.page.getByRole('button', { name: 'Rename', exact: true }).click();
  await tab.page.getByRole('heading', { name: 'Secrets of Renamed' }).waitFor();
  await tab.page.getByRole('link', { name: 'Overview' }).click();
  await tab.page.getByRole('button', { name: 'Remove space…' }).click();
  await tab.page.getByLabel('Type Renamed').fill('Renamed');
  await tab.page.getByRole('button', { name: 'Remove Renamed' }).click();
  await tab.page.getByText('No spaces yet').waitFor();
  await tab.go('#/e/preview/general');
  await tab.page.getByRole('button', { name: 'Remove environment…' }).click();
  await tab.page.getByLabel('Type Preview').fill('Preview');
  await tab.page.getByRole('button', { name: 'Remove Preview and all in it' }).click();
  await tab.page.getByRole('heading', { name: 'Environments', exact: true }).waitFor();
  assert.equal((await site.ask('GET', '/v1/secrets?environmentId=preview')).status, 404);
  await tab.end();
});

test('data keys are wrapped anew and rotated; what is sealed under them is served all the while', async () => {
  await site.put({ environmentId: 'staging' }, 'SEALED', 'still there');
  const tab = await open('#/e/staging/keys');
  await tab.page.getByText('Staging data key 1').waitFor();
  await tab.page.getByRole('button', { name: 'Rewrap…' }).click();
  await tab.page.getByRole('alertdialog').getByRole('button', { name: 'Rewrap' }).click();
  await tab.undoBar().filter({ hasText: '1 environment rewrapped.' }).waitFor();
  await tab.page.getByRole('button', { name: 'Rotate the data key…' }).click();
  assert.equal(await tab.axe(), '');
  await tab.page.getByRole('dialog').getByRole('button', { name: 'Rotate the data key' }).click();
  await tab.page.getByRole('dialog').getByText(/Data key 2: \d+ records? sealed anew\. Done\./).waitFor();
  await tab.page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
  await tab.page.getByText('Staging data key 2').waitFor();
  await tab.picture('keys-rotated');
  assert.equal((await served({ environmentId: 'staging' })).SEALED, 'still there');
  await tab.end();
});

test('a token is made, shown once, works, and is revoked', async () => {
  const tab = await open('#/e/prod/tokens');
  await tab.page.getByRole('button', { name: 'New token' }).first().click();
  await tab.page.getByLabel('Name', { exact: true }).fill('made-here');
  await tab.page.getByRole('button', { name: 'Create token' }).click();
  const confirm = tab.page.getByRole('button', { name: 'Confirm' });
  await confirm.or(tab.page.getByText('Copy it now')).waitFor();
  if (await confirm.isVisible()) {
    assert.equal(await tab.axe(), '');
    await tab.page.getByLabel('Personal token', { exact: true }).fill(site.token);
    await confirm.click();
  }
  await tab.page.getByText('Copy it now').waitFor();
  assert.equal(await tab.axe(), '');
  const shown = await tab.text('.token-shown');
  assert.match(shown, /export AGENT_INTERNAL_URL=http/);
  const token = /FLATFILE_BEARER_TOKEN=(cof_\S+)/.exec(shown)[1];
  assert.equal((await site.ask('GET', '/v1/secrets?environmentId=prod', { token })).status, 200);
  await tab.page.getByText('I have kept it').click();
  assert.ok(!(await tab.page.content()).includes(token));
  const row = tab.page.locator('main tr', { hasText: 'made-here' });
  await row.getByText('Revoke').click();
  assert.equal(await tab.axe(), '');
  const yes = tab.page.getByRole('alertdialog').getByRole('button', { name: 'Revoke' });
  await tab.page.route('**/v1/x/tokens?*', (route) => (route.request().method() === 'DELETE'
    ? route.fulfill({ status: 503, json: { errors: [{ message: 'the store does not answer' }], code: 'unavailable' } }) : route.fallback()));
  await yes.click();
  await tab.undoBar().filter({ hasText: 'Not revoked: the store does not answer' }).waitFor();
  assert.equal(await tab.undoBarWarns(), true);
  await tab.page.unroute('**/v1/x/tokens?*');
  await row.getByText('Revoke').click();
  await yes.click();
  await tab.undoBar().filter({ hasText: 'made-here revoked' }).waitFor();
  assert.equal(await tab.undoBarWarns(), false);
  assert.equal((await site.ask('GET', '/v1/secrets?environmentId=prod', { token })).status, 401);
  await tab.end();
});

test('what has expired or is damaged in the environment is the environment’s: a space overrides it, and gives that up again', async () => {
  await site.put(prod, 'EXPIRED_KEY', 'a', {});
  await site.put(prod, 'EXPIRED_KEY', 'b', { expiresAt: '2001-01-01T00:00:00Z' });
  const tab = await open('#/environments');
  await tab.patch('**/v1/x/secrets?*', (json) => { json.data.rows.find((row) => row.name === 'S3_ACCESS_KEY').state = 'damaged'; });
  await tab.go('#/e/prod/s/globex/secrets');
  for (const [name, version] of [['EXPIRED_KEY', 'v2'], ['S3_ACCESS_KEY', 'v1']]) {
    await tab.row(name).locator('button.name').focus();
    await tab.page.keyboard.press('o');
    await tab.page.getByRole('heading', { name: `Override ${name} in Globex` }).waitFor();
    assert.match(await tab.text('dialog .preview'), new RegExp(`Production ${version} becomes`));
    await tab.page.locator('dialog .value').first().fill('globex');
    await tab.page.keyboard.press('Control+Enter');
    await tab.undoBar().filter({ hasText: `${name} overridden in Globex: v1.` }).waitFor();
    await tab.page.getByRole('button', { name: 'Undo' }).click();
    await tab.undoBar().filter({ hasText: `${name} is no longer set in Globex.` }).waitFor();
  }
  await tab.end();
});

test('the undo of a replacement brings note and date back with the value', async () => {
  await site.put(staging, 'NOTED', 'one', { note: 'of one', rotateBy: '2031-01-31' });
  const tab = await open('#/e/staging/secrets');
  await tab.row('NOTED').getByText('Replace').click();
  await tab.page.locator('dialog .value').first().fill('two');
  await tab.page.getByRole('textbox', { name: /^Note/ }).fill('of two');
  await tab.page.getByLabel(/^Rotate by/).fill('');
  await tab.page.keyboard.press('Control+Enter');
  await tab.undoBar().filter({ hasText: 'NOTED replaced in Staging: v2.' }).waitFor();
  assert.equal((await told(staging, 'NOTED')).note, 'of two');
  assert.equal((await told(staging, 'NOTED')).rotateBy, undefined);
  await tab.page.getByRole('button', { name: 'Undo' }).click();
  await tab.undoBar().filter({ hasText: 'has the value of v1 again' }).waitFor();
  assert.equal((await served(staging)).NOTED, 'one');
  assert.equal((await told(staging, 'NOTED')).note, 'of one');
  assert.equal((await told(staging, 'NOTED')).rotateBy, '2031-01-31');
  await tab.end();
});

const ends = '2100-01-02T12:00:00.000Z';
const endField = (tab) => tab.page.locator('dialog').getByLabel(/^Expires/);

test('when a value ends is seen; what replaces it ends then too, or when the dialog says, and the undo brings it back', async () => {
  await site.put(staging, 'ENDS', 'one', { expiresAt: ends });
  const tab = await open('#/e/staging/secrets');
  await tab.row('ENDS').getByText('Expires 2 Jan 2100').waitFor();
  await tab.row('ENDS').locator('button.name').click();
  await tab.page.locator('dialog .layers').getByText('expires 2 Jan 2100').waitFor();
  await tab.page.locator('dialog .versions').getByText('expires 2 Jan 2100').waitFor();
  assert.equal(await tab.axe(), '');
  await tab.page.keyboard.press('Escape');
  const replace = async (date) => {
    await tab.row('ENDS').getByText('Replace').click();
    await tab.page.locator('dialog .value').first().fill('two');
    if (date !== undefined) await endField(tab).fill(date);
    await endField(tab).blur();
    return tab.text('dialog .preview');
  };
  const save = async (version) => {
    await tab.page.locator('dialog .value').first().press('Control+Enter');
    await tab.undoBar().filter({ hasText: `ENDS replaced in Staging: v${version}.` }).waitFor();
    return (await told(staging, 'ENDS')).expiresAt;
  };
  assert.match(await replace(), /Expires 2 Jan 2100, as before$/);
  assert.equal(await save(2), ends);
  assert.match(await replace(''), /Expires 2 Jan 2100 becomes never$/);
  assert.equal(await tab.axe(), '');
  await tab.picture('expiry');
  assert.equal(await save(3), undefined);
  await tab.page.getByRole('button', { name: 'Undo' }).click();
  await tab.undoBar().filter({ hasText: 'has the value of v2 again' }).waitFor();
  assert.equal((await told(staging, 'ENDS')).expiresAt, ends);
  await tab.row('ENDS').getByText('Expires 2 Jan 2100').waitFor();
  assert.match(await replace('2101-02-03'), /Expires 2 Jan 2100 becomes 3 Feb 2101$/);
  assert.equal(await save(5), new Date(2101, 1, 3, 23, 59, 59).toISOString());
  await replace('2001-01-01');
  const button = tab.page.locator('dialog').getByRole('button', { name: 'Replace in Staging' });
  assert.equal(await button.getAttribute('aria-disabled'), 'true');
  assert.equal(await button.getAttribute('title'), 'The day that it expires is over');
  await tab.end();
});

test('a version that is made current again ends as it did, and that is said; what replaces one that is over does not', async () => {
  await site.put(staging, 'BACK', 'one', { expiresAt: ends });
  await site.put(staging, 'BACK', 'two', { expiresAt: '2001-01-01T12:00:00Z' });
  const tab = await open('#/e/staging/secrets');
  await tab.row('BACK').locator('button.name').click();
  await tab.page.locator('dialog .versions').getByText('expired 1 Jan 2001').waitFor();
  await tab.page.getByRole('button', { name: 'Make v1 current again' }).click();
  await tab.page.getByText('nothing is lost. It expires 2 Jan 2100, as v1 did.').waitFor();
  await tab.agree('Make v1 current again');
  await tab.undoBar().filter({ hasText: 'has the value of v1 again' }).waitFor();
  assert.equal((await told(staging, 'BACK')).expiresAt, ends);
  await tab.page.getByRole('button', { name: 'Make v2 current again' }).click();
  await tab.page.getByText('v2 expired 1 Jan 2001, and so has this: programs get an error until it is replaced.').waitFor();
  await tab.agree('Make v2 current again');
  await tab.undoBar().filter({ hasText: 'has the value of v2 again' }).waitFor();
  await tab.page.keyboard.press('Escape');
  await tab.row('BACK').getByText('Replace').click();
  assert.equal(await endField(tab).inputValue(), '');
  await tab.page.locator('dialog .value').first().fill('three');
  await tab.page.keyboard.press('Control+Enter');
  await tab.undoBar().filter({ hasText: 'BACK replaced in Staging: v5.' }).waitFor();
  assert.equal((await served(staging)).BACK, 'three');
  await tab.end();
});

test('a paste keeps when what it replaces ends, and says it', async () => {
  await site.put(staging, 'ENDS_TOO', 'one', { expiresAt: ends });
  const tab = await open('#/e/staging/secrets');
  await tab.page.getByRole('button', { name: 'Paste .env' }).first().click();
  await tab.page.locator('dialog textarea').fill('ENDS_TOO=2\n');
  await tab.page.locator('dialog .paste-table').getByText('replace v1, still expires 2 Jan 2100').waitFor();
  await tab.page.getByRole('button', { name: 'Save 1' }).click();
  await tab.undoBar().filter({ hasText: '1 name saved in Staging.' }).waitFor();
  assert.equal((await told(staging, 'ENDS_TOO')).expiresAt, ends);
  await tab.end();
});

test('a name that is there, typed as a new one, keeps its note and its date', async () => {
  await site.put(staging, 'THERE', 'one', { note: 'of THERE', rotateBy: '2031-01-31' });
  await site.put(staging, 'OTHER', 'one', { note: 'of OTHER' });
  const tab = await open('#/e/staging/secrets');
  const note = tab.page.getByRole('textbox', { name: /^Note/ });
  const asNew = async (name) => {
    await tab.page.getByRole('button', { name: 'New secret' }).first().click();
    await tab.page.getByLabel('Name', { exact: true }).fill(name);
    await tab.page.locator('dialog .value').first().fill('two');
  };
  await asNew('THERE');
  assert.equal(await note.inputValue(), 'of THERE');
  assert.equal(await tab.page.getByLabel(/^Rotate by/).inputValue(), '2031-01-31');
  await tab.page.keyboard.press('Control+Enter');
  await tab.undoBar().filter({ hasText: 'THERE replaced in Staging: v2.' }).waitFor();
  assert.equal((await told(staging, 'THERE')).note, 'of THERE');
  assert.equal((await told(staging, 'THERE')).rotateBy, '2031-01-31');
  await asNew('THER');
  await note.fill('typed');
  await tab.page.getByLabel('Name', { exact: true }).fill('OTHER');
  assert.equal(await note.inputValue(), 'typed');
  await tab.page.keyboard.press('Control+Enter');
  await tab.undoBar().filter({ hasText: 'OTHER replaced in Staging: v2.' }).waitFor();
  assert.equal((await told(staging, 'OTHER')).note, 'typed');
  await tab.end();
});

test('of an environment what was changed is sent alone: neither a default, nor what another set since', async () => {
  const reveal = async () => (await site.must('GET', '/v1/x/environments')).data.find((one) => one.id === 'staging').reveal;
  const tab = await open('#/e/staging/general');
  const change = async (act) => {
    await tab.page.getByRole('button', { name: 'Change…' }).click();
    await act();
    await tab.page.getByRole('button', { name: 'Save', exact: true }).click();
    await tab.page.locator('dialog').waitFor({ state: 'detached' });
  };
  await change(() => tab.page.getByLabel('Name', { exact: true }).fill('Stage'));
  await change(() => tab.page.getByLabel(/^Production:/).check());
  assert.equal(await reveal(), 'never');
  await change(() => tab.page.getByLabel(/^Production:/).uncheck());
  assert.equal(await reveal(), 'allowed');
  await site.must('PATCH', '/v1/x/environments?environmentId=staging', { reveal: 'never' });
  await change(() => tab.page.getByLabel('Name', { exact: true }).fill('Staging'));
  assert.equal(await reveal(), 'never');
  await change(() => {});
  assert.deepEqual(tab.traffic.filter((one) => one.method === 'PATCH').map((one) => one.body),
    ['{"name":"Stage"}', '{"isProd":true}', '{"isProd":false}', '{"name":"Staging"}']);
  await tab.end();
});

test('what is put back in production shows what changes, asks for its name, and can be undone', async () => {
  await site.put(prod, 'BACK_KEY', 'back');
  await site.must('DELETE', `/v1/x/secret?${query({ ...prod, name: 'BACK_KEY' })}`);
  const tab = await open('#/e/prod/secrets?group=removed');
  await tab.row('BACK_KEY').getByText('Put back').click();
  assert.match(await tab.text('dialog.is-prod .preview'), /no value becomes v3 .*4 spaces will get the new value/);
  const go = tab.page.getByRole('button', { name: 'Put back into Production' });
  assert.equal(await go.getAttribute('aria-disabled'), 'true');
  assert.equal(await tab.axe(), '');
  await tab.page.getByLabel('Type Production to go on').fill('Production');
  await go.click();
  await tab.undoBar().filter({ hasText: 'BACK_KEY is back in Production.' }).waitFor();
  assert.equal((await served(prod)).BACK_KEY, 'back');
  await tab.page.getByRole('button', { name: 'Undo' }).click();
  await tab.undoBar().filter({ hasText: 'BACK_KEY is removed from Production again.' }).waitFor();
  assert.ok(!('BACK_KEY' in await served(prod)));
  await tab.go('#/e/prod/s/globex/secrets');
  await tab.row('DB_URL').getByText('Override').click();
  await tab.page.locator('dialog.is-prod').waitFor();
  await tab.end();
});

test('what is done without a question says in the bar that it was not done', async () => {
  await site.put({ environmentId: 'staging' }, 'NOT_BACK', 'x');
  await site.must('DELETE', `/v1/x/secret?${query({ environmentId: 'staging', name: 'NOT_BACK' })}`);
  const tab = await open('#/e/staging/secrets?group=removed');
  await tab.page.route('**/v1/x/secret/undelete?*', (route) => route.fulfill({ status: 503, json: { errors: [{ message: 'the store does not answer' }], code: 'unavailable' } }));
  await tab.row('NOT_BACK').getByText('Put back').click();
  await tab.undoBar().filter({ hasText: 'Not done: the store does not answer' }).waitFor();
  assert.equal(await tab.undoBarWarns(), true);
  await tab.end();
});

test('an undo that failed can be tried again; one that ends late leaves the next save’s bar', async () => {
  const tab = await open('#/e/prod/s/globex/secrets');
  const press = async (name) => {
    await tab.row(name).locator('button.name').focus();
    await tab.page.keyboard.press('h');
  };
  const hide = async (name) => {
    await press(name);
    await tab.agree('Hide in Globex');
    await tab.undoBar().filter({ hasText: `${name} is hidden in Globex` }).waitFor();
  };
  const refuse = (route) => route.fulfill({ status: 503, json: { errors: [{ message: 'the store does not answer' }], code: 'unavailable' } });
  const unhide = '**/v1/x/secret/unhide?*';
  await tab.page.route('**/v1/x/secret/hide?*', refuse);
  await press('DB_URL');
  await tab.agree('Hide in Globex');
  await tab.page.locator('dialog .problem').getByText('Not done: the store does not answer').waitFor();
  await tab.agree('Cancel');
  await tab.page.unroute('**/v1/x/secret/hide?*');
  await hide('DB_URL');
  assert.equal(await tab.undoBarWarns(), false);
  await tab.page.route(unhide, refuse);
  await tab.page.getByRole('button', { name: 'Undo' }).click();
  await tab.undoBar().filter({ hasText: 'Not undone: the store does not answer' }).waitFor();
  assert.equal(await tab.undoBarWarns(), true);
  assert.equal(await tab.axe(), '');
  await tab.page.unroute(unhide);
  let go;
  const held = new Promise((resolve) => { go = resolve; });
  await tab.page.route(unhide, async (route) => { await held; await route.continue(); });
  await tab.page.getByRole('button', { name: 'Undo' }).click();
  await hide('S3_ACCESS_KEY');
  go();
  await tab.row('DB_URL').getByText('Inherited').waitFor();
  assert.match(await tab.text(tab.undoBar()), /S3_ACCESS_KEY is hidden in Globex/);
  await tab.page.unroute(unhide);
  await tab.page.getByRole('button', { name: 'Undo' }).click();
  await tab.row('S3_ACCESS_KEY').getByText('Inherited').waitFor();
  await tab.end();
});

test('what was saved can be taken back for thirty seconds, and no longer', async () => {
  await site.put(staging, 'TAKEN_BACK', 'one');
  const tab = await open('#/e/staging/secrets', { init: (page) => page.clock.install() });
  await tab.row('TAKEN_BACK').getByText('Replace').click();
  await tab.page.locator('dialog .value').first().fill('two');
  await tab.page.keyboard.press('Control+Enter');
  const undo = tab.page.locator('.undo-bar').getByRole('button', { name: 'Undo' });
  await undo.waitFor();
  await tab.page.clock.runFor(25_000);
  assert.ok(await undo.isVisible());
  await tab.page.clock.runFor(6_000);
  assert.equal(await undo.isVisible(), false);
  await tab.row('TAKEN_BACK').getByText('v2').waitFor();
  await tab.page.keyboard.press('z');
  await tab.row('TAKEN_BACK').locator('button.name').click(); // later: in its versions
  await tab.page.getByRole('button', { name: 'Make v1 current again' }).waitFor();
  assert.equal((await served(staging)).TAKEN_BACK, 'two');
  await tab.end();
});

test('the browser asks before the page with what was typed is left, not otherwise', async () => {
  const tab = await open('#/e/staging/secrets');
  tab.expected.push(/a browser's own dialog/);
  await tab.page.getByRole('button', { name: 'New secret' }).first().click();
  await tab.page.locator('dialog .value').first().focus();
  await tab.page.keyboard.type('typed');
  const asked = tab.page.waitForEvent('dialog');
  await tab.page.evaluate(() => { setTimeout(() => location.reload(), 0); });
  assert.equal((await asked).type(), 'beforeunload');
  assert.equal(await tab.page.locator('dialog .value').first().inputValue(), 'typed');
  await tab.page.locator('dialog .value').first().fill('');
  await tab.page.keyboard.press('Escape');
  await tab.page.locator('dialog').waitFor({ state: 'detached' });
  await tab.page.reload();
  await tab.settled();
  assert.equal(tab.problems.length, 1);
  await tab.end();
});

test('an override that is due is to be replaced first, and its date is in the details; past it, it is overdue', async () => {
  const day = (days) => new Date(Date.now() + days * 24 * 3600_000).toISOString().slice(0, 10);
  await site.put(prod, 'DUE_OVER', 'all');
  await site.put(acme, 'DUE_OVER', 'own', { rotateBy: day(3) });
  await site.put(acme, 'LATE_OWN', 'own', { rotateBy: day(-3) });
  const tab = await open('#/e/prod/s/acme/secrets');
  assert.equal(await tab.row('DUE_OVER').locator('.act button').innerText(), 'Replace');
  assert.match(await tab.text(tab.row('LATE_OWN')), /Overdue since \d+ \w+/);
  await tab.row('DUE_OVER').locator('button.name').click();
  await tab.page.locator('dialog.drawer .layers').getByText(/^rotate by \d+ \w+/).waitFor();
  await tab.page.locator('dialog.drawer').getByRole('button', { name: 'Use Production’s value again…' }).waitFor();
  await tab.end();
});

test('a page that is left open says how long ago it is now', async () => {
  await site.put(staging, 'AGING', 'one');
  const tab = await open('#/environments', { init: (page) => page.clock.install() });
  await tab.go('#/e/staging/secrets');
  await tab.row('AGING').locator('time').first().waitFor();
  await tab.page.clock.runFor(7 * 60_000);
  await tab.row('AGING').getByText(/^[78] min ago$/).waitFor();
  await tab.end();
});

test('from the filter the arrow leads to the first row, and Escape twice out of it', async () => {
  await site.put(staging, 'REACHED_KEY', 'one');
  const tab = await open('#/e/staging/secrets');
  await tab.row('REACHED_KEY').waitFor();
  await tab.page.keyboard.press('/');
  await tab.page.keyboard.type('REACHED');
  await tab.page.keyboard.press('ArrowDown');
  const focused = () => tab.page.evaluate(() => document.activeElement.dataset.focus ?? document.activeElement.tagName);
  assert.equal(await focused(), 'name:REACHED_KEY');
  await tab.page.keyboard.press('/');
  await tab.page.keyboard.press('Escape');
  await tab.page.keyboard.press('Escape');
  assert.equal(await focused(), 'BODY');
  await tab.end();
});

test('the preview says what is there now, not when the list was made, and how many tokens may read it', async () => {
  await site.put(prod, 'SEEN_KEY', 'one');
  const gone = { environmentId: 'prod', spaceId: 'globex' };
  await site.put(gone, 'SEEN_KEY', 'was here');
  await site.must('DELETE', `/v1/x/secret?${query({ ...gone, name: 'SEEN_KEY' })}`);
  const mine = await site.must('POST', '/v1/x/tokens', { name: 'reader', grants: [{ role: 'service', environmentId: 'prod', names: ['SEEN_*'] }] });
  const other = await site.must('POST', '/v1/x/tokens', { name: 'blind', grants: [{ role: 'service', environmentId: 'prod', names: ['OTHER_*'] }] });
  const all = (await site.must('GET', '/v1/x/tokens?environmentId=prod')).data;
  assert.ok(mine.data && other.data && all.some((one) => one.name === 'reader'));
  const reading = all.filter((one) => one.grants.some((grant) => grant.role === 'service') && one.name !== 'blind').length;
  const tab = await open('#/e/prod/secrets');
  await tab.row('SEEN_KEY').waitFor();
  await site.must('POST', `/v1/x/secret/hide?${query({ ...acme, name: 'SEEN_KEY' })}`, {});
  await tab.row('SEEN_KEY').getByText('Replace').click();
  await tab.page.locator('dialog .preview').getByText('stays hidden').waitFor();
  assert.match(await tab.text('dialog .preview'), new RegExp(`v1 becomes v2 ${reading} tokens? may read it 3 spaces`));
  assert.match(await tab.text('dialog .dialog-foot'), /Replace in Production ⌃↵/);
  assert.equal(await tab.axe(), '');
  await tab.page.keyboard.press('Escape');
  await tab.go('#/e/prod/s/globex/secrets');
  await tab.row('SEEN_KEY').getByText('Override').click();
  await tab.page.locator('dialog .preview').getByText('its own v3').waitFor();
  await tab.end();
});

// Makes the token of the dialog that is open, entering the personal token where that is wanted.
async function createToken(tab, token = site.token) {
  await tab.page.getByRole('button', { name: 'Create token' }).click();
  const confirm = tab.page.getByRole('button', { name: 'Confirm' });
  await confirm.or(tab.page.getByText('Copy it now')).waitFor();
  if (await confirm.isVisible()) {
    await tab.page.getByLabel('Personal token', { exact: true }).fill(token);
    await confirm.click();
  }
  await tab.page.getByText('Copy it now').waitFor();
}

test('a new token is not lost by Escape or Back before it was copied or kept', async () => {
  const tab = await open('#/e/prod/spaces');
  await tab.go('#/e/prod/tokens');
  await tab.page.context().grantPermissions(['clipboard-write']);
  await tab.page.getByRole('button', { name: 'New token' }).first().click();
  await tab.page.getByLabel('Name', { exact: true }).fill('kept');
  await createToken(tab);
  const asked = tab.page.getByRole('alertdialog').filter({ hasText: 'Close without the token?' });
  for (const leave of [() => tab.page.keyboard.press('Escape'), () => tab.page.evaluate(() => history.back())]) {
    await leave();
    await asked.waitFor();
    assert.equal(await tab.axe(), '');
    await asked.getByRole('button', { name: 'Back to the token' }).click();
    await tab.page.locator('.token-shown').waitFor();
  }
  await tab.page.getByRole('button', { name: 'Copy token' }).click();
  await tab.page.getByRole('button', { name: 'Copied' }).waitFor();
  await tab.page.keyboard.press('Escape');
  await tab.page.locator('dialog').waitFor({ state: 'detached' });
  await tab.end();
});

test('a token for several spaces, and for no other', async () => {
  const tab = await open('#/e/prod/tokens');
  await tab.page.getByRole('button', { name: 'New token' }).first().click();
  await tab.page.getByLabel('Name', { exact: true }).fill('two-spaces');
  const space = tab.page.getByLabel('Only these spaces optional');
  await space.fill('Customer Acme');
  await space.press('Enter');
  await tab.page.locator('.chosen').getByText('Customer Acme').waitFor();
  await space.fill('nowhere');
  await space.press('Enter');
  await tab.page.getByText('No space is called “nowhere”').waitFor();
  await tab.page.getByRole('button', { name: 'Create token' }).click();
  await tab.page.getByText('Add the space that you typed, or take it out').waitFor();
  await space.fill('globxe');
  await space.press('Enter');
  await tab.page.getByText('No space is called “globxe”. Did you mean').getByRole('button', { name: 'Globex' }).click();
  assert.equal(await space.inputValue(), 'Globex');
  await tab.page.getByRole('button', { name: 'Add', exact: true }).click();
  await tab.page.locator('.chosen').getByText('Globex').waitFor();
  assert.equal(await tab.axe(), '');
  await tab.picture('token-of-two-spaces');
  await createToken(tab);
  const token = /FLATFILE_BEARER_TOKEN=(cof_\S+)/.exec(await tab.text('.token-shown'))[1];
  await tab.page.getByText('I have kept it').click();
  assert.match(await tab.text(tab.page.locator('main tr', { hasText: 'two-spaces' })), /Production › Customer Acme .*Production › Globex/);
  const status = async (where) => (await site.ask('GET', `/v1/secrets?environmentId=prod${where}`, { token })).status;
  assert.deepEqual([await status('&spaceId=acme'), await status('&spaceId=globex')], [200, 200]);
  for (const where of ['', '&spaceId=bolt']) assert.ok(await status(where) >= 403, where);
  await tab.end();
});
