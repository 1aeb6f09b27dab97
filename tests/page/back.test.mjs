// SPDX-License-Identifier: BSL-1.0
// Back leads to a list as one left it: its filter, group and page, where it was scrolled to, what had
// the focus. So does an address that somebody hands on, but for the last two.
import test from 'node:test';
import assert from 'node:assert/strict';
import { open, site } from './here.mjs';
import { acme } from './site.mjs';

const hash = (tab) => tab.page.evaluate(() => location.hash);
const noted = (tab, wanted) => tab.page.waitForFunction((one) => location.hash === one, wanted);
const pressed = (tab, name) => tab.page.getByRole('button', { name }).getAttribute('aria-pressed');
const back = async (tab, title) => {
  await tab.page.evaluate(() => history.back());
  await tab.page.getByRole('heading', { name: title, exact: true }).waitFor();
  await tab.settled();
};
const top = (tab) => tab.page.evaluate(() => scrollY);

test('a list of secrets keeps its filter and its group, and the focus its row', async () => {
  const tab = await open('#/e/prod/s/acme/secrets');
  await tab.page.getByRole('button', { name: /^Differs from Production/ }).click();
  await tab.page.getByLabel('Filter names, notes').fill('to');
  await noted(tab, '#/e/prod/s/acme/secrets?filter=to&group=differs');
  await tab.row('SLACK_TOKEN').locator('button.name').click();
  await tab.page.locator('dialog.drawer').getByRole('link', { name: 'Activity' }).click();
  await tab.page.getByRole('heading', { name: 'Activity of Customer Acme' }).waitFor();
  await back(tab, 'Secrets of Customer Acme');
  assert.equal(await tab.page.getByLabel('Filter names, notes').inputValue(), 'to');
  assert.equal(await pressed(tab, /^Differs from Production/), 'true');
  assert.deepEqual(await tab.page.locator('main [data-row]').evaluateAll((rows) => rows.map((one) => one.dataset.row)), ['SLACK_TOKEN']);
  await tab.page.waitForFunction(() => document.activeElement.dataset.focus === 'name:SLACK_TOKEN');
  await tab.page.getByLabel('Filter names, notes').fill('');
  await tab.page.getByRole('button', { name: 'All', exact: true }).click();
  await noted(tab, '#/e/prod/s/acme/secrets');
  await tab.end();
});

// A thousand spaces, as the test says it.
const thousand = (tab, all = 1000) => tab.page.route('**/v1/x/spaces?*', (route) => {
  const asked = new URL(route.request().url()).searchParams;
  const wanted = (asked.get('search') ?? '').toLowerCase();
  const found = Array.from({ length: all }, (_, i) => ({ id: `s${i}`, name: `Customer ${i}`, own: 0, hidden: 0, missing: 0 })).filter((one) => one.name.toLowerCase().includes(wanted));
  const one = asked.get('spaceId');
  const page = Number(asked.get('pageNumber') ?? 1);
  return route.fulfill({ json: { data: one ? [{ id: one, name: one }] : found.slice((page - 1) * 100, page * 100),
    pagination: { currentPage: page, pageCount: Math.ceil(found.length / 100), totalCount: found.length } } });
});

test('the spaces keep filter and page, and where they were scrolled to; an undo leaves both', async () => {
  const tab = await open('#/environments');
  await thousand(tab);
  await tab.go('#/e/prod/spaces');
  await tab.page.getByLabel('Filter spaces').fill('customer');
  await tab.page.getByText('Page 1 of 10').waitFor();
  await tab.page.getByRole('button', { name: 'Next' }).click();
  await tab.page.getByText('Page 2 of 10').waitFor();
  await noted(tab, '#/e/prod/spaces?filter=customer&page=2');
  await tab.page.getByRole('link', { name: 'Customer 190' }).scrollIntoViewIfNeeded();
  await tab.page.getByRole('link', { name: 'Customer 185' }).click();
  await tab.page.getByRole('heading', { name: 'Secrets of Customer 185' }).waitFor();
  await tab.page.waitForFunction(() => scrollY === 0);
  await back(tab, 'Spaces of Production');
  await tab.page.getByText('Page 2 of 10').waitFor();
  assert.equal(await tab.page.getByLabel('Filter spaces').inputValue(), 'customer');
  await tab.page.waitForFunction(() => document.activeElement.dataset.focus === 'space:s185');
  assert.ok(await top(tab) > 0);
  await tab.page.evaluate(() => history.forward());
  await tab.page.getByRole('heading', { name: 'Secrets of Customer 185' }).waitFor();

  // What was changed elsewhere is taken back here: the list asks anew for the same part.
  await tab.go('#/e/staging/secrets');
  await tab.page.getByRole('button', { name: 'New secret' }).first().click();
  await tab.page.getByLabel('Name', { exact: true }).fill('TAKEN_BACK');
  await tab.page.locator('dialog .value').first().fill('x');
  await tab.page.keyboard.press('Control+Enter');
  await tab.undoBar().filter({ hasText: 'TAKEN_BACK set in Staging' }).waitFor();
  await tab.go('#/e/prod/spaces?filter=customer&page=2');
  await tab.page.getByText('Page 2 of 10').waitFor();
  const [request] = await Promise.all([tab.page.waitForRequest('**/v1/x/spaces?*'), tab.page.keyboard.press('z')]);
  const asked = new URL(request.url()).searchParams;
  assert.deepEqual([asked.get('search'), asked.get('pageNumber')], ['customer', '2']);
  await tab.settled();
  assert.equal(await tab.page.getByLabel('Filter spaces').inputValue(), 'customer');
  await tab.page.getByText('Page 2 of 10').waitFor();

  // Of fewer spaces by now the last page is shown.
  await tab.page.unrouteAll();
  await thousand(tab, 150);
  await tab.go('#/e/prod/spaces?page=9');
  await tab.page.getByText('Page 2 of 2').waitFor();
  await tab.end();
});

test('the matrix keeps its filter, what is shown of it and the cell', async () => {
  const tab = await open('#/environments');
  const names = Array.from({ length: 40 }, (_, i) => `NAME_${i}`);
  await tab.page.route('**/v1/x/matrix?*', (route) => route.fulfill({ json: { data: { spaces: Array.from({ length: 200 }, (_, i) => ({ id: `s${i}`, name: `Customer ${i}` })),
    names, parent: names.map(() => ({ state: 'value', version: 1 })), generation: 7, rights: ['list', 'write'], cells: names.flatMap((_name, n) => Array.from({ length: 200 }, (_one, s) => [s, n, 'overridden', 1, 0])),
    totals: { spaces: 200, names: 40, over: 0, hidden: 0 } } } }));
  await tab.go('#/e/prod/matrix');
  await tab.page.getByRole('button', { name: 'All', exact: true }).click();
  await tab.settled();
  await tab.page.getByLabel('Filter both').fill('name_');
  await noted(tab, '#/e/prod/matrix?all=1&filter=name_');
  const grid = tab.page.getByRole('grid');
  await grid.evaluate((one) => one.scrollTo(2000, 3000));
  await tab.page.locator('[data-r="90"][data-c="15"]').click();
  const seen = () => grid.evaluate((one) => [one.scrollLeft, one.scrollTop]);
  const before = await seen();
  await tab.go('#/e/prod/tokens');
  await back(tab, 'Matrix of Production');
  await tab.page.locator('[data-r="90"][data-c="15"]').waitFor();
  assert.deepEqual(await seen(), before);
  assert.equal(await tab.page.getByLabel('Filter both').inputValue(), 'name_');
  assert.equal(await pressed(tab, 'All'), 'true');
  await tab.page.locator('[data-r="90"][data-c="15"][tabindex="0"]').waitFor();
  // One name that is meant, from a head, is another thing than a filter.
  await tab.page.locator('[data-r="-1"][data-c="15"]').click();
  await noted(tab, '#/e/prod/matrix?all=1&name=NAME_15');
  await tab.end();
});

test('the search and the activity keep what they were asked', async () => {
  const tab = await open('#/search?q=sl');
  await tab.page.getByLabel('Name or note').fill('slack');
  await noted(tab, '#/search?q=slack');
  await site.must('GET', `/v1/x/secrets?environmentId=${acme.environmentId}&spaceId=${acme.spaceId}`);
  const filtered = async (act) => {
    await Promise.all([tab.page.waitForResponse((answer) => answer.url().includes('/v1/x/audit?')), act()]);
    await tab.settled();
  };
  await tab.go('#/e/prod/activity');
  await filtered(() => tab.page.getByLabel('Result').selectOption('ok'));
  await filtered(() => tab.page.getByLabel('From').fill('2026-01-02'));
  await filtered(() => tab.page.getByLabel('Space', { exact: true }).fill('Customer Acme'));
  await noted(tab, '#/e/prod/activity?result=ok&since=2026-01-02&space=acme');
  const asked = () => tab.traffic.filter((one) => one.method && one.url.includes('/v1/x/audit?')).map((one) => one.url).at(-1);
  const before = asked();
  await tab.go('#/e/prod/keys');
  await back(tab, 'Activity of Production');
  assert.equal(asked(), before);
  assert.equal(await tab.page.getByLabel('Space', { exact: true }).inputValue(), 'Customer Acme');
  assert.equal(await tab.page.getByLabel('From').inputValue(), '2026-01-02');
  await tab.go('#/search?q=slack');
  assert.equal(await tab.page.getByLabel('Name or note').inputValue(), 'slack');
  await tab.end();
});

test('Back that was asked about leads to the list as it was left, too; one place more in the history is none of it', async () => {
  const tab = await open('#/e/prod/s/acme/secrets?group=differs');
  await tab.row('ACME_SFTP_KEY').locator('button.name').focus();
  await tab.go('#/e/staging/secrets');
  await tab.page.keyboard.press('n');
  await tab.page.locator('dialog .value').first().fill('typed');
  await tab.page.evaluate(() => history.back());
  await tab.page.getByRole('alertdialog').getByRole('button', { name: 'Discard' }).click();
  await tab.page.getByRole('heading', { name: 'Secrets of Customer Acme' }).waitFor();
  await tab.page.waitForFunction(() => document.activeElement.dataset.focus === 'name:ACME_SFTP_KEY');
  assert.equal(await hash(tab), '#/e/prod/s/acme/secrets?group=differs');
  // Come to by a link, it begins at its title.
  await tab.go('#/e/prod/tokens');
  await tab.go('#/e/prod/s/acme/secrets?group=differs');
  assert.equal(await tab.page.evaluate(() => document.activeElement.tagName), 'H1');
  await tab.end();
});
