// SPDX-License-Identifier: BSL-1.0
// Every screen, light and dark, narrow and at 200 %: shown, usable by assistive technology, within
// its policy, with a picture of each.
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

const screens = {
  environments: ['#/environments', 'Environments'],
  'environment-secrets': ['#/e/prod/secrets', 'Secrets of Production'],
  spaces: ['#/e/prod/spaces', 'Spaces of Production'],
  matrix: ['#/e/prod/matrix', 'Matrix of Production'],
  requirements: ['#/e/prod/requirements', 'Requirements of Production'],
  tokens: ['#/e/prod/tokens', 'Tokens of Production'],
  keys: ['#/e/prod/keys', 'Keys of Production'],
  activity: ['#/e/prod/activity', 'Activity of Production'],
  general: ['#/e/prod/general', 'Production'],
  'space-overview': ['#/e/prod/s/acme/overview', 'Customer Acme'],
  'space-secrets': ['#/e/prod/s/acme/secrets', 'Secrets of Customer Acme'],
  'space-tokens': ['#/e/prod/s/acme/tokens', 'Tokens of Customer Acme'],
  'space-activity': ['#/e/prod/s/acme/activity', 'Activity of Customer Acme'],
  search: ['#/search?q=slack', 'Search all environments'],
};

// People look at it two days after it was filled.
const later = Date.now() + 2 * 86_400_000;
const open = async (at, more = {}) => browser.open(site.url, {
  session: { ...await site.session(), expiresAt: new Date(later + 86_400_000).toISOString() }, at,
  init: (page) => page.clock.setSystemTime(later), ...more,
});

const looks = { light: {}, dark: { dark: true }, narrow: { width: 390, height: 844 }, zoomed: { scale: 2 } };
for (const [look, options] of Object.entries(looks)) {
  test(`every screen is there and accessible: ${look}`, async () => {
    const tab = await open(screens.environments[0], options);
    for (const [name, [hash, title]] of Object.entries(screens)) {
      await tab.go(hash);
      assert.equal(await tab.text('main h1'), title, hash);
      assert.equal(await tab.page.locator('main .panel.error').count(), 0, `${hash}: an error is shown`);
      assert.equal(await tab.axe(), '', `${hash} (${look})`);
      const [wide, window] = await tab.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(wide <= window, `${hash} (${look}) needs sideways scrolling: ${wide} > ${window}`);
      await tab.picture(look === 'light' ? name : `${name}-${look}`);
    }
    await tab.end();
  });
}

test('dialogs and the drawer are accessible, light and dark', async () => {
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
    await close();
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
  await tab.page.keyboard.press('Enter');
  await tab.page.getByRole('heading', { name: 'Environments', exact: true }).waitFor();
  const kept = await tab.page.evaluate(() => [JSON.stringify(sessionStorage), JSON.stringify(localStorage), document.cookie]);
  assert.ok(!kept.join().includes(site.token), 'the pasted token is kept');
  assert.equal(kept[2], '');
  assert.deepEqual(await tab.page.context().cookies(), []);
  await tab.end();
});

test('every file of the page is embedded, and is what is in the folder', async () => {
  const folder = process.env.COFFER_PAGE;
  assert.ok(folder, 'COFFER_PAGE must name the page’s folder');
  const fs = await import('node:fs');
  const files = fs.readdirSync(folder).filter((name) => /\.(js|css|html|svg)$/.test(name));
  assert.ok(files.length > 40);
  for (const name of files) {
    const answer = await site.ask('GET', name === 'index.html' ? '/' : `/page/${name}`, { token: '' });
    assert.equal(answer.status, 200, name);
    assert.equal(answer.text, fs.readFileSync(`${folder}/${name}`, 'utf8'), name);
  }
});

test('the page’s code makes no markup, evaluates nothing and names no other host', async () => {
  const fs = await import('node:fs');
  for (const name of fs.readdirSync(process.env.COFFER_PAGE)) {
    const text = fs.readFileSync(`${process.env.COFFER_PAGE}/${name}`, 'utf8');
    if (!/\.(js|html)$/.test(name)) continue;
    assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|setHTML/, name);
    assert.doesNotMatch(text, /\sstyle="|\son[a-z]+="|<script>|javascript:/, name);
    assert.doesNotMatch(text.replaceAll('http://www.w3.org', ''), /https?:\/\/[a-z]/, name);
    if (name !== 'api.js') assert.doesNotMatch(text, /\bfetch\(|XMLHttpRequest|sendBeacon|WebSocket|EventSource/, name);
  }
});
