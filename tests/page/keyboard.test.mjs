// SPDX-License-Identifier: BSL-1.0
// All by keyboard: no mouse is used here. The focus comes back to where it was.
import test from 'node:test';
import assert from 'node:assert/strict';
import { open, served, site } from './here.mjs';

// In production both are asked about; where programs lose something, Enter alone is a no.
async function hide({ page }) {
  await page.keyboard.press('h');
  await page.getByRole('heading', { name: /^Hide \S+ in / }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.innerText), 'Cancel');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
}
async function showAgain({ page }) {
  await page.keyboard.press('h');
  await page.getByRole('heading', { name: /^Show \S+ in .* again$/ }).waitFor();
  await page.keyboard.press('Enter');
}

test('override, hide, show again, revert and undo without a mouse', async () => {
  const tab = await open('#/e/prod/s/globex/secrets');
  const { keyboard } = tab.page;
  await keyboard.press('j');
  assert.equal(await tab.focusKey(), 'name:BETA_KEY');
  await keyboard.press('ArrowDown');
  assert.equal(await tab.focusKey(), 'name:DB_URL');
  await keyboard.press('o');
  await tab.page.waitForSelector('dialog .value');
  await keyboard.type('postgres://globex');
  await keyboard.press('Control+Enter');
  await tab.undoBar().filter({ hasText: 'DB_URL overridden in Globex: v1.' }).waitFor();
  await tab.row('DB_URL').getByText('Overridden').waitFor();
  assert.equal(await tab.focusKey(), 'name:DB_URL');
  await keyboard.press('u');
  await tab.page.getByRole('dialog').getByText('What changes').waitFor();
  await keyboard.press('Enter');
  await tab.undoBar().filter({ hasText: 'uses Production’s value' }).waitFor();
  await tab.row('DB_URL').getByText('Inherited').waitFor();
  await keyboard.press('z');
  await tab.undoBar().filter({ hasText: 'as it was' }).waitFor();
  await tab.row('DB_URL').getByText('Overridden').waitFor();
  assert.equal(await tab.focusKey(), 'name:DB_URL');
  await keyboard.press('k');
  assert.equal(await tab.focusKey(), 'name:BETA_KEY');
  await hide(tab);
  await tab.row('BETA_KEY').getByText('Hidden').waitFor();
  assert.equal(await tab.focusKey(), 'name:BETA_KEY');
  await showAgain(tab);
  await tab.row('BETA_KEY').getByText('Inherited').waitFor();
  await keyboard.press('Enter');
  await tab.page.waitForSelector('dialog.drawer .layers');
  await keyboard.press('j');
  await tab.page.locator('dialog .drawer-title').getByText('DB_URL').waitFor();
  await keyboard.press('Escape');
  await tab.page.waitForSelector('dialog', { state: 'detached' });
  assert.equal(await tab.focusKey(), 'name:BETA_KEY');
  await tab.end();
});

test('the focus comes back to a row that was drawn anew while its details were open', async () => {
  const tab = await open('#/e/prod/s/initech/secrets');
  const { keyboard } = tab.page;
  for (let i = 0; i < 2; i += 1) await keyboard.press('j');
  const drawn = await tab.row('DB_URL').elementHandle();
  await keyboard.press('Enter');
  await tab.page.waitForSelector('dialog.drawer .layers');
  await hide(tab);
  await tab.undoBar().filter({ hasText: 'DB_URL is hidden in Initech' }).waitFor();
  await tab.page.waitForFunction((row) => !row.isConnected, drawn);
  await keyboard.press('Escape');
  await tab.page.waitForSelector('dialog', { state: 'detached' });
  assert.equal(await tab.focusKey(), 'name:DB_URL');
  await tab.end();
});

test('a new secret from n to Ctrl+Enter; Escape asks before it throws a typed value away', async () => {
  const tab = await open('#/e/staging/secrets');
  const { keyboard } = tab.page;
  await keyboard.press('n');
  await tab.page.waitForSelector('dialog');
  await keyboard.type('TYPED_NAME');
  await keyboard.press('Tab');
  await keyboard.type('typed-value');
  await keyboard.press('Escape');
  const question = tab.page.getByText('Discard what you typed?');
  for (const stay of ['Escape', 'Enter']) {
    await question.waitFor();
    assert.equal(await tab.page.evaluate(() => document.activeElement.innerText), 'Go on typing');
    await keyboard.press(stay);
    await question.waitFor({ state: 'detached' });
    assert.equal(await tab.page.locator('dialog').count(), 1);
    assert.equal(await tab.page.locator('dialog .value').first().inputValue(), 'typed-value');
    if (stay === 'Escape') await keyboard.press('Escape');
  }
  await keyboard.press('Control+Enter');
  await tab.undoBar().filter({ hasText: 'TYPED_NAME set in Staging: v1.' }).waitFor();
  await keyboard.press('n');
  await tab.page.waitForSelector('dialog');
  await keyboard.press('Escape');
  await tab.page.waitForSelector('dialog', { state: 'detached' });
  await tab.end();
});

test('what is dangerous is not done by Enter alone: a removal, a revocation', async () => {
  const tab = await open('#/e/prod/s/acme/secrets');
  const { keyboard } = tab.page;
  await tab.row('ACME_SFTP_KEY').locator('button.name').click();
  await tab.page.locator('dialog .drawer-actions').getByText('Remove').click();
  await tab.page.getByRole('heading', { name: 'Remove ACME_SFTP_KEY from Customer Acme' }).waitFor();
  await keyboard.press('Enter');
  await tab.page.getByRole('heading', { name: 'Remove ACME_SFTP_KEY' }).waitFor({ state: 'detached' });
  assert.equal((await served({ environmentId: 'prod', spaceId: 'acme' })).ACME_SFTP_KEY, 'sftp-1');
  const { data } = await site.must('POST', '/v1/x/tokens', { name: 'stays', grants: [{ role: 'service', environmentId: 'prod' }] });
  await keyboard.press('Escape');
  await tab.go('#/e/prod/tokens');
  await tab.page.locator('main tr', { hasText: 'stays' }).getByText('Revoke').click();
  await tab.page.getByRole('alertdialog').waitFor();
  await keyboard.press('Enter');
  await tab.page.getByRole('alertdialog').waitFor({ state: 'detached' });
  assert.equal((await site.ask('GET', '/v1/secrets?environmentId=prod', { token: data.token })).status, 200);
  await tab.end();
});

test('a dialog keeps the focus inside, and keys of the page are off in it and in fields', async () => {
  const tab = await open('#/e/prod/s/bolt/secrets');
  const { keyboard } = tab.page;
  await keyboard.press('j');
  await keyboard.press('o');
  await tab.page.waitForSelector('dialog');
  for (let i = 0; i < 25; i += 1) {
    await keyboard.press('Tab');
    const inside = await tab.page.evaluate(() => document.activeElement === document.body || Boolean(document.activeElement.closest('dialog')));
    assert.ok(inside, `left the dialog after ${i + 1} tabs`);
  }
  await keyboard.press('Escape');
  await keyboard.press('/');
  await keyboard.type('nzug?');
  assert.equal(await tab.page.evaluate(() => document.activeElement.value), 'nzug?');
  assert.equal(await tab.page.locator('dialog').count(), 0);
  await keyboard.press('Escape');
  assert.equal(await tab.page.evaluate(() => document.activeElement.value), '');
  await tab.end();
});

test('g e, g s, g m go places; single letters can be switched off', async () => {
  const tab = await open('#/e/prod/secrets');
  const { keyboard } = tab.page;
  const typed = async (keys) => { for (const key of keys) await keyboard.press(key); };
  await typed('gm');
  await tab.page.getByRole('heading', { name: 'Matrix of Production' }).waitFor();
  await typed('gs');
  await tab.page.getByRole('heading', { name: 'Spaces of Production' }).waitFor();
  await typed('ge');
  await tab.page.getByRole('heading', { name: 'Environments', exact: true }).waitFor();
  await keyboard.press('?');
  await tab.page.waitForSelector('dialog');
  await keyboard.press('Space');
  await keyboard.press('Escape');
  await tab.page.waitForSelector('dialog', { state: 'detached' });
  await typed('gm');
  await keyboard.press('?');
  assert.equal(await tab.page.locator('dialog').count(), 0);
  assert.equal(await tab.text('main h1'), 'Environments');
  await tab.end();
});

test('saves are announced politely; a first Tab offers to skip the navigation', async () => {
  const tab = await open('#/e/prod/s/initech/secrets');
  await tab.page.evaluate(() => document.activeElement.blur());
  await tab.page.keyboard.press('Tab');
  assert.equal(await tab.page.evaluate(() => document.activeElement.textContent), 'Skip to content');
  await tab.page.keyboard.press('Enter');
  assert.equal(await tab.page.evaluate(() => document.activeElement.tagName), 'H1');
  await tab.page.keyboard.press('j');
  await hide(tab);
  await tab.page.waitForFunction(() => /BETA_KEY is hidden in Initech/.test(document.getElementById('announcements').textContent));
  assert.equal(await tab.page.locator('#announcements').getAttribute('aria-live'), 'polite');
  await tab.end();
});

test('what has the focus is outlined, whatever it is, light and dark', async () => {
  for (const dark of [false, true]) {
    const tab = await open('#/e/prod/s/acme/secrets', { dark });
    await tab.page.evaluate(() => document.activeElement.blur());
    const reached = new Set();
    for (let i = 0; i < 60; i += 1) {
      await tab.page.keyboard.press('Tab');
      if (await tab.page.evaluate(() => document.activeElement === document.body)) break; // all was reached
      const [what, style, width, color] = await tab.page.evaluate(() => {
        const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(document.activeElement);
        return [document.activeElement.outerHTML.slice(0, 120), outlineStyle, parseFloat(outlineWidth), outlineColor];
      });
      assert.ok(style === 'solid' && width >= 2 && !/, 0\)$/.test(color), `${what}: ${style} ${width} ${color}`);
      reached.add(what.slice(1, 6));
    }
    for (const kind of ['input', 'a hre', 'butto']) assert.ok(reached.has(kind), `no ${kind}: ${[...reached]}`);
    await tab.end();
  }
});

test('letters that are switched off act neither in the list nor in the details', async () => {
  const tab = await open('#/e/prod/s/initech/secrets');
  const { keyboard } = tab.page;
  await tab.page.evaluate(() => localStorage.setItem('coffer.keys', 'off'));
  await tab.row('SENTRY_DSN').locator('button.name').focus();
  await keyboard.press('h');
  await keyboard.press('Enter');
  await tab.page.waitForSelector('dialog.drawer .layers');
  for (const key of ['h', 'o', 'j', 'z']) await keyboard.press(key);
  assert.equal(await tab.page.locator('dialog').count(), 1);
  assert.equal(await tab.text('dialog .drawer-title'), 'SENTRY_DSN in Initech');
  await keyboard.press('Escape');
  assert.equal(tab.traffic.filter((one) => one.method === 'POST').length, 0);
  await tab.end();
});

test('the focus stays on what is drawn anew: a filter, and the details’ buttons, whose keys work on', async () => {
  const tab = await open('#/e/prod/s/initech/secrets');
  const { keyboard } = tab.page;
  const chip = tab.page.getByRole('button', { name: /^Inherited/ });
  await chip.focus();
  await keyboard.press('Enter');
  assert.equal(await tab.focusKey(), 'chip:inherited');
  assert.equal(await chip.getAttribute('aria-pressed'), 'true');
  await tab.page.getByRole('button', { name: 'All', exact: true }).click();
  await tab.row('S3_ACCESS_KEY').locator('button.name').focus();
  await keyboard.press('Enter');
  const hideHere = tab.page.locator('dialog').getByRole('button', { name: 'Hide here' });
  const shown = tab.page.locator('dialog .drawer-actions').getByRole('button', { name: 'Show again' });
  await hideHere.focus();
  await keyboard.press('Enter');
  await tab.page.getByRole('heading', { name: 'Hide S3_ACCESS_KEY in Initech' }).waitFor();
  await keyboard.press('Tab');
  await keyboard.press('Enter');
  await shown.waitFor();
  assert.equal(await tab.focusKey(), 'do:h');
  // What is said is said where it is heard.
  await tab.page.locator('dialog #announcements').getByText('S3_ACCESS_KEY is hidden in Initech').waitFor({ state: 'attached' });
  await showAgain(tab);
  await hideHere.waitFor();
  // A button that is gone leaves the focus in the details.
  await tab.page.locator('dialog').getByRole('button', { name: 'Override…' }).focus();
  await hide(tab);
  await shown.waitFor();
  await tab.page.waitForFunction(() => document.activeElement.closest('dialog'));
  await showAgain(tab);
  await hideHere.waitFor();
  await keyboard.press('Escape');
  await tab.page.locator('dialog').waitFor({ state: 'detached' });
  assert.equal(await tab.page.locator('body > #announcements').count(), 1);
  await tab.end();
});

test('the length of a value is not spoken at each key, a hint is spoken once', async () => {
  const tab = await open('#/e/staging/secrets');
  await tab.page.getByRole('button', { name: 'New secret' }).first().click();
  await tab.page.locator('dialog .value').first().focus();
  await tab.page.evaluate(() => {
    globalThis.spoken = 0;
    const observer = new MutationObserver((all) => { if (all.some((one) => one.target.parentElement?.closest('[aria-live]') ?? one.target.closest?.('[aria-live]'))) globalThis.spoken += 1; });
    observer.observe(document.querySelector('dialog .value-field'), { childList: true, subtree: true, characterData: true });
  });
  await tab.page.keyboard.type('xoxb-1234');
  assert.match(await tab.text('dialog .about-value'), /9 characters/);
  assert.equal(await tab.page.evaluate(() => globalThis.spoken), 0);
  await tab.page.keyboard.type(' ');
  assert.match(await tab.text('dialog .about-value'), /begins or ends with white space/);
  assert.equal(await tab.page.evaluate(() => globalThis.spoken), 1);
  await tab.page.keyboard.type(' ');
  assert.match(await tab.text('dialog .about-value'), /11 characters/);
  assert.equal(await tab.page.evaluate(() => globalThis.spoken), 1);
  await tab.end();
});

test('the focus is never nowhere: a pager keeps it, and what is gone hands it to the title', async () => {
  const tab = await open('#/e/prod/spaces');
  await tab.patch('**/v1/x/spaces?*', (json) => { Object.assign(json, { data: [{ id: 'acme', name: 'Customer Acme' }], pagination: { currentPage: 1, pageCount: 3, totalCount: 250 } }); });
  await tab.go('#/environments');
  await tab.go('#/e/prod/spaces');
  await tab.page.getByRole('button', { name: 'Next' }).focus();
  await tab.page.keyboard.press('Enter');
  await tab.settled();
  assert.equal(await tab.focusKey(), 'next');
  await tab.page.evaluate(() => {
    const bar = document.createElement('button');
    document.querySelector('main').append(bar);
    bar.focus();
    bar.remove();
  });
  await tab.page.waitForFunction(() => document.activeElement.tagName === 'H1');
  await tab.end();
});

test('the focus goes on where something is taken away: the bar of a save, a name of a program', async () => {
  const tab = await open('#/e/prod/s/initech/secrets');
  const { page } = tab;
  const label = () => page.evaluate(() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText);
  await tab.row('SENTRY_DSN').locator('button.name').focus();
  await hide(tab);
  await tab.row('SENTRY_DSN').getByText('Hidden').waitFor();
  await page.getByRole('button', { name: 'Dismiss' }).focus();
  await page.keyboard.press('Enter');
  await page.locator('.undo-bar').waitFor({ state: 'hidden' });
  assert.equal(await tab.focusKey(), 'name:SENTRY_DSN');
  await showAgain(tab);
  await tab.row('SENTRY_DSN').getByText('Inherited').waitFor();
  await tab.go('#/e/prod/requirements');
  await page.locator('[data-row=billing]').getByRole('button', { name: 'Edit' }).click();
  const names = page.locator('dialog .name-row');
  while (await names.count() > 1) {
    const before = await names.count();
    await page.getByRole('button', { name: 'Remove this name' }).last().press('Enter');
    assert.equal(await names.count(), before - 1);
    assert.equal(await label(), 'Remove this name');
  }
  await page.keyboard.press('Enter');
  assert.equal(await names.count(), 0);
  assert.equal(await label(), 'Add a name');
  await tab.end();
});

test('on a narrow screen what is behind the open navigation can’t be reached, and can again', async () => {
  const tab = await open('#/e/prod/spaces', { width: 800 });
  const { page } = tab;
  const inert = () => page.evaluate(() => document.querySelector('main').inert);
  const menu = page.getByRole('button', { name: 'Navigation' });
  await menu.press('Enter');
  assert.equal(await inert(), true);
  await page.locator('nav.side').getByRole('button', { name: 'New environment' }).focus();
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.querySelector('main').contains(document.activeElement)), false);
  await menu.focus();
  await page.keyboard.press('Escape');
  assert.equal(await inert(), false);
  // Made wide while it is open, there is nothing to close.
  await menu.press('Enter');
  await page.setViewportSize({ width: 1280, height: 720 });
  await page.waitForFunction(() => !document.querySelector('main').inert);
  await tab.end();
});

test('a key that is held, or pressed again before the list has the change, does it once', async () => {
  await site.must('POST', '/v1/x/spaces?environmentId=staging', { name: 'Trial', id: 'trial' });
  await site.put({ environmentId: 'staging' }, 'SENTRY_DSN', 'https://key@sentry/2');
  const tab = await open('#/e/staging/s/trial/secrets');
  const { keyboard } = tab.page;
  let sent = 0;
  await tab.page.route('**/v1/x/secret/hide?*', (route) => { sent += 1; return route.continue(); });
  let go;
  const held = new Promise((done) => { go = done; });
  await tab.page.route('**/v1/x/secrets?*', async (route) => { await held; return route.continue(); });
  await tab.row('SENTRY_DSN').locator('button.name').focus();
  await keyboard.down('h');
  await keyboard.down('h');
  await keyboard.up('h');
  await tab.undoBar().filter({ hasText: 'SENTRY_DSN is hidden in Trial' }).waitFor();
  await keyboard.press('h');
  go();
  await tab.row('SENTRY_DSN').getByText('Hidden').waitFor();
  assert.equal(sent, 1);
  await keyboard.down('h');
  await tab.row('SENTRY_DSN').getByText('Inherited').waitFor();
  await keyboard.down('h'); // still held
  await keyboard.up('h');
  await keyboard.press('z');
  await tab.undoBar().filter({ hasText: 'is hidden in Trial again' }).waitFor();
  await tab.row('SENTRY_DSN').getByText('Hidden').waitFor();
  assert.equal(sent, 2);
  await tab.end();
});

test('in production too: pressed again while it is asked, or before the list has the change', async () => {
  const tab = await open('#/e/prod/s/bolt/secrets');
  const { keyboard } = tab.page;
  let sent = 0;
  await tab.page.route('**/v1/x/secret/*?*', (route) => { sent += 1; return route.continue(); });
  await tab.row('SENTRY_DSN').locator('button.name').focus();
  await keyboard.down('h');
  await tab.page.getByRole('heading', { name: 'Hide SENTRY_DSN in Customer Bolt' }).waitFor();
  await keyboard.down('h');
  await keyboard.up('h');
  assert.equal(await tab.page.locator('dialog').count(), 1);
  await keyboard.press('Enter');
  await tab.page.locator('dialog').waitFor({ state: 'detached' });
  assert.equal(sent, 0);
  assert.equal(await tab.focusKey(), 'name:SENTRY_DSN');
  let go;
  const held = new Promise((done) => { go = done; });
  await tab.page.route('**/v1/x/secrets?*', async (route) => { await held; return route.continue(); });
  await hide(tab);
  await tab.undoBar().filter({ hasText: 'SENTRY_DSN is hidden in Customer Bolt' }).waitFor();
  await keyboard.press('h');
  assert.equal(await tab.page.locator('dialog').count(), 0);
  go();
  await tab.row('SENTRY_DSN').getByText('Hidden').waitFor();
  assert.equal(sent, 1);
  await showAgain(tab);
  await tab.row('SENTRY_DSN').getByText('Inherited').waitFor();
  assert.equal(sent, 2);
  await tab.end();
});

test('who may read a name is told of the next one too, however late the tokens come', async () => {
  const tab = await open('#/e/prod/s/initech/secrets');
  let go;
  const held = new Promise((done) => { go = done; });
  await tab.page.route('**/v1/x/tokens?*', async (route) => { await held; return route.continue().catch(() => {}); });
  await tab.row('BETA_KEY').locator('button.name').focus();
  await Promise.all([tab.page.waitForRequest('**/v1/x/tokens?*'), tab.page.keyboard.press('Enter')]);
  await tab.page.keyboard.press('j');
  await tab.page.locator('dialog .drawer-title').getByText('DB_URL').waitFor();
  go();
  await tab.page.locator('dialog.drawer .layers').waitFor();
  assert.equal(await tab.page.locator('dialog').getByRole('heading', { name: 'Who may read it' }).count(), 1);
  await tab.end();
});

test('that a name was copied, or was not, can be seen', async () => {
  const tab = await open('#/e/prod/secrets');
  await tab.page.context().grantPermissions(['clipboard-write']);
  await tab.row('DB_URL').locator('button.name').focus();
  await tab.page.keyboard.press('y');
  await tab.page.locator('.told').getByText('Name DB_URL copied').waitFor();
  await tab.page.evaluate(() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); });
  await tab.page.keyboard.press('y');
  await tab.page.locator('.told').getByText('Name DB_URL could not be copied: select it by hand').waitFor();
  assert.equal(await tab.axe(), '');
  await tab.end();
});
