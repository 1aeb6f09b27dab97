// SPDX-License-Identifier: BSL-1.0
// What is typed and pasted: kept as it is, said where it can't be, and previewed before it is saved.
import test from 'node:test';
import assert from 'node:assert/strict';
import { browser, open, served, site } from './here.mjs';
import { Site } from './site.mjs';

const inDialog = (tab) => tab.page.locator('dialog');

test('a value with line breaks stays multi-line, and says why', async () => {
  const tab = await open('#/e/staging/secrets');
  await tab.page.getByRole('button', { name: 'New secret' }).first().click();
  const box = tab.page.getByLabel('multi-line');
  await box.check();
  await tab.page.locator('dialog textarea.value').fill('a\nb');
  await box.click();
  await tab.page.getByText('It has line breaks: it stays multi-line.').waitFor();
  assert.ok(await box.isChecked());
  await tab.page.getByLabel('Name', { exact: true }).fill('TWO_LINES');
  await tab.page.keyboard.press('Control+Enter');
  await tab.undoBar().filter({ hasText: 'TWO_LINES set' }).waitFor();
  assert.equal((await served({ environmentId: 'staging' })).TWO_LINES, 'a\nb');
  await tab.end();
});

test('a value that is trimmed keeps the focus; of blanks nothing is left to save', async () => {
  const tab = await open('#/e/staging/secrets');
  await tab.page.getByRole('button', { name: 'New secret' }).first().click();
  await tab.page.getByLabel('Name', { exact: true }).fill('TRIMMED');
  await tab.page.locator('dialog .value').first().fill('   ');
  await tab.page.getByRole('button', { name: 'Trim it' }).click();
  const save = tab.page.locator('dialog .dialog-foot button.primary');
  assert.equal(await save.getAttribute('aria-disabled'), 'true');
  await tab.page.locator('dialog .value').first().fill(' v ');
  await tab.page.getByRole('button', { name: 'Trim it' }).click();
  await tab.page.keyboard.press('Control+Enter');
  await tab.undoBar().filter({ hasText: 'TRIMMED set' }).waitFor();
  assert.equal((await served({ environmentId: 'staging' })).TRIMMED, 'v');
  await tab.end();
});

test('an id that is taken is said to be there already', async () => {
  const tab = await open('#/environments');
  await tab.page.getByRole('button', { name: 'New environment' }).first().click();
  await tab.page.getByLabel('Name', { exact: true }).fill('Other');
  await tab.page.getByLabel(/^Id/).fill('staging');
  await tab.page.keyboard.press('Enter');
  await inDialog(tab).getByText('There is already one with the id staging.').waitFor();
  await tab.page.getByLabel(/^Id/).fill('');
  await tab.page.getByLabel('Name', { exact: true }).fill('');
  await tab.page.keyboard.press('Escape');
  await tab.go('#/e/prod/spaces');
  await tab.page.getByRole('button', { name: 'New space' }).first().click();
  await tab.page.getByLabel('Name', { exact: true }).fill('Other');
  await tab.page.getByLabel(/^Id/).fill('acme');
  await tab.page.keyboard.press('Enter');
  await inDialog(tab).getByText('There is already one with the id acme.').waitFor();
  await tab.end();
});

test('who revokes the token of this session is warned, and signed out without being asked to sign in again', async () => {
  const made = (await site.must('POST', '/v1/x/tokens', { name: 'short', grants: [{ role: 'operator' }] })).data;
  const session = (await site.ask('POST', '/v1/x/session', { token: made.token, body: {}, headers: { 'sec-fetch-site': 'same-origin' } })).json.data;
  const tab = await browser.open(site.url, { session, at: '#/e/staging/tokens' });
  const row = tab.page.locator('main tr', { hasText: 'you' });
  await row.getByRole('button', { name: 'Revoke' }).click();
  await tab.page.getByRole('alertdialog').getByText('This is the token that you are signed in with: you are signed out.').waitFor();
  await tab.pictures('revoke-own');
  await tab.page.getByRole('alertdialog').getByRole('button', { name: 'Revoke' }).click();
  await tab.page.getByRole('heading', { name: 'Sign in', exact: true }).waitFor();
  await tab.end();
});

test('production shows what changes in a paste, in an older version, in a selection', async () => {
  const tab = await open('#/e/prod/secrets');
  await tab.page.getByRole('button', { name: 'Paste .env' }).first().click();
  await tab.page.locator('dialog textarea').fill('SLACK_TOKEN=xoxb-2\nBRAND_NEW=1');
  const lines = tab.page.locator('dialog tbody tr');
  assert.match(await tab.text(lines.nth(0)), /SLACK_TOKEN 6 characters replace v2 2 spaces get it · 2 keep their own/);
  assert.match(await tab.text(lines.nth(1)), /BRAND_NEW 1 character new to each space without its own$/);
  await tab.page.getByText('This is production. Type Production to save').waitFor();
  assert.equal(await tab.axe(), '');
  await tab.pictures('paste-production');
  await tab.page.locator('dialog textarea').fill('');
  await tab.page.keyboard.press('Escape');
  await tab.row('SLACK_TOKEN').locator('button.name').click();
  await tab.page.getByRole('button', { name: 'Make v1 current again' }).click();
  await tab.page.getByRole('region', { name: 'What changes' }).getByText('will get the new value at their next read').waitFor();
  assert.match(await tab.text('dialog .preview'), /Production v2 becomes v3 .*2 spaces .*2 spaces keep their override/);
  await tab.page.keyboard.press('Escape');
  await tab.page.keyboard.press('Escape');
  await tab.go('#/e/prod/matrix');
  await tab.page.locator('.grid-cell.blue').first().click();
  await tab.page.getByRole('button', { name: 'Hide', exact: true }).click();
  assert.ok(await tab.page.locator('dialog').evaluate((one) => one.classList.contains('is-prod')));
  await tab.end();
});

test('the form for a reason: Enter shows the value, Escape with nothing typed asks nothing', async () => {
  const other = await Site.open({ args: ['--reveal', 'reason'] });
  try {
    await other.must('PATCH', '/v1/x/environments?environmentId=staging', { reveal: 'allowed' });
    await other.put({ environmentId: 'staging' }, 'SHOWN', 'seen-for-a-reason');
    const tab = await browser.open(other.url, { session: await other.session(), at: '#/e/staging/secrets' });
    await tab.row('SHOWN').locator('button.name').click();
    await tab.page.getByRole('button', { name: 'Show the value…' }).click();
    await tab.page.getByLabel('Reason').waitFor();
    await tab.page.keyboard.press('Escape');
    await tab.page.locator('dialog').waitFor({ state: 'detached' });
    await tab.row('SHOWN').locator('button.name').click();
    await tab.page.getByRole('button', { name: 'Show the value…' }).click();
    await tab.page.keyboard.type('to try it');
    await tab.page.keyboard.press('Escape');
    await tab.page.getByText('Discard what you typed?').waitFor();
    await tab.page.keyboard.press('Escape');
    await tab.page.getByLabel('Reason').press('Enter');
    assert.equal(await tab.text('.revealed'), 'seen-for-a-reason');
    await tab.end();
  } finally {
    await other.end();
  }
});

test('after a conflict the preview begins from what is there now; its late part moves nothing', async () => {
  const tab = await open('#/e/prod/s/globex/secrets');
  let go;
  const held = new Promise((resolve) => { go = resolve; });
  await tab.page.route('**/v1/x/secret?*', async (route) => { if (route.request().method() === 'GET') await held; await route.continue(); });
  await site.must('POST', '/v1/x/tokens', { name: 'reads all', grants: [{ role: 'service', environmentId: 'prod' }] });
  await tab.row('DB_URL').getByRole('button', { name: 'Override' }).click();
  const foot = tab.page.locator('dialog .dialog-foot');
  const before = (await foot.boundingBox()).y;
  go();
  await tab.page.locator('dialog .preview').getByText('may read it').waitFor();
  assert.equal((await foot.boundingBox()).y, before);
  await site.put({ environmentId: 'prod', spaceId: 'globex' }, 'DB_URL', 'theirs', { by: 'admin' });
  await tab.page.locator('dialog .value').first().fill('mine');
  await tab.page.keyboard.press('Control+Enter');
  await tab.page.locator('dialog .conflict').getByText('Ben set v1').waitFor();
  await tab.page.locator('dialog .preview').getByText('its own v1').waitFor();
  assert.match(await tab.text('dialog .preview'), /Globex its own v1 becomes its own v2/);
  await tab.end();
});
