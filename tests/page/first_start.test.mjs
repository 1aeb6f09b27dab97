// SPDX-License-Identifier: BSL-1.0
// The first start: the server prints a code, the page takes it once and makes the first token.
import test from 'node:test';
import assert from 'node:assert/strict';
import { Browser } from './browser.mjs';
import { Coffer } from '../javascript/coffer.mjs';

test('the printed code signs in once, makes the first token, and is gone', async () => {
  const site = new Coffer();
  const browser = await Browser.start();
  try {
    await site.serve();
    const printed = () => /code ([0-9A-Z]{4}-[0-9A-Z]{4})/.exec(site.log)?.[1];
    for (let i = 0; i < 1200 && !printed(); i += 1) await new Promise((resolve) => { setTimeout(resolve, 50); });
    const code = printed();
    assert.ok(code, `no code was printed: ${site.log}`);
    const tab = await browser.open(site.url, {});
    await tab.page.getByRole('heading', { name: 'Welcome' }).waitFor();
    assert.equal(await tab.axe(), '');
    await tab.picture('first-start');
    await tab.page.getByLabel('Code').fill('0000-0000');
    await tab.page.getByLabel('Your name').fill('Ana');
    await tab.page.keyboard.press('Enter');
    await tab.page.getByText('This is not the code.').waitFor();
    await tab.page.getByLabel('Code').fill(code.toLowerCase());
    await tab.page.keyboard.press('Enter');
    await tab.page.getByRole('heading', { name: 'Your personal token' }).waitFor();
    const token = await tab.text('.token-shown');
    assert.match(token, /^cof_/);
    assert.equal(await tab.axe(), '');
    // It is nowhere else: the browser asks before the page is loaded anew.
    tab.expected.push(/a browser's own dialog/);
    const asked = tab.page.waitForEvent('dialog');
    await tab.page.evaluate(() => { setTimeout(() => location.reload(), 0); });
    assert.equal((await asked).type(), 'beforeunload');
    assert.equal(await tab.text('.token-shown'), token);
    await tab.page.getByRole('button', { name: 'I have kept it' }).click();
    await tab.page.locator('main h1').filter({ hasText: 'Environments' }).waitFor();
    assert.ok(!(await tab.page.content()).includes(token));
    assert.match(await tab.text('.user'), /Ana/);
    await tab.page.reload();
    await tab.page.locator('.user').waitFor();
    assert.equal(tab.problems.length, 1);
    await tab.end();

    const later = await browser.open(site.url, {});
    await later.page.getByLabel('Personal token', { exact: true }).fill(token);
    await later.page.keyboard.press('Enter');
    await later.page.locator('main h1').filter({ hasText: 'Environments' }).waitFor();
    await later.end();
    const again = await site.ask('POST', '/v1/x/session/code', { token: '', body: { code, name: 'Eve' }, headers: { 'sec-fetch-site': 'same-origin' } });
    assert.ok(again.status >= 400, 'the code was taken twice');
  } finally {
    await browser.end();
    await site.end();
  }
});
