// SPDX-License-Identifier: BSL-1.0
// The matrix: sparse, windowed in both directions, by keyboard, and with changes of a selection. Times
// are reported, not judged.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { Browser } from './browser.mjs';
import { Site } from './site.mjs';

let site;
let browser;
before(async () => {
  site = await Site.open();
  browser = await Browser.start();
});
after(async () => {
  await browser?.end();
  await site?.end();
});

const label = (tab) => tab.page.evaluate(() => document.activeElement.getAttribute('aria-label'));

test('what differs is shown, the details opened and the environment’s value used again in a selection', async () => {
  const tab = await browser.open(site.url, { session: await site.session(), at: '#/e/prod/matrix' });
  const grid = tab.page.getByRole('grid');
  await grid.locator('[data-r="1"][data-c="0"]').waitFor();
  assert.match(await tab.page.getByRole('row').nth(1).innerText(), /Production/);
  const cell = (text) => grid.getByRole('gridcell', { name: text });
  await cell('SLACK_TOKEN, Customer Acme: Overridden v1, older').click();
  await cell('SLACK_TOKEN, Customer Bolt: Overridden v1').click();
  assert.match(await tab.text('.bulk'), /selected: 2 cells/);
  await tab.page.locator('.bulk').getByRole('button', { name: 'Use Production’s value again' }).click();
  await tab.page.getByRole('alertdialog').getByRole('button', { name: 'Use Production’s value again in 2 spaces' }).click();
  await tab.page.locator('.bulk').getByText('2 spaces done').waitFor();
  await tab.page.locator('.bulk').getByRole('button', { name: 'Done' }).click();
  await tab.settled();
  assert.equal(await cell('SLACK_TOKEN, Customer Bolt: Overridden v1').count(), 0);
  await tab.end();
});

test('1,000 spaces by 200 names: only cells in view exist, arrows reach the last one', async (t) => {
  const spaces = Array.from({ length: 1000 }, (_, i) => ({ id: `s${i}`, name: `Customer ${i}` }));
  const names = Array.from({ length: 200 }, (_, i) => `NAME_${String(i).padStart(3, '0')}`);
  const cells = [];
  for (let s = 0; s < 1000; s += 1) for (let n = 0; n < 200; n += 1) if ((s * 7 + n * 13) % 33 === 0) cells.push([s, n, n % 5 === 0 ? 'hidden' : 'overridden', 1 + (s % 4), s % 11 === 0 ? 1 : 0]);
  const answer = { data: { spaces, names, cells, parent: names.map(() => 3), totals: { spaces: 1000, names: 200 }, generation: 7 } };
  const tab = await browser.open(site.url, { session: await site.session(), at: '#/environments' });
  await tab.page.route('**/v1/x/matrix?*', (route) => route.fulfill({ json: answer }));
  const began = Date.now();
  await tab.page.evaluate(() => { location.hash = '#/e/prod/matrix'; });
  await tab.page.locator('[data-r="1"][data-c="0"]').waitFor();
  t.diagnostic(`first rows after ${Date.now() - began} ms (${JSON.stringify(answer).length} bytes, ${cells.length} cells that differ)`);
  const grid = tab.page.getByRole('grid');
  assert.equal(await grid.getAttribute('aria-rowcount'), '1002');
  assert.equal(await grid.getAttribute('aria-colcount'), '201');
  const alive = () => tab.page.locator('.grid-cell').count();
  assert.ok(await alive() < 1500, `${await alive()} cells exist`);
  assert.equal(await tab.axe(), '');
  await tab.picture('matrix-large');
  await tab.page.locator('[data-r="0"][data-c="-1"]').focus();
  await tab.page.keyboard.press('Control+End');
  assert.match(await label(tab) ?? '', /^NAME_\d+, Customer \d+: /);
  assert.equal(await tab.page.evaluate(() => document.activeElement.getAttribute('aria-colindex')), '201');
  assert.equal(await tab.page.evaluate(() => document.activeElement.closest('[role=row]').getAttribute('aria-rowindex')), '1002');
  assert.ok(await alive() < 1500);
  const head = await tab.page.locator('.grid-head .grid-cell').last().boundingBox();
  const box = await grid.boundingBox();
  assert.ok(head.y >= box.y - 1 && head.y < box.y + 10, 'the first row stays put');
  const scroll = await tab.page.evaluate(async () => {
    const element = document.querySelector('.grid');
    const times = [];
    for (let i = 0; i < 60; i += 1) {
      const start = performance.now();
      element.scrollTop = (i * 611) % 30_000;
      element.scrollLeft = (i * 907) % 20_000;
      await new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); });
      times.push(performance.now() - start);
    }
    times.sort((a, b) => a - b);
    return [times[30], times[57]];
  });
  t.diagnostic(`a jump to anywhere: median ${scroll[0].toFixed(0)} ms, 95 % ${scroll[1].toFixed(0)} ms`);
  const filtered = await tab.page.evaluate(() => {
    const input = document.querySelector('main input[type=search]');
    const start = performance.now();
    input.value = 'NAME_15';
    input.dispatchEvent(new Event('input'));
    return performance.now() - start;
  });
  t.diagnostic(`filter over all names: ${filtered.toFixed(0)} ms`);
  assert.equal(await grid.getAttribute('aria-colcount'), '11');
  await tab.end();
});

test('a change of many can be stopped, goes on where it stopped, and ends with what failed', async () => {
  const tab = await browser.open(site.url, { session: await site.session(), at: '#/environments' });
  const spaces = Array.from({ length: 30 }, (_, i) => ({ id: `s${i}`, name: `Customer ${i}` }));
  await tab.page.route('**/v1/x/matrix?*', (route) => route.fulfill({
    json: { data: { spaces, names: ['A_NAME'], cells: spaces.map((_, s) => [s, 0, 'overridden', 1, 0]), parent: [2], totals: { spaces: 30, names: 1 }, generation: 7 } },
  }));
  const asked = [];
  let hold = null;
  await tab.page.route('**/v1/x/batch?*', async (route) => {
    const id = new URL(route.request().url()).searchParams.get('spaceId');
    asked.push(id);
    if (id === 's3') return route.fulfill({ status: 409, json: { errors: [{ message: 'changed meanwhile' }], code: 'conflict' } });
    if (asked.length === 6) await new Promise((resolve) => { hold = resolve; });
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
  while (!hold) await tab.page.waitForTimeout(20);
  await tab.page.locator('.bulk').getByText(/of 30/).waitFor();
  await tab.page.getByRole('button', { name: 'Stop' }).click();
  hold();
  await tab.page.locator('.bulk').getByText('5 spaces done, 1 failed, 24 not begun').waitFor();
  await tab.page.getByRole('button', { name: 'Go on' }).click();
  await tab.page.locator('.bulk').getByText('29 spaces done, 1 failed').waitFor();
  assert.match(await tab.text('.failures'), /Customer 3: changed meanwhile/);
  assert.equal(new Set(asked).size, 30);
  assert.equal(asked.length, 30);
  await tab.end();
});
