// SPDX-License-Identifier: BSL-1.0
// Every dialog, the drawer and the sign-in, light and dark: accessible, with a picture of each.
import test from 'node:test';
import assert from 'node:assert/strict';
import { browser, openLater as open, site } from './here.mjs';

test('dialogs and the drawer are accessible, light and dark', async () => {
  await site.must('GET', '/v1/secrets?environmentId=prod&spaceId=acme', undefined, 'deploy'); // what the drawer tells
  for (const dark of [false, true]) {
    const tab = await open('#/e/prod/s/acme/secrets', { dark });
    const look = dark ? 'dark' : 'light';
    const picture = (name) => tab.picture(dark ? `${name}-dark` : name);
    const close = async () => {
      await tab.page.keyboard.press('Escape');
      await tab.page.locator('dialog').first().waitFor({ state: 'detached' });
    };
    await tab.row('SLACK_TOKEN').locator('button.name').click();
    await tab.page.waitForSelector('dialog .layers');
    assert.equal(await tab.axe(), '', `drawer (${look})`);
    await picture('drawer');
    await close();
    await tab.row('DB_URL').getByText('Override').click();
    await tab.page.locator('dialog .value').first().fill('postgres://acme:pw@db/acme ');
    assert.equal(await tab.axe(), '', `override (${look})`);
    await picture('override');
    await tab.page.locator('dialog .value').first().fill('');
    await close();
    await tab.go('#/e/prod/secrets');
    await tab.page.getByRole('button', { name: 'Paste .env' }).first().click();
    await tab.page.locator('dialog textarea').fill('SLACK_TOKEN=xoxb-2\nNEW_ONE="x y"\nrubbish\n');
    assert.equal(await tab.axe(), '', `paste (${look})`);
    await picture('paste');
    await tab.page.locator('dialog textarea').fill('');
    await close();
    await tab.page.keyboard.press('?');
    assert.equal(await tab.axe(), '', `keyboard (${look})`);
    await close();
    await tab.go('#/e/prod/tokens');
    await tab.page.getByText('New token').first().click();
    assert.equal(await tab.axe(), '', `new token (${look})`);
    await picture('new-token');
    await close();
    // Every form, and where each is opened.
    for (const [hash, name] of [['#/environments', 'New environment'], ['#/e/prod/general', 'Change…'], ['#/e/prod/general', 'Remove environment…'],
      ['#/e/prod/spaces', 'New space'], ['#/e/prod/s/acme/overview', 'Rename…'], ['#/e/prod/s/acme/overview', 'Remove space…'], ['#/e/prod/requirements', 'Edit']]) {
      await tab.go(hash);
      await tab.page.getByRole('main').getByRole('button', { name }).first().click();
      await tab.page.locator('dialog').waitFor();
      assert.equal(await tab.axe(), '', `${name} (${look})`);
      await close();
    }
    await tab.end();
  }
});

test('the sign-in is accessible, and says what is wrong', async () => {
  const tab = await browser.open(site.url, {});
  await tab.page.getByLabel('Personal token', { exact: true }).waitFor();
  assert.equal(await tab.axe(), '');
  await tab.picture('sign-in');
  await tab.page.getByLabel('Personal token', { exact: true }).fill('cof_nobody');
  await tab.page.keyboard.press('Enter');
  await tab.page.getByText('not known here').waitFor();
  await tab.page.getByLabel('Personal token', { exact: true }).fill(site.token);
  // Pressed again before the answer: it is one session.
  let asked = 0;
  await tab.page.route('**/v1/x/session', async (route) => {
    asked += 1;
    await tab.page.waitForTimeout(300);
    return route.continue();
  });
  for (let i = 0; i < 3; i += 1) await tab.page.keyboard.press('Enter');
  await tab.page.getByRole('heading', { name: 'Environments', exact: true }).waitFor();
  assert.equal(asked, 1);
  const kept = await tab.page.evaluate(() => [JSON.stringify(sessionStorage), JSON.stringify(localStorage), document.cookie]);
  assert.ok(!kept.join().includes(site.token), 'the pasted token is kept');
  assert.equal(kept[2], '');
  assert.deepEqual(await tab.page.context().cookies(), []);
  await tab.end();
});

test('who wants less motion gets none', async () => {
  const tab = await open('#/e/prod/s/acme/secrets');
  const moving = async (reducedMotion) => {
    await tab.page.emulateMedia({ reducedMotion });
    const n = await tab.page.evaluate(() => {
      document.querySelector('[data-row=DB_URL] button.name').click();
      return document.getAnimations().length;
    });
    await tab.page.keyboard.press('Escape');
    await tab.page.locator('dialog').waitFor({ state: 'detached' });
    return n;
  };
  assert.ok(await moving('no-preference') > 0, 'nothing moves for anybody');
  assert.equal(await moving('reduce'), 0);
  await tab.end();
});

test('a day that is chosen is told as year, month and day, however the browser’s language writes it', async () => {
  const tab = await open('#/e/prod/s/acme/secrets');
  const told = (label) => tab.page.getByLabel(label).evaluate((one) =>
    one.getAttribute('aria-describedby').split(' ').map((id) => document.getElementById(id).textContent).join(' '));
  const close = async () => {
    await tab.page.keyboard.press('Escape');
    await tab.page.locator('dialog').waitFor({ state: 'detached' });
  };
  await tab.row('DB_URL').getByText('Override').click();
  const rotate = /^Rotate by/;
  assert.match(await told(rotate), /^A reminder/);
  await tab.page.getByLabel(rotate).fill('2031-01-02');
  assert.match(await told(rotate), /^= 2031-01-02 · A reminder/);
  await tab.page.getByLabel(rotate).fill('');
  assert.match(await told(rotate), /^A reminder/);
  await close();
  await tab.go('#/e/prod/secrets');
  await tab.row('SLACK_TOKEN').getByText('Replace').click();
  assert.equal((await told(rotate)).slice(2, 12), await tab.page.getByLabel(rotate).inputValue()); // what is there already
  await close();
  await tab.go('#/e/prod/tokens');
  await tab.page.getByRole('button', { name: 'New token' }).first().click();
  assert.match(await told('Expires'), /^= \d{4}-\d\d-\d\d · At most/);
  await close();
  await tab.go('#/e/prod/activity');
  for (const label of ['From', 'To']) {
    assert.equal(await told(label), '');
    await tab.page.getByLabel(label).fill('2031-01-02');
    assert.equal(await told(label), '= 2031-01-02');
  }
  await tab.page.getByRole('button', { name: 'Clear filter' }).click();
  for (const label of ['From', 'To']) assert.equal(await told(label), '');
  await tab.end();
});
