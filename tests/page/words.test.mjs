// SPDX-License-Identifier: BSL-1.0
// What each state is called: its shape and word, the line under the name, what is offered first; and what
// the lists count.
import test from 'node:test';
import assert from 'node:assert/strict';
import { open, site } from './here.mjs';
import { acme, prod } from './site.mjs';

const again = 'Use Production’s value again';
const stateOf = (tab, name) => tab.row(name).evaluate((row) => {
  const badge = row.querySelector('.state .badge');
  return { word: badge.innerText, shape: badge.querySelector('.icon').className, line: row.querySelector('.what > .line').innerText.replace(/\s+/g, ' ').trim(), first: row.querySelector('.act button span')?.innerText };
});

test('each state of a name in a space has a shape, a word, a line and a first action', async () => {
  await site.put(acme, 'ENDED', 'v', { expiresAt: '2001-01-01T12:00:00Z' });
  const tab = await open('#/environments');
  const damage = (json) => { json.data.rows.find((row) => row.name === 'S3_ACCESS_KEY').state = 'damaged'; };
  await tab.patch('**/v1/x/secrets?*', damage);
  await tab.go('#/e/prod/s/acme/secrets');
  const shapes = new Set();
  for (const [name, word, line, first] of [
    ['DB_URL', 'Inherited', /^from Production v1, set .+ by deploy-bot$/, 'Override'],
    ['SLACK_TOKEN', 'Overridden', /^Production changed after this override \(now v2\)$/, 'Review'],
    ['ACME_SFTP_KEY', 'Only here', /^no value in Production$/, undefined],
    ['BETA_KEY', 'Hidden', /^Production v1 is not given to this space$/, 'Show again'],
    ['STRIPE_KEY', 'Missing', /^required by billing; neither here nor in Production$/, 'Set'],
    ['ENDED', 'Expired', /^expired 1 Jan 2001; programs get an error, not another value$/, 'Replace'],
    ['S3_ACCESS_KEY', 'Damaged', /^the stored record fails its check; not served, not replaced by Production’s$/, 'How to restore'],
  ]) {
    const told = await stateOf(tab, name);
    assert.deepEqual([told.word, told.first], [word, first], name);
    assert.match(told.line, line, name);
    shapes.add(told.shape);
  }
  assert.equal(shapes.size, 7, 'two states have one shape');
  assert.match(await tab.text(tab.row('SLACK_TOKEN').locator('.extras')), /^older$/);
  assert.equal(await tab.row('BETA_KEY').locator('.name bdi').evaluate((one) => getComputedStyle(one).textDecorationLine), 'line-through');
  assert.equal(await tab.axe(), '');
  await tab.pictures('words');
  // Days later it says so; what is not older says what it replaces.
  await tab.page.unrouteAll();
  await tab.patch('**/v1/x/secrets?*', (json) => {
    const row = json.data.rows.find((one) => one.name === 'SLACK_TOKEN');
    if (row.older) row.parent.setAt = new Date(Date.parse(row.setAt) + 3 * 86_400_000).toISOString();
  });
  await tab.go('#/e/prod/s/bolt/secrets');
  assert.deepEqual(await stateOf(tab, 'SLACK_TOKEN'), { word: 'Overridden', shape: 'icon icon-dot', line: 'replaces Production v2', first: again });
  await tab.go('#/e/prod/s/acme/secrets');
  assert.equal((await stateOf(tab, 'SLACK_TOKEN')).line, 'Production changed 3 days after this override (now v2)');
  await tab.end();
});

test('a space’s list is grouped by what differs, what is inherited, what needs attention', async () => {
  await site.put(acme, 'ENDED', 'v', { expiresAt: '2001-01-01T12:00:00Z' });
  const tab = await open('#/e/prod/s/acme/secrets');
  const shown = () => tab.page.locator('main [data-row]').evaluateAll((rows) => rows.map((row) => row.dataset.row));
  assert.equal(await tab.text('.list-head .chips'), 'All Differs from Production 4 Inherited 3 Needs attention 3');
  for (const [name, left] of [[/^Differs/, ['ACME_SFTP_KEY', 'BETA_KEY', 'ENDED', 'SLACK_TOKEN']], [/^Inherited/, ['DB_URL', 'S3_ACCESS_KEY', 'SENTRY_DSN']],
    [/^Needs attention/, ['ENDED', 'SLACK_TOKEN', 'STRIPE_KEY']]]) {
    await tab.page.locator('.list-head').getByRole('button', { name }).click();
    assert.deepEqual(await shown(), left);
  }
  await tab.page.locator('.list-head').getByRole('button', { name: 'All' }).click();
  assert.equal((await shown()).length, 8);
  await tab.end();
});

test('an environment’s list says how its spaces use each name, and leads to them', async () => {
  const tab = await open('#/e/prod/secrets');
  assert.equal(await tab.text('main .about'), '5 names · 1 overridden somewhere · 1 due');
  assert.match(await tab.text(tab.row('SLACK_TOKEN').locator('.extras')), /^1 older Due \d+ \w+$/);
  assert.equal(await tab.text(tab.row('BETA_KEY').locator('.used')), '3 inherit · 1 hidden');
  assert.equal(await tab.text(tab.row('STRIPE_KEY').locator('.used')), 'required by billing');
  assert.equal(await tab.text(tab.row('STRIPE_KEY').locator('.act')), 'Set');
  await tab.row('SLACK_TOKEN').getByRole('link', { name: '2 inherit · 2 over' }).click();
  await tab.page.getByRole('heading', { name: 'Matrix of Production' }).waitFor();
  await tab.settled();
  assert.equal(await tab.page.getByRole('grid').getAttribute('aria-colcount'), '2');
  assert.match(await tab.text('main .about'), /SLACK_TOKEN: 2 inherit · 2 over · 0 hidden/);
  await tab.end();
});

test('the list of spaces counts what each has of its own, hides and lacks', async () => {
  await site.put({ ...prod, spaceId: 'initech' }, 'STRIPE_KEY', 'v');
  const tab = await open('#/e/prod/spaces');
  const counts = (space) => Promise.all(['own', 'hidden', 'missing'].map((what) => tab.row(space).locator(`[data-label=${what}]`).textContent()));
  assert.deepEqual((await counts('acme')).slice(1), ['1', '1']);
  assert.deepEqual(await counts('bolt'), ['1', '0', '1']);
  assert.deepEqual(await counts('initech'), ['1', '0', '0']);
  await tab.end();
});

test('a token’s row says what it may, until when, and when and from where it was last used', async () => {
  const { data } = await site.must('POST', '/v1/x/tokens', {
    name: 'listener-acme', expiresAt: new Date(Date.now() + 20 * 86_400_000).toISOString(), grants: [{ role: 'service', ...acme, names: ['SLACK_*', 'STRIPE_KEY'], write: true }],
  });
  const tab = await open('#/e/prod/tokens');
  const told = () => tab.text(tab.row(data.id));
  await tab.row(data.id).getByText('Customer Acme').waitFor(); // names come after the rows
  assert.match(await told(), new RegExp(`^listener-acme ${data.id} service Production › Customer Acme · SLACK_\\* STRIPE_KEY · may write \\d+ \\w+( \\d{4})? not known Revoke$`));
  assert.equal((await site.ask('GET', '/v1/secrets?environmentId=prod&spaceId=acme', { token: data.token })).status, 200);
  const { lastUsedAt } = (await site.must('GET', '/v1/x/tokens?environmentId=prod')).data.find((one) => one.id === data.id);
  await tab.page.clock.setFixedTime(Date.parse(lastUsedAt) + 40_000);
  await tab.go('#/e/prod/spaces');
  await tab.go('#/e/prod/tokens');
  assert.match(await told(), / 40 s ago from 127\.0\.0\.1 Revoke$/);
  // Found by the name of its space, too.
  await tab.page.getByLabel('Filter tokens').fill('customer acme');
  await tab.row(data.id).waitFor();
  await tab.end();
});

test('all spaces that a list mentions are named, and what has no name is not asked for twice', async () => {
  const tab = await open('#/e/prod/spaces?filter=nothing');
  const gone = Array.from({ length: 45 }, (_, i) => ({ role: 'service', ...prod, spaceId: `gone-${i}` }));
  await tab.patch('**/v1/x/tokens?*', (json) => { json.data[0].grants = [...gone, { role: 'service', ...prod, spaceId: 'bolt' }]; });
  await tab.go('#/e/prod/tokens');
  await tab.page.getByText('Customer Bolt').waitFor();
  await tab.go('#/e/prod/secrets');
  await tab.go('#/e/prod/tokens');
  await tab.page.getByText('Customer Bolt').waitFor();
  const asked = tab.traffic.filter((one) => one.method === 'GET' && /\/v1\/x\/spaces\?.*spaceId=/.test(one.url));
  assert.equal(asked.length, new Set(asked.map((one) => one.url)).size, 'asked for twice');
  await tab.end();
});

test('no names of spaces are asked for when their list was left, or the server does not tell them', async () => {
  const tab = await open('#/e/prod/spaces?filter=nothing');
  const away = Array.from({ length: 45 }, (_, i) => ({ role: 'service', ...prod, spaceId: `away-${i}` }));
  await tab.patch('**/v1/x/tokens?*', (json) => { json.data[0].grants = away; });
  const held = [];
  let asked = 0;
  await tab.page.route(/\/v1\/x\/spaces\?.*spaceId=away/, (route) => { asked += 1; held.push(route); });
  const answer = async (status) => {
    while (held.length < 20) await tab.page.waitForTimeout(20);
    for (const route of held.splice(0)) await route.fulfill({ status, contentType: 'application/json', body: '{"errors":[{"message":"not now"}]}' });
    await tab.page.waitForTimeout(500); // longer than the next ones would take to be asked for
  };
  await tab.go('#/e/prod/tokens');
  await answer(503);
  assert.equal(asked, 20, 'asked on though the server does not tell');
  await tab.go('#/e/prod/secrets');
  await tab.go('#/e/prod/tokens');
  while (held.length < 20) await tab.page.waitForTimeout(20);
  await tab.go('#/e/prod/secrets');
  await tab.row('SLACK_TOKEN').waitFor();
  await answer(404);
  assert.equal(asked, 40, 'asked on though the list was left');
  await tab.end();
});

test('names of spaces that come after their list was left change nothing of the screen that is there then', async () => {
  await site.must('POST', '/v1/x/tokens', { name: 'named late', grants: [{ role: 'service', ...prod, spaceId: 'globex' }] });
  const tab = await open('#/environments');
  const held = [];
  await tab.page.route(/\/v1\/x\/spaces\?.*spaceId=/, (route) => { held.push(route); });
  await tab.go('#/e/prod/tokens');
  await tab.page.getByText('named late').waitFor();
  while (held.length === 0) await tab.page.waitForTimeout(20);
  await tab.go('#/e/prod/secrets?filter=slack');
  await tab.row('SLACK_TOKEN').waitFor();
  for (const route of held) {
    const answered = tab.page.waitForResponse((answer) => answer.url() === route.request().url());
    await route.continue();
    await (await answered).finished();
  }
  await tab.page.waitForTimeout(500); // longer than a note of the address waits
  assert.equal(await tab.page.evaluate(() => location.hash), '#/e/prod/secrets?filter=slack');
  await tab.end();
});
