// SPDX-License-Identifier: BSL-1.0
// What each role sees and may do. What is not theirs is absent, or disabled with the reason in words.
import test from 'node:test';
import assert from 'node:assert/strict';
import { browser, open, site } from './here.mjs';
import { Site } from './site.mjs';

const side = (tab) => tab.text('nav.side');

// What each role gets of each screen: shown, or a panel in its place that says why not.
const screens = {
  secrets: '#/e/prod/secrets', spaces: '#/e/prod/spaces', matrix: '#/e/prod/matrix', requirements: '#/e/prod/requirements', tokens: '#/e/prod/tokens',
  keys: '#/e/prod/keys', activity: '#/e/prod/activity', general: '#/e/prod/general', overview: '#/e/prod/s/acme/overview', own: '#/e/prod/s/acme/secrets',
  'own tokens': '#/e/prod/s/acme/tokens', 'own activity': '#/e/prod/s/acme/activity', other: '#/e/prod/s/bolt/secrets',
};
const refusedTo = {
  ana: [], operator: [],
  admin: ['keys'],
  spaceAdmin: ['secrets', 'matrix', 'requirements', 'tokens', 'keys', 'activity', 'own tokens', 'own activity', 'other'],
  auditor: ['tokens', 'keys', 'own tokens'],
  service: ['tokens', 'keys', 'activity', 'own tokens', 'own activity'],
};
for (const [person, refused] of Object.entries(refusedTo)) {
  test(`each screen as ${person}: shown, or refused in words`, async () => {
    const tab = await open('#/environments', { as: person });
    const found = [];
    for (const [name, hash] of Object.entries(screens)) {
      await tab.go(hash);
      assert.equal(await tab.page.locator('main .panel.error').count(), 0, `${name}: an error`);
      if (await tab.page.locator('main :is(.panel.denied, .panel.search)').count() > 0) found.push(name);
      if (name === 'secrets' || name === 'own') await tab.picture(`role-${person.toLowerCase()}-${name}`);
    }
    assert.deepEqual(found, refused);
    await tab.end();
  });
}

test('an environment admin changes values of his environment and sees no other', async () => {
  const tab = await open('#/e/prod/secrets', { as: 'admin' });
  const navigation = await side(tab);
  assert.match(navigation, /Production/);
  assert.doesNotMatch(navigation, /Staging|Keys/);
  const make = tab.page.locator('nav.side').getByRole('button', { name: 'New environment' });
  assert.equal(await make.getAttribute('title'), 'Making an environment needs the role operator');
  await make.click({ force: true });
  assert.equal(await tab.page.locator('dialog').count(), 0);
  assert.notEqual(await tab.row('DB_URL').locator('.act button').getAttribute('aria-disabled'), 'true');
  assert.equal(await tab.axe(), '');
  await tab.go('#/e/staging/secrets');
  await tab.page.getByText('There is nothing here').waitFor();
  await tab.end();
});

test('who may not reveal is offered the tokens that they can give, and told why not the others', async () => {
  const tab = await open('#/e/prod/tokens', { as: 'admin' });
  await tab.page.getByRole('button', { name: 'New token' }).first().click();
  const role = tab.page.getByLabel('Role');
  assert.equal(await role.inputValue(), 'env-admin');
  const off = await role.locator('option[disabled]').allInnerTexts();
  assert.deepEqual(off, ['service: not possible, your own token may not reveal values', 'operator: not possible, only an operator makes another']);
  const reveal = tab.page.getByLabel(/may be shown values/);
  assert.ok(await reveal.isDisabled());
  assert.equal(await tab.axe(), '');
  // Each that is offered is given.
  const token = await site.tokenOf('admin');
  for (const [key, grant] of [['env-admin', {}], ['space-admin', { spaceId: 'acme' }], ['auditor', {}]])
    assert.equal((await site.ask('POST', '/v1/x/tokens', { token, body: { name: key, grants: [{ role: key, environmentId: 'prod', ...grant }] } })).status, 200, key);
  assert.equal((await site.ask('POST', '/v1/x/tokens', { token, body: { name: 's', grants: [{ role: 'service', environmentId: 'prod' }] } })).status, 403);
  await tab.end();
});

test('an operator sees all names, manages spaces and tokens, and changes no value', async () => {
  const tab = await open('#/e/prod/secrets', { as: 'operator' });
  assert.match(await side(tab), /Production.*Staging.*New environment/);
  const act = tab.row('DB_URL').locator('.act button');
  assert.equal(await act.getAttribute('aria-disabled'), 'true');
  assert.match(await act.getAttribute('title'), /Changing Production needs the role environment admin/);
  assert.match(await tab.text('.refused'), /needs the role environment admin/);
  await act.click({ force: true });
  await tab.row('DB_URL').locator('button.name').focus();
  await tab.page.keyboard.press('o');
  await tab.page.keyboard.press('n');
  assert.equal(await tab.page.locator('dialog').count(), 0);
  await tab.pictures('operator');
  await tab.go('#/e/prod/spaces');
  assert.notEqual(await tab.page.getByRole('button', { name: 'New space' }).getAttribute('aria-disabled'), 'true');
  await tab.end();
});

test('what is not told of an environment is not told as nothing', async () => {
  const tab = await open('#/environments', { as: 'spaceAdmin' });
  assert.match(await tab.text(tab.row('prod')), /prod 1 space Spaces$/);
  await tab.patch('**/v1/x/environments', (json) => {
    json.data = json.data.map(({ id, rights }) => ({ id, name: id, rights, state: 'key_disabled' }));
  });
  await tab.page.reload();
  await tab.settled();
  await tab.go('#/e/prod/general');
  assert.match(await tab.text('main .facts'), /^Id prod Production not known: it can’t be read Values may be shown not known: it can’t be read Holds not known: it can’t be read$/);
  await tab.end();
});

test('a space admin has his space alone, with names of what it inherits', async () => {
  const tab = await open('#/e/prod/spaces', { as: 'spaceAdmin' });
  assert.equal(await tab.page.locator('main tbody tr').count(), 1);
  await tab.page.getByRole('link', { name: 'Customer Acme' }).click();
  await tab.page.getByRole('heading', { name: 'Secrets of Customer Acme' }).waitFor();
  await tab.settled();
  assert.match(await tab.text(tab.row('DB_URL')), /Inherited/);
  await tab.row('DB_URL').getByText('Override').click();
  await tab.page.locator('dialog .value').first().fill('sam’s own');
  await tab.page.keyboard.press('Control+Enter');
  await tab.undoBar().filter({ hasText: 'DB_URL overridden in Customer Acme' }).waitFor();
  assert.equal(await tab.axe(), '');
  await tab.go('#/e/prod/s/bolt/secrets');
  await tab.page.locator('.panel').waitFor();
  assert.equal(await tab.page.locator('main [data-row]').count(), 0);
  await tab.end();
});

test('what is held in another environment opens nothing in this one: neither links nor a new token', async () => {
  const tab = await open('#/e/prod/s/acme/secrets', { as: 'twoPlaces' });
  assert.doesNotMatch(await side(tab), /Tokens|Activity/);
  await tab.go('#/e/prod/s/acme/tokens');
  for (const button of await tab.page.getByRole('button', { name: 'New token' }).all()) assert.equal(await button.getAttribute('aria-disabled'), 'true');
  assert.equal(await tab.page.getByText('No tokens for this yet').count(), 0);
  assert.equal(await tab.page.locator('.panel.denied').count(), 1);
  await tab.go('#/e/staging/tokens');
  assert.match(await side(tab), /Tokens/);
  assert.notEqual(await tab.page.getByRole('button', { name: 'New token' }).first().getAttribute('aria-disabled'), 'true');
  await tab.end();
});

test('an auditor sees names and activity, and may change nothing', async () => {
  const tab = await open('#/e/prod/s/acme/secrets', { as: 'auditor' });
  for (const button of await tab.page.locator('main .act button').all()) {
    const label = await button.innerText();
    if (!/Review|How to restore/.test(label)) assert.equal(await button.getAttribute('aria-disabled'), 'true', label);
  }
  assert.equal(await tab.page.getByRole('button', { name: /New secret/ }).getAttribute('aria-disabled'), 'true');
  await tab.row('SLACK_TOKEN').locator('button.name').click();
  await tab.page.locator('dialog .layers').waitFor();
  for (const button of await tab.page.locator('dialog .drawer-actions button').all()) {
    if (!/Copy name/.test(await button.innerText())) assert.equal(await button.getAttribute('aria-disabled'), 'true');
  }
  assert.equal(await tab.axe(), '');
  await tab.end();
});

test('a refusal names the right that is missing, what it is for and who has it', async () => {
  const tab = await open('#/e/prod/keys', { as: 'auditor' });
  await tab.page.locator('.panel.denied').getByText('This token has not the right keys here, to see the keys, make and remove environments; who has it: operator.').waitFor();
  assert.equal(await tab.axe(), '');
  await tab.pictures('right-missing');
  await tab.end();
});

test('reveal: off by default; with it a reason, the token again, thirty seconds', async () => {
  const off = await open('#/e/prod/s/acme/secrets');
  await off.row('SLACK_TOKEN').locator('button.name').click();
  await off.page.locator('dialog .layers').waitFor();
  assert.equal(await off.page.getByText('Show the value').count(), 0);
  await off.end();

  const other = await Site.open({ args: ['--reveal', 'reason'] });
  try {
    await other.must('PATCH', '/v1/x/environments?environmentId=staging', { reveal: 'allowed' });
    await other.put({ environmentId: 'staging' }, 'SHOWN', 'the shown value');
    const tab = await browser.open(other.url, { session: await other.session(), at: '#/e/staging/secrets' });
    await tab.row('SHOWN').locator('button.name').click();
    await tab.page.getByText('Show the value…').click();
    await tab.page.clock.install();
    await tab.page.getByText('Show for 30 s').click();
    await tab.page.getByText('A reason is needed').waitFor();
    await tab.page.getByLabel('Reason').fill('a test of showing');
    // Cancelled before the answer comes: it is thrown away.
    const reveal = '**/v1/x/secret/reveal?*';
    let go;
    const held = new Promise((resolve) => { go = resolve; });
    await tab.page.route(reveal, async (route) => { await held; await route.fulfill({ json: { data: { name: 'SHOWN', version: 1, value: 'late' } } }); });
    const late = tab.page.waitForResponse(reveal);
    await tab.page.getByText('Show for 30 s').click();
    const focused = () => tab.page.evaluate(() => document.activeElement.innerText);
    await tab.page.locator('.reveal').getByRole('button', { name: 'Cancel' }).click();
    assert.equal(await focused(), 'Show the value…'); // the keys of the details work on
    go();
    await (await late).finished();
    await tab.page.clock.runFor(100);
    assert.equal(await tab.page.getByText('late', { exact: true }).count(), 0);
    await tab.page.unroute(reveal);
    await tab.page.getByText('Show the value…').click();
    await tab.page.getByLabel('Reason').fill('a test of showing');
    await tab.page.getByText('Show for 30 s').click();
    const again = tab.page.getByText('Enter your personal token again');
    const value = tab.page.locator('.revealed');
    await Promise.race([again.waitFor(), value.waitFor()]);
    if (await again.isVisible()) {
      await tab.page.getByLabel('Personal token', { exact: true }).fill(other.token);
      await tab.page.getByRole('button', { name: 'Confirm' }).click();
    }
    await value.waitFor();
    assert.equal(await value.innerText(), 'the shown value');
    assert.equal(await focused(), 'Hide now');
    await tab.page.clock.runFor(31_000);
    await value.waitFor({ state: 'detached' });
    assert.equal(await focused(), 'Show the value…');
    assert.ok(!(await tab.page.content()).includes('the shown value'));
    // On the clipboard without having been shown, by the same rule.
    await tab.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await tab.page.getByText('Show the value…').click();
    await tab.page.getByText('Copy without showing').click();
    await tab.page.getByText('A reason is needed').waitFor();
    await tab.page.getByLabel('Reason').fill('a test of copying');
    await tab.page.evaluate(() => {
      globalThis.seen = false;
      new MutationObserver(() => { globalThis.seen ||= document.documentElement.outerHTML.includes('the shown value'); }).observe(document, { childList: true, subtree: true, characterData: true });
    });
    await tab.page.getByText('Copy without showing').click();
    await tab.page.getByText('Copied.').waitFor();
    assert.equal(await tab.page.evaluate(() => navigator.clipboard.readText()), 'the shown value');
    assert.equal(await tab.page.evaluate(() => globalThis.seen), false);
    const { data: log } = await other.must('GET', '/v1/x/audit?environmentId=staging&what=secret.reveal');
    assert.deepEqual(log.filter((one) => one.result === 'ok').map((one) => one.reason), ['a test of copying', 'a test of showing']);
    // Only what is the scope's own can be shown, and nothing where the policy says never.
    await tab.page.keyboard.press('Escape');
    const show = tab.page.getByRole('button', { name: 'Show the value…' });
    await tab.go('#/e/prod/s/acme/secrets');
    await tab.row('SLACK_TOKEN').locator('button.name').click();
    await show.getByText('Values of this environment are never shown').waitFor({ state: 'attached' });
    assert.equal(await show.getAttribute('aria-disabled'), 'true');
    await tab.page.keyboard.press('Escape');
    for (const name of ['DB_URL', 'BETA_KEY', 'STRIPE_KEY']) {
      await tab.row(name).locator('button.name').click();
      await tab.page.locator('dialog .layers').waitFor();
      assert.equal(await show.count(), 0, name);
      await tab.page.keyboard.press('Escape');
      await tab.page.locator('dialog').waitFor({ state: 'detached' });
    }
    await tab.end();
  } finally {
    await other.end();
  }
});
