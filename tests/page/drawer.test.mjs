// SPDX-License-Identifier: BSL-1.0
// The details of a name: always of the name in their title, in the words of what was found, with the
// focus where the keyboard scrolls them.
import test from 'node:test';
import assert from 'node:assert/strict';
import { open, site } from './here.mjs';

const openDetails = async (tab, name) => {
  await tab.row(name).locator('button.name').click();
  await tab.page.waitForSelector('dialog.drawer .layers');
};
const title = (tab) => tab.text('dialog .drawer-title');
const hash = (tab) => tab.page.evaluate(() => location.hash);

test('a step to the next name leaves nothing of the one before: no line, no button, until its own come', async () => {
  const tab = await open('#/e/prod/s/globex/secrets');
  await openDetails(tab, 'BETA_KEY');
  let go;
  const held = new Promise((resolve) => { go = resolve; });
  await tab.page.route('**/v1/x/secret?*name=DB_URL*', async (route) => { await held; await route.continue(); });
  await tab.page.locator('dialog').getByRole('button', { name: 'Copy name' }).focus();
  await tab.page.keyboard.press('j');
  assert.equal(await title(tab), 'DB_URL in Globex');
  assert.equal(await tab.page.locator('dialog .drawer-actions .button').count(), 0);
  assert.equal(await tab.page.locator('dialog .layers').count(), 0);
  go();
  await tab.page.locator('dialog .layer').first().waitFor();
  await tab.page.locator('dialog').getByRole('button', { name: 'Hide here' }).waitFor();
  await tab.page.keyboard.press('k'); // its keys work on
  assert.equal(await title(tab), 'BETA_KEY in Globex');
  await tab.end();
});

test('the layers say what was found: only a value wins', async () => {
  const layers = async (tab, name) => {
    await openDetails(tab, name);
    const text = await tab.text('dialog .layers');
    await tab.page.keyboard.press('Escape');
    await tab.page.locator('dialog').waitFor({ state: 'detached' });
    return text;
  };
  await site.put({ environmentId: 'prod', spaceId: 'bolt' }, 'S3_ACCESS_KEY', 'over', { expiresAt: new Date(Date.now() - 60_000).toISOString() });
  const tab = await open('#/e/prod/s/acme/secrets');
  await openDetails(tab, 'SLACK_TOKEN');
  assert.equal(await tab.text(tab.page.locator('dialog .part', { hasText: 'Personal' })), 'Personal None.');
  await tab.page.keyboard.press('Escape');
  assert.match(await layers(tab, 'SLACK_TOKEN'), /Customer Acme v1 wins .*Production v2 is replaced/);
  assert.match(await layers(tab, 'BETA_KEY'), /Customer Acme v1 hides the name .*Production v1 is not given instead/);
  await tab.go('#/e/prod/s/bolt/secrets');
  assert.match(await layers(tab, 'S3_ACCESS_KEY'), /Customer Bolt v1 has expired .*Production v1 is not given instead/);
  await tab.end();
});

test('whose the personal values are is shown, of an environment’s value in which space', async () => {
  const tab = await open('#/e/prod/secrets');
  const part = tab.page.locator('dialog .part', { has: tab.page.getByRole('heading', { name: 'Personal' }) });
  const listed = () => part.locator('li').evaluateAll((all) => all.map((one) => one.textContent));
  const badge = tab.row('SENTRY_DSN').getByRole('button', { name: '1 personal: show whose' });
  await badge.focus();
  await tab.page.keyboard.press('Enter');
  await part.waitFor();
  assert.match(await tab.text(part), /1 person or agent has a value of their own/);
  assert.deepEqual(await listed(), ['us_usr_1 in Globex']);
  assert.equal(await tab.axe(), '');
  await tab.pictures('personal');
  await tab.page.keyboard.press('Escape');
  assert.equal(await tab.focusKey(), 'personal:SENTRY_DSN');
  await tab.go('#/e/prod/s/globex/secrets');
  await tab.row('SENTRY_DSN').getByRole('button', { name: '1 personal: show whose' }).click();
  await part.waitFor();
  assert.deepEqual(await listed(), ['us_usr_1']);
  await tab.page.keyboard.press('Escape');

  const agents = Array.from({ length: 10 }, (_, i) => `agent_${i}`);
  for (const actorId of agents) await site.put({ environmentId: 'prod', spaceId: 'initech', actorId }, 'S3_ACCESS_KEY', 'own');
  await site.put({ environmentId: 'prod', actorId: 'agent_0' }, 'S3_ACCESS_KEY', 'own');
  await tab.patch('**/v1/x/secret?*', (json) => { json.data.usedBy.personal = 1_200; }); // more than are told
  await tab.go('#/e/prod/secrets');
  await openDetails(tab, 'S3_ACCESS_KEY');
  assert.equal((await listed()).length, 8);
  await part.getByRole('button', { name: 'Show all 11' }).click();
  assert.deepEqual((await listed()).sort(), ['agent_0 in Production itself', ...agents.map((one) => `${one} in Initech`)].sort());
  assert.match(await tab.text(part), /and 1,189 more$/);
  assert.ok(await tab.page.evaluate(() => document.activeElement.closest('dialog')));
  assert.equal(await tab.axe(), '');
  await tab.end();
});

test('opened, the details have the focus where arrows scroll them', async () => {
  const tab = await open('#/e/prod/s/acme/secrets', { height: 420 });
  await openDetails(tab, 'SLACK_TOKEN');
  const body = tab.page.locator('dialog .dialog-body');
  assert.ok(await body.evaluate((one) => one === document.activeElement));
  await tab.page.keyboard.press('PageDown');
  await tab.page.waitForFunction(() => document.querySelector('dialog .dialog-body').scrollTop > 0);
  await tab.end();
});

test('the address names the details while they are open, and no longer', async () => {
  const tab = await open('#/e/prod/secrets?show=DB_URL');
  await tab.page.waitForSelector('dialog.drawer .layers');
  assert.equal(await hash(tab), '#/e/prod/secrets?show=DB_URL');
  await tab.page.keyboard.press('Escape');
  await tab.page.waitForFunction(() => location.hash === '#/e/prod/secrets');
  // What is left with its details open takes nothing along to the next screen.
  await tab.go('#/e/prod/secrets?filter=DB&show=DB_URL');
  await tab.page.waitForSelector('dialog.drawer .layers');
  await tab.go('#/e/prod/spaces');
  await tab.page.waitForTimeout(400);
  assert.equal(await hash(tab), '#/e/prod/spaces');
  await tab.end();
});

test('the bar with Undo comes along into what is opened over it, and goes back', async () => {
  const tab = await open('#/e/staging/secrets');
  await tab.page.keyboard.press('n');
  await tab.page.keyboard.type('OLD_ONE');
  await tab.page.keyboard.press('Tab');
  await tab.page.keyboard.type('first');
  await tab.page.keyboard.press('Control+Enter');
  await tab.undoBar().waitFor();
  await openDetails(tab, 'OLD_ONE');
  assert.equal(await tab.page.locator('dialog .undo-bar').count(), 1);
  const bar = await tab.page.locator('.undo-bar').boundingBox();
  const drawer = await tab.page.locator('dialog').boundingBox();
  assert.ok(bar.x + bar.width <= drawer.x, 'it is over the details');
  await tab.page.keyboard.press('Escape');
  assert.equal(await tab.page.locator('body > .undo-bar').count(), 1);
  await tab.end();
});
