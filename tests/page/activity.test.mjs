// SPDX-License-Identifier: BSL-1.0
// Activity: what was done is there, found where the log is kept, checked, carried away; and a value is
// written down before it is shown.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { browser, open, site } from './here.mjs';
import { acme, prod, query, Site } from './site.mjs';

const rows = (tab) => tab.page.locator('.activity-rows tbody tr');
const filtered = async (tab, act) => {
  await Promise.all([tab.page.waitForResponse((answer) => answer.url().includes('/v1/x/audit?')), act()]);
  await tab.settled();
};

test('who did what, where, to which name, with which result', async () => {
  await site.put(acme, 'ACTIVE', 'v1', { by: 'admin' });
  const refused = await site.ask('PUT', `/v1/x/secret?${query({ ...prod, name: 'ACTIVE' })}`, { token: await site.tokenOf('auditor'), body: { value: 'x' } });
  assert.equal(refused.status, 403);
  const tab = await open('#/e/prod/activity?name=ACTIVE');
  assert.equal(await rows(tab).count(), 2);
  await rows(tab).nth(1).getByText('Customer Acme').waitFor(); // names come after the records
  assert.match(await tab.text(rows(tab).nth(0)), /Audrey 127\.0\.0\.1 set secret\.set Production ACTIVE denied/);
  assert.match(await tab.text(rows(tab).nth(1)), /Ben 127\.0\.0\.1 set secret\.set Customer Acme ACTIVE v1 ok/);
  await filtered(tab, () => tab.page.getByLabel('Result').selectOption('ok'));
  assert.equal(await rows(tab).count(), 1);
  await filtered(tab, () => tab.page.getByLabel('Who').fill('Nobody'));
  await tab.page.getByText('Nothing of that kind').waitFor();
  await filtered(tab, () => tab.page.getByRole('button', { name: 'Clear filter' }).click());
  await filtered(tab, () => tab.page.getByLabel('What').selectOption('secret.hide'));
  await rows(tab).first().getByText('Customer Acme').waitFor();
  assert.match(await tab.text(rows(tab).first()), /secret\.hide Customer Acme BETA_KEY/);
  await tab.end();
});

test('sign-ins and tokens are found: those of everything in the activity of all, those of an environment there too', async () => {
  await site.session('operator');
  const made = (await site.must('POST', '/v1/x/tokens', { name: 'short-lived', grants: [{ role: 'service', environmentId: 'prod', spaceId: 'acme' }] })).data;
  await site.must('DELETE', `/v1/x/tokens?id=${made.id}`);
  const tab = await open('#/environments');
  await tab.page.locator('nav.side').getByRole('link', { name: 'Activity everywhere' }).click();
  await tab.page.getByRole('heading', { name: 'Activity everywhere' }).waitFor();
  await tab.settled();
  await filtered(tab, () => tab.page.getByLabel('What').selectOption('session.begin'));
  assert.match(await tab.text(rows(tab).filter({ hasText: 'Olga' })), /Olga 127\.0\.0\.1 signed in session\.begin the server ok/);
  await filtered(tab, () => tab.page.getByLabel('What').selectOption('token.mint'));
  await rows(tab).filter({ hasText: 'Olga' }).first().waitFor(); // hers is of the whole instance
  await rows(tab).filter({ hasText: 'short-lived' }).getByText('Customer Acme').waitFor();
  assert.match(await tab.text(rows(tab).filter({ hasText: 'short-lived' })), /token made token\.mint Production › Customer Acme short-lived, \S+ service ok/);
  assert.equal(await tab.axe(), '');
  await tab.picture('activity-everywhere');
  await filtered(tab, () => tab.page.getByLabel('Environment', { exact: true }).selectOption('staging'));
  await tab.page.getByText('Nothing of that kind').waitFor();
  await tab.go('#/e/prod/activity');
  await filtered(tab, () => tab.page.getByLabel('What').selectOption('token.revoke'));
  await rows(tab).first().getByText('Customer Acme').waitFor();
  assert.match(await tab.text(rows(tab).first()), /token revoked token\.revoke Customer Acme short-lived, \S+ service ok/);
  await tab.end();
});

test('changes come first, everything is one press away, and each says when there is none', async () => {
  const tab = await open('#/e/prod/activity');
  const shown = async () => [...new Set(await rows(tab).locator('.what-done .mono').allInnerTexts())];
  const pressed = (name) => tab.page.getByRole('button', { name, exact: true }).getAttribute('aria-pressed');
  assert.ok((await shown()).includes('secret.set'));
  for (const read of ['audit.read', 'states.list', 'session.begin', 'environments.list']) assert.ok(!(await shown()).includes(read), read);
  assert.deepEqual([await pressed('Changes'), await pressed('Everything')], ['true', 'false']);
  await tab.picture('activity-changes');
  await filtered(tab, () => tab.page.getByRole('button', { name: 'Everything', exact: true }).click());
  assert.ok((await shown()).includes('audit.read'));
  assert.deepEqual([await pressed('Changes'), await pressed('Everything')], ['false', 'true']);
  assert.equal(await tab.focusKey(), 'chip:everything');
  assert.equal(await tab.page.getByLabel('What').inputValue(), 'everything');
  await tab.page.waitForFunction(() => location.hash.endsWith('?what=everything'));
  await filtered(tab, () => tab.page.getByLabel('Who').fill('Nobody'));
  await filtered(tab, () => tab.page.getByRole('button', { name: 'Clear filter' }).click());
  assert.deepEqual([await pressed('Changes'), await pressed('Everything')], ['false', 'true']);
  await filtered(tab, () => tab.page.getByLabel('What').selectOption('audit.read'));
  assert.deepEqual(await shown(), ['audit.read']);
  assert.deepEqual([await pressed('Changes'), await pressed('Everything')], ['false', 'false']);
  await filtered(tab, () => tab.page.getByRole('button', { name: 'Changes', exact: true }).click());
  assert.ok(!(await shown()).includes('audit.read'));
  assert.equal(await tab.axe(), '');
  await tab.go('#/e/prod/s/initech/activity');
  await tab.page.getByText('Nothing has changed yet').waitFor();
  assert.equal(await tab.axe(), '');
  await tab.end();
});

test('a part of a long log in which nothing fits leads further back', async () => {
  const tab = await open('#/e/prod/activity');
  await tab.patch('**/v1/x/audit?*', (json) => ({ ...json, data: [], next: 7 }));
  await filtered(tab, () => tab.page.getByLabel('Who').fill('Ben'));
  await tab.page.getByText('Nothing of that kind in the newest part of the log').waitFor();
  await tab.page.unroute('**/v1/x/audit?*');
  await tab.page.route('**/v1/x/audit?*after=7*', (route) => route.fulfill({ json: { data: [{ seq: 3, time: new Date().toISOString(), who: 'Ben', what: 'secret.set', result: 'ok' }], next: null } }));
  await tab.page.getByRole('button', { name: 'Older' }).click();
  await rows(tab).filter({ hasText: 'Ben' }).waitFor();
  await tab.end();
});

test('who audits one environment is not offered the activity of all, and is refused it', async () => {
  const tab = await open('#/e/prod/activity', { as: 'admin' });
  assert.ok(await rows(tab).count() > 0);
  assert.equal(await tab.page.locator('nav.side').getByRole('link', { name: 'Activity everywhere' }).count(), 0);
  await tab.go('#/activity');
  await tab.page.locator('.panel.denied').waitFor();
  await tab.end();
});

test('the filter knows every action that the server writes down, and the rows have its words', async () => {
  const tab = await open('#/activity');
  const offered = await tab.page.getByLabel('What').locator('optgroup option').evaluateAll((all) => all.map((one) => one.value));
  const headers = path.join(process.env.COFFER_PAGE, '../../../include/coffer/http');
  const written = new Set(fs.readdirSync(headers).filter((name) => name.endsWith('.hpp')).flatMap((name) =>
    [...fs.readFileSync(path.join(headers, name), 'utf8').matchAll(/"([a-z]+\.[a-z]+)"/g)].map(([, action]) => action)));
  assert.deepEqual([...offered].sort(), [...written].sort());
  await tab.end();
});

test('time and scope filter where the log is', async () => {
  const tab = await open('#/e/prod/activity');
  const day = (at) => new Date(at).toISOString().slice(0, 10);
  await filtered(tab, () => tab.page.getByLabel('To').fill(day(Date.now() - 86_400_000 * 2)));
  await tab.page.getByText('Nothing of that kind').waitFor();
  await filtered(tab, () => tab.page.getByLabel('To').fill(day(Date.now() + 2 * 86_400_000)));
  assert.ok(await rows(tab).count() > 0);
  await filtered(tab, () => tab.page.getByLabel('From').fill(day(Date.now() + 2 * 86_400_000)));
  await tab.page.getByText('Nothing of that kind').waitFor();
  await filtered(tab, () => tab.page.getByRole('button', { name: 'Clear filter' }).click());
  await tab.page.getByLabel('Space').fill('nowhere');
  await tab.page.getByText('No space is called “nowhere”').waitFor();
  await filtered(tab, () => tab.page.getByLabel('Space').fill('Customer Acme'));
  assert.equal(await tab.page.getByText('No space is called').count(), 0);
  for (const where of await rows(tab).locator('[data-label="in"]').allInnerTexts()) assert.equal(where, 'Customer Acme');
  assert.ok(await rows(tab).count() > 0);
  await tab.end();
});

test('the details of a name lead to its activity, however long ago', async () => {
  await site.put(acme, 'LONG_AGO', 'v');
  for (let i = 0; i < 210; i += 1) await site.ask('GET', '/v1/x/whoami?environmentId=prod');
  for (let i = 0; i < 210; i += 1) await site.must('GET', '/v1/x/requirements?environmentId=prod', undefined, 'admin');
  const tab = await open('#/e/prod/s/acme/secrets?show=LONG_AGO');
  await tab.page.locator('dialog.drawer').getByRole('link', { name: 'Activity' }).click();
  await tab.page.getByRole('heading', { name: 'Activity of Customer Acme' }).waitFor();
  await tab.settled();
  await rows(tab).filter({ hasText: 'secret.set' }).getByText('LONG_AGO').waitFor();
  await tab.end();
});

test('older records follow on demand, and a page that fails to come says so', async () => {
  const tab = await open('#/e/prod/activity?what=everything');
  assert.equal(await rows(tab).count(), 200);
  await tab.page.route('**/v1/x/audit?*', (route) => route.fulfill({ status: 503, json: { errors: [{ message: 'the store does not answer' }], code: 'unavailable' } }));
  await tab.page.getByRole('button', { name: 'Older' }).click();
  await tab.page.getByText('Not loaded: the store does not answer').waitFor();
  await tab.page.unroute('**/v1/x/audit?*');
  await tab.page.getByRole('button', { name: 'Older' }).click();
  await tab.page.waitForFunction(() => document.querySelectorAll('.activity-rows tbody tr').length > 200);
  await tab.end();
});

test('older records of a filter that is another by then are not shown; what was not loaded is said until it is', async () => {
  const gate = () => { const made = {}; made.opened = new Promise((open_) => { made.open = open_; }); return made; };
  const spaces = gate();
  const tab = await open('#/e/prod/activity?what=everything', { init: (page) => page.route('**/v1/x/spaces?*', async (route) => { await spaces.opened; return route.continue(); }) });
  const refused = (route) => route.fulfill({ status: 503, json: { errors: [{ message: 'the store does not answer' }], code: 'unavailable' } });
  await tab.page.route('**/v1/x/audit?*after=*', refused);
  await tab.page.getByRole('button', { name: 'Older' }).click();
  await tab.page.getByText('Not loaded: the store does not answer').waitFor();
  spaces.open(); // names come, and the records are drawn anew
  await rows(tab).filter({ hasText: 'Customer Acme' }).first().waitFor();
  assert.equal(await tab.page.getByText('Not loaded: the store does not answer').count(), 1);

  await tab.page.unroute('**/v1/x/audit?*after=*', refused);
  const late = gate();
  const asked = gate();
  await tab.page.route('**/v1/x/audit?*after=*', async (route) => { asked.open(); await late.opened; return route.continue(); });
  const answered = tab.page.waitForResponse((answer) => answer.url().includes('after='));
  await tab.page.getByRole('button', { name: 'Older' }).click();
  await asked.opened;
  await filtered(tab, () => tab.page.getByLabel('Who').fill('Audrey'));
  const there = await rows(tab).count();
  late.open();
  await (await answered).finished();
  await tab.settled();
  assert.equal(await rows(tab).count(), there);
  await tab.end();
});

test('an export ends for who leaves: nothing more is asked for, and nothing is saved', async () => {
  const tab = await open('#/e/prod/activity');
  let asked = 0;
  let saved = 0;
  tab.page.on('download', () => { saved += 1; });
  await tab.page.route('**/v1/x/audit?*', async (route) => {
    if (!route.request().url().includes('limit=1000')) return route.fallback();
    asked += 1;
    await tab.page.waitForTimeout(50);
    return route.fulfill({ json: { data: [], next: asked < 40 ? `at${asked}` : null } });
  });
  await tab.page.getByRole('button', { name: 'Export' }).click();
  while (asked < 2) await tab.page.waitForTimeout(20);
  await tab.go('#/e/prod/spaces');
  const left = asked;
  await tab.page.waitForTimeout(400);
  assert.ok(asked <= left + 1, `${asked - left} asked for after that`);
  assert.equal(saved, 0);
  await tab.end();
});

test('the export has every record that fits, not only those that are shown', async () => {
  const tab = await open('#/e/prod/activity?what=requirements.get&who=Ben');
  const [download] = await Promise.all([tab.page.waitForEvent('download'), tab.page.getByRole('button', { name: 'Export' }).click()]);
  const lines = fs.readFileSync(await download.path(), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line));
  assert.equal(lines.length, 210);
  assert.ok(lines.every((one) => one.who === 'Ben' && one.what === 'requirements.get'));
  await tab.undoBar().filter({ hasText: '210 records exported' }).waitFor();
  await tab.go('#/e/prod/activity');
  const [changes] = await Promise.all([tab.page.waitForEvent('download'), tab.page.getByRole('button', { name: 'Export' }).click()]);
  const done = fs.readFileSync(await changes.path(), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line).what);
  assert.ok(done.includes('secret.set') && !done.includes('requirements.get'));
  await tab.end();
});

test('the chain is checked: intact, and not after a byte of it was changed', async () => {
  const other = await Site.open();
  try {
    const tab = await browser.open(other.url, { session: await other.session(), at: '#/e/prod/activity' });
    const verify = async () => {
      await tab.page.getByRole('button', { name: 'Verify' }).click();
      return tab.page.locator('.chain.good, .chain.bad').waitFor();
    };
    await verify();
    assert.match(await tab.text('.chain'), /Chain intact up to \d\d:\d\d:\d\d · [\d,]+ records/);
    await tab.picture('activity-intact');
    await tab.patch('**/v1/x/audit/verify?*', (json) => { json.data.anchoredAt = new Date().toISOString(); });
    await tab.page.getByRole('button', { name: 'Verify' }).click();
    await tab.page.locator('.chain.good').getByText(/ records · anchored \d\d:\d\d:\d\d$/).waitFor();
    await tab.page.unroute('**/v1/x/audit/verify?*');
    await tab.page.route('**/v1/x/audit/verify?*', (route) => route.fulfill({ status: 503, json: { errors: [{ message: 'the log is being checked already' }], code: 'unavailable' } }));
    await tab.page.getByRole('button', { name: 'Verify' }).click();
    await tab.page.locator('.chain').getByText('Not checked: the log is being checked already').waitFor();
    assert.equal(await tab.page.locator('.chain.good').count(), 0);
    await tab.page.unroute('**/v1/x/audit/verify?*');
    const folder = path.join(other.root, 'audit');
    const [file] = fs.readdirSync(folder).filter((name) => fs.readFileSync(path.join(folder, name), 'utf8').includes('SENTRY_DSN'));
    const read = () => fs.readFileSync(path.join(folder, file), 'utf8');
    // Old records that were put away are missed, and what is left is checked all the same.
    const first = read().slice(0, read().indexOf('\n') + 1);
    fs.writeFileSync(path.join(folder, file), read().slice(first.length));
    await tab.page.getByRole('button', { name: 'Verify' }).click();
    await tab.page.locator('.chain').getByText(/No record before 2 is here\. From there on: Chain intact up to/).waitFor();
    assert.equal(await tab.page.locator('.chain.good, .chain.bad').count(), 0);
    fs.writeFileSync(path.join(folder, file), first + read());
    const text = read();
    fs.writeFileSync(path.join(folder, file), text.replace('SENTRY_DSN', 'SENTRY_DSM'));
    await tab.page.getByRole('button', { name: 'Verify' }).click();
    await tab.page.locator('.chain.bad').getByText(/The log was changed: record \d+ is the first that does not fit/).waitFor();
    assert.equal(await tab.axe(), '');
    await tab.picture('activity-changed');
    await tab.end();
  } finally {
    await other.end();
  }
});

test('a reveal is in the log before the value is shown, with its reason', async () => {
  const other = await Site.open({ args: ['--reveal', 'reason'] });
  try {
    await other.must('PATCH', '/v1/x/environments?environmentId=staging', { reveal: 'allowed' });
    await other.put({ environmentId: 'staging' }, 'SHOWN', 'the shown value');
    const tab = await browser.open(other.url, { session: await other.session(), at: '#/e/staging/secrets?show=SHOWN' });
    let logged;
    await tab.page.route('**/v1/x/secret/reveal?*', async (route) => {
      const answer = await route.fetch();
      // The answer is there and not shown yet: the log has it already.
      logged = (await other.must('GET', '/v1/x/audit?environmentId=staging&what=secret.reveal')).data;
      await route.fulfill({ response: answer });
    });
    await tab.page.getByText('Show the value…').click();
    await tab.page.getByLabel('Reason').fill('the hook is <b>broken</b>');
    await tab.page.getByRole('button', { name: 'Show for 30 s' }).click();
    const value = tab.page.locator('.revealed');
    const confirm = tab.page.getByRole('button', { name: 'Confirm' });
    await confirm.or(value).waitFor();
    if (await confirm.isVisible()) {
      await tab.page.getByLabel('Personal token', { exact: true }).fill(other.token);
      await confirm.click();
    }
    await value.waitFor();
    assert.equal(logged[0].result, 'ok');
    assert.equal(logged[0].reason, 'the hook is <b>broken</b>');
    assert.ok(!JSON.stringify(logged).includes('the shown value'));
    assert.equal(await tab.axe(), '');
    await tab.go('#/e/staging/activity?what=secret.reveal');
    assert.match(await tab.text(rows(tab).first()), /Ana .* secret\.reveal Staging SHOWN.*“the hook is <b>broken<\/b>”.*ok/);
    await tab.end();
  } finally {
    await other.end();
  }
});

test('without a log the page says how to keep one', async () => {
  const other = await Site.open({ audit: false, data: false });
  try {
    const tab = await browser.open(other.url, { session: await other.session(), at: '#/e/prod/activity' });
    await tab.page.getByText('No audit log is kept').waitFor();
    assert.match(await tab.text('.panel pre'), /coffer serve --audit DIR/);
    await tab.end();
  } finally {
    await other.end();
  }
});
