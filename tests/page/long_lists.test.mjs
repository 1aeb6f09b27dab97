// SPDX-License-Identifier: BSL-1.0
// Lists of 2,000 names: only the rows in view exist, and nobody notices: not who scrolls, filters, goes from
// row to row by key, comes back, prints, or uses the browser's own search.
import test from 'node:test';
import assert from 'node:assert/strict';
import { open as openTab, site } from './here.mjs';
import { query } from './site.mjs';

const staging = { environmentId: 'staging' };
const many = 2000;
const few = 100; // of those that exist at once
// Rows are not equally high where they are narrow: some names take more lines.
const names = Array.from({ length: many }, (_, i) => `${i % 9 === 0 ? 'A_RATHER_LONG_NAME_OF_SOMETHING_THAT_NEEDS_MORE_THAN_ONE_LINE_' : 'NAME_'}${String(i).padStart(4, '0')}_${i % 8 === 0 ? 'SLACK' : 'OTHER'}`).sort();
async function fill() {
  await site.must('POST', `/v1/x/spaces?${query(staging)}`, { name: 'Tenant', id: 'tenant' });
  for (let i = 0; i < many; i += 200) await site.must('POST', `/v1/x/batch?${query(staging)}`, { set: names.slice(i, i + 200).map((name) => ({ name, value: 'v' })) });
}
let filled;
async function open(...more) {
  await (filled ??= fill());
  return openTab(...more);
}

const rows = (tab) => tab.page.locator('main [data-row]');
const frames = (tab) => tab.page.evaluate(() => globalThis.twoFrames());
// The names of the rows that are seen, from the top; and that nothing else is where rows belong.
const seen = (tab) => tab.page.evaluate(() => {
  const table = document.querySelector('main table').getBoundingClientRect();
  const found = [];
  for (let y = Math.max(table.top, document.querySelector('main th').getBoundingClientRect().bottom, 0) + 2; y < Math.min(innerHeight, table.bottom) - 2; y += 10) {
    const there = document.elementFromPoint(table.left + 30, y);
    if (there?.closest('main')) found.push(there.closest('[data-row]')?.dataset.row ?? 'nothing'); // a bar may lie over it
  }
  return [...new Set(found)];
});
const expectRun = (found, of) => assert.deepEqual(found, of.slice(of.indexOf(found[0]), of.indexOf(found[0]) + found.length));
const focused = (tab) => tab.page.evaluate(() => {
  const row = document.activeElement.closest('[data-row]');
  return row && { name: row.dataset.row, index: row.getAttribute('aria-rowindex'), inView: row.getBoundingClientRect().top >= 0 && row.getBoundingClientRect().bottom <= innerHeight };
});

for (const hash of ['#/e/staging/secrets', '#/e/staging/s/tenant/secrets']) {
  test(`only rows in view exist, of all names and of those that a filter leaves: ${hash}`, async () => {
    const tab = await open(hash);
    assert.ok(await rows(tab).count() < few, `${await rows(tab).count()} rows exist`);
    assert.equal(await tab.page.locator('main table').getAttribute('aria-rowcount'), String(many + 1));
    assert.equal(await tab.page.locator('main thead tr').getAttribute('aria-rowindex'), '1');
    expectRun(await seen(tab), names);
    assert.equal((await seen(tab))[0], names[0]);
    assert.equal(await tab.axe(), '');
    await tab.picture(hash.includes('tenant') ? 'long-space' : 'long-environment');
    for (const top of [50_000, 20_000, 90_000, 400]) {
      await tab.page.evaluate((to) => scrollTo(0, to), top);
      await frames(tab);
      const found = await seen(tab);
      assert.ok(found.length > 4);
      expectRun(found, names);
      assert.ok(await rows(tab).count() < few, `${await rows(tab).count()} rows exist`);
      assert.equal(await tab.row(found[2]).getAttribute('aria-rowindex'), String(names.indexOf(found[2]) + 2));
    }
    await tab.page.getByLabel('Filter names, notes').fill('slack');
    await frames(tab);
    const left = names.filter((name) => name.endsWith('SLACK'));
    assert.equal(await tab.page.locator('main table').getAttribute('aria-rowcount'), String(left.length + 1));
    assert.equal((await seen(tab))[0], left[0]);
    expectRun(await seen(tab), left);
    await tab.page.evaluate(() => scrollTo(0, 1e6));
    await frames(tab);
    assert.equal((await seen(tab)).at(-1), left.at(-1));
    expectRun(await seen(tab), left);
    await tab.page.getByLabel('Filter names, notes').fill(`${left[7].slice(-10)}`.toLowerCase());
    await frames(tab);
    assert.deepEqual(await seen(tab), [left[7]]);
    await tab.end();
  });
}

test('rows that come into being above do not move those that are seen', async () => {
  const tab = await open('#/e/staging/s/tenant/secrets', { width: 375 });
  await tab.page.evaluate(() => scrollTo(0, 60_000));
  await frames(tab);
  for (let i = 0; i < 40; i += 1) {
    const [, , name] = await seen(tab);
    const before = (await tab.row(name).boundingBox()).y;
    await tab.page.evaluate(() => scrollBy(0, -120));
    await frames(tab);
    assert.ok(Math.abs((await tab.row(name).boundingBox()).y - before - 120) < 2, `step ${i}: ${(await tab.row(name).boundingBox()).y - before} px`);
  }
  await tab.end();
});

test('keys go from row to row, however far, and the details lead on and back', async () => {
  const tab = await open('#/e/staging/secrets');
  for (let i = 0; i < 60; i += 1) await tab.page.keyboard.press('j');
  assert.deepEqual(await focused(tab), { name: names[59], index: '61', inView: true });
  await tab.page.evaluate(() => scrollTo(0, 90_000));
  await frames(tab);
  assert.deepEqual(await focused(tab), { name: names[59], index: '61', inView: false });
  await tab.page.keyboard.press('ArrowDown');
  assert.deepEqual(await focused(tab), { name: names[60], index: '62', inView: true });
  await frames(tab);
  expectRun(await seen(tab), names);
  await tab.page.keyboard.press('Enter');
  await tab.page.locator('dialog.drawer').getByText(names[60]).first().waitFor();
  for (let i = 0; i < 30; i += 1) await tab.page.keyboard.press('j');
  await tab.page.locator('dialog.drawer').getByText(names[90]).first().waitFor();
  await tab.page.keyboard.press('Escape');
  assert.deepEqual(await focused(tab), { name: names[60], index: '62', inView: true });
  await tab.page.evaluate(() => document.activeElement.blur());
  await tab.page.keyboard.press('k');
  assert.deepEqual(await focused(tab), { name: names.at(-1), index: String(many + 1), inView: true });
  await tab.page.getByLabel('Filter names, notes').focus();
  await tab.page.keyboard.press('ArrowDown');
  assert.deepEqual(await focused(tab), { name: names[0], index: '2', inView: true });
  for (const _ of ['where it is used', 'what can be done', 'the next name']) await tab.page.keyboard.press('Tab');
  assert.equal((await focused(tab)).name, names[1]);
  await tab.end();
});

test('who changes a name far down, and who comes back, is where they were', async () => {
  const tab = await open('#/e/staging/secrets');
  for (let i = 0; i < 60; i += 1) await tab.page.keyboard.press('j');
  await tab.page.keyboard.press('o');
  await tab.page.locator('dialog').getByLabel('Value', { exact: true }).fill('another');
  await tab.page.keyboard.press('Control+Enter');
  await tab.row(names[59]).getByText('v2').waitFor();
  await tab.settled();
  assert.deepEqual(await focused(tab), { name: names[59], index: '61', inView: true });
  await frames(tab);
  expectRun(await seen(tab), names);
  const before = { top: await tab.page.evaluate(() => scrollY), y: (await tab.row(names[59]).boundingBox()).y };
  await tab.go('#/e/staging/requirements');
  await tab.page.goBack();
  await tab.row(names[59]).waitFor();
  await tab.settled();
  await tab.page.waitForFunction((name) => document.activeElement?.closest('[data-row]')?.dataset.row === name, names[59]);
  await frames(tab);
  assert.ok(Math.abs(await tab.page.evaluate(() => scrollY) - before.top) < 2);
  assert.ok(Math.abs((await tab.row(names[59]).boundingBox()).y - before.y) < 2);
  expectRun(await seen(tab), names);
  await tab.end();
});

test('printed, and looked through by the browser’s own search, a list is whole', async () => {
  const tab = await open('#/e/staging/secrets');
  await tab.page.evaluate(() => dispatchEvent(new Event('beforeprint')));
  assert.equal(await rows(tab).count(), many);
  await tab.page.evaluate(() => dispatchEvent(new Event('afterprint')));
  assert.ok(await rows(tab).count() < few, `${await rows(tab).count()} rows exist`);
  await tab.page.evaluate(() => document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'f', ctrlKey: true, bubbles: true })));
  assert.equal(await rows(tab).count(), many);
  await tab.page.getByLabel('Filter names, notes').fill('slack');
  assert.ok(await rows(tab).count() < few, `${await rows(tab).count()} rows exist`);
  // By the browser itself: as many rows as there are, on as many pages as these need.
  await tab.page.evaluate(() => {
    globalThis.printed = [];
    addEventListener('beforeprint', () => globalThis.printed.push(document.querySelectorAll('main [data-row]').length));
  });
  const pages = async () => (await tab.page.pdf()).toString('latin1').match(/\/Type\s*\/Page\b/g).length;
  const some = await pages();
  await tab.page.getByLabel('Filter names, notes').fill('');
  const all = await pages();
  assert.deepEqual(await tab.page.evaluate(() => globalThis.printed), [many / 8, many]);
  assert.ok(some > 5 && all > 5 * some, `${some} pages, ${all} pages`);
  assert.ok(await rows(tab).count() < few, `${await rows(tab).count()} rows exist`);
  await tab.end();
});

test('on paper there is the list and what it is filtered by, and nothing to press', async () => {
  const tab = await open('#/e/staging/s/tenant/secrets', { width: 720, height: 1000 });
  await tab.page.getByLabel('Filter names, notes').fill('slack');
  await tab.page.emulateMedia({ media: 'print' });
  await frames(tab);
  for (const gone of ['.top', '.side', '.crumbs', '.tools .button', '.rows .act', '.chip[aria-pressed=false]'])
    for (const one of await tab.page.locator(gone).all()) assert.equal(await one.isVisible(), false, gone);
  for (const stays of ['main h1', '.filter-box input', '.chip[aria-pressed=true]', 'main .about', `main [data-row="${names.find((name) => name.endsWith('SLACK'))}"] .name`])
    assert.equal(await tab.page.locator(stays).first().isVisible(), true, stays);
  assert.equal((await tab.page.locator('main h1').boundingBox()).x, 0);
  assert.ok(await tab.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  assert.equal(await tab.page.locator('main thead th').evaluateAll((all) => all.filter((one) => one.checkVisibility() && getComputedStyle(one).position !== 'static').length), 0);
  await tab.picture('printed');
  await tab.end();
});

test('a narrow window has the same rows, stacked', async () => {
  const tab = await open('#/e/staging/s/tenant/secrets', { width: 375 });
  for (const top of [30_000, 29_000, 100_000]) {
    await tab.page.evaluate((to) => scrollTo(0, to), top);
    await frames(tab);
    expectRun(await seen(tab), names);
  }
  await tab.page.setViewportSize({ width: 900, height: 720 });
  await frames(tab);
  await frames(tab);
  expectRun(await seen(tab), names);
  assert.ok(await rows(tab).count() < few, `${await rows(tab).count()} rows exist`);
  await tab.end();
});
