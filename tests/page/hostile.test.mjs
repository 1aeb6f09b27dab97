// SPDX-License-Identifier: BSL-1.0
// Names that attack: markup, scripts, right-to-left, emoji, very long, equal but for case. They are
// shown as the text that they are.
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

const names = ['<img src=x onerror=alert(1)>', '"><script>alert(1)</script>', 'javascript:alert(1)', '${alert(1)}{{7*7}}',
  'שלום_RTL', '\u202egnp.exe', '🔑_EMOJI', 'same_name', 'SAME_NAME', 'x'.repeat(1024), 'with space & ? # / % + =', '__proto__', 'constructor'];

test('hostile names, notes, spaces and environments are text on every screen', async () => {
  for (const name of names) await site.put({ environmentId: 'staging' }, name, 'v', { note: name.slice(0, 200) });
  await site.must('POST', '/v1/x/spaces?environmentId=staging', { name: names[0], id: 'hostile' });
  await site.must('PATCH', '/v1/x/environments?environmentId=staging', { name: names[1] });
  await site.must('PUT', '/v1/x/requirements?environmentId=staging', { requirements: { [names[0]]: [{ name: names[1] }, { name: '<b>missing</b>' }] } });
  const tab = await browser.open(site.url, { session: await site.session(), at: '#/e/staging/secrets' });
  const shown = await tab.page.locator('main button.name').allInnerTexts();
  for (const name of names) assert.ok(shown.includes(name), `not shown as it is: ${name.slice(0, 40)}`);
  for (const hash of ['#/environments', '#/e/staging/secrets', '#/e/staging/spaces', '#/e/staging/matrix', '#/e/staging/matrix?all=1', '#/e/staging/requirements', '#/e/staging/activity', '#/e/staging/tokens',
    '#/e/staging/s/hostile/secrets', '#/e/staging/s/hostile/overview', `#/search?q=${encodeURIComponent('<')}`, `#/search?q=${encodeURIComponent(names[1])}`]) {
    await tab.go(hash);
    assert.equal(await tab.page.locator('main img, main script, main iframe, main b').count(), 0, hash);
    const [wide, window] = await tab.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(wide <= window, `${hash} is pushed wide: ${wide} > ${window}`);
  }
  await tab.end();
});

test('hostile names can be opened, changed and undone', async () => {
  const tab = await browser.open(site.url, { session: await site.session(), at: '#/e/staging/s/hostile/secrets' });
  for (const name of names) {
    const row = tab.page.locator('main [data-row]').and(tab.page.locator(`[data-row=${JSON.stringify(name)}]`));
    await row.locator('button.name').click();
    await tab.page.locator('dialog .layers').waitFor();
    assert.equal(await tab.page.locator('dialog h2 bdi').first().innerText(), name);
    await tab.page.locator('dialog .drawer-actions').getByText('Hide here').click();
    await tab.page.locator('dialog .drawer-actions').getByText('Show again').click();
    await tab.page.locator('dialog .drawer-actions').getByText('Hide here').waitFor();
    await tab.page.keyboard.press('Escape');
    await tab.page.waitForSelector('dialog', { state: 'detached' });
  }
  await tab.picture('hostile');
  assert.equal(await tab.axe(), '');
  await tab.end();
});

test('a hostile address leads nowhere', async () => {
  const tab = await browser.open(site.url, { session: await site.session(), at: '#/environments' });
  for (const hash of ['#/e/%E0%A4%A/secrets', '#/e/<img src=x>/secrets', '#/e/prod/__proto__', '#/constructor', '#/e/prod/s/%2e%2e/secrets', '#/e/prod/secrets?show=<script>&group=__proto__']) {
    await tab.page.evaluate((to) => { location.hash = to; }, hash);
    await tab.page.waitForTimeout(100);
    await tab.settled();
    assert.equal(await tab.page.locator('main img, main script').count(), 0, hash);
  }
  await tab.end();
});
