// SPDX-License-Identifier: BSL-1.0
// What all of it is for, from end to end: people set a token on the page, an unmodified listener reads
// the right one, and after saving the value is nowhere in the page's traffic.
import test from 'node:test';
import assert from 'node:assert/strict';
import { secretIn } from '../javascript/packages.mjs';
import { open, site } from './here.mjs';

test('set for all, overridden for one: a listener reads the right one for each', async () => {
  const everyone = `everyone-${Math.random().toString(36).slice(2)}`;
  const acmes = `acme-${Math.random().toString(36).slice(2)}`;
  const tab = await open('#/e/prod/secrets');
  const { page } = tab;

  // An admin sets it on the environment's page …
  await page.getByRole('button', { name: 'New secret' }).click();
  await page.getByLabel('Name', { exact: true }).fill('HOOK_TOKEN');
  await page.locator('dialog .value').first().fill(everyone);
  await page.getByLabel('Type Production to save').fill('Production');
  await page.getByRole('button', { name: 'Set in Production' }).click();
  await tab.undoBar().filter({ hasText: 'HOOK_TOKEN set in Production: v1.' }).waitFor();

  // … and overrides it on a space's page.
  await tab.go('#/e/prod/s/acme/secrets');
  await tab.row('HOOK_TOKEN').getByText('Override').click();
  await page.locator('dialog .value').first().fill(acmes);
  await page.getByRole('button', { name: 'Override in Customer Acme' }).click();
  await tab.undoBar().filter({ hasText: 'HOOK_TOKEN overridden in Customer Acme: v1.' }).waitFor();
  const saved = tab.traffic.length;

  // The listener's token is made on the page as well: its two lines are all that a listener needs.
  await tab.go('#/e/prod/tokens');
  await page.getByRole('button', { name: 'New token' }).click();
  await page.getByLabel('Name', { exact: true }).fill('story-listener');
  await page.getByRole('button', { name: 'Create token' }).click();
  const confirm = page.getByRole('button', { name: 'Confirm' });
  const lines = page.locator('.token-shown');
  await confirm.or(lines).waitFor();
  if (await confirm.isVisible()) {
    await page.getByLabel('Personal token', { exact: true }).fill(site.token);
    await confirm.click();
  }
  const [, url, token] = /AGENT_INTERNAL_URL=(\S+) export FLATFILE_BEARER_TOKEN=(\S+)/.exec(await tab.text(lines));
  await page.getByRole('button', { name: 'I have kept it' }).click();

  const read = (context) => secretIn({ url }, 'HOOK_TOKEN', { environmentId: 'prod', ...context }, undefined, token);
  assert.deepEqual(await read({ spaceId: 'acme' }), { value: acmes });
  assert.deepEqual(await read({ spaceId: 'bolt' }), { value: everyone });
  assert.deepEqual(await read({}), { value: everyone });

  // The override is given up on the page: the listener's next event has everyone's.
  await tab.go('#/e/prod/s/acme/secrets');
  await tab.row('HOOK_TOKEN').getByText('Use Production’s value again').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Use Production’s value again' }).click();
  await tab.undoBar().filter({ hasText: 'uses Production’s value of HOOK_TOKEN again' }).waitFor();
  assert.deepEqual(await read({ spaceId: 'acme' }), { value: everyone });

  // Everything that can show the name, after the saves: no value in it.
  for (const hash of ['#/e/prod/secrets', '#/e/prod/matrix?all=1', '#/e/prod/activity', '#/search?q=HOOK', '#/e/prod/s/acme/secrets?show=HOOK_TOKEN']) await tab.go(hash);
  await page.locator('dialog.drawer .layers').waitFor();
  const later = JSON.stringify(tab.traffic.slice(saved));
  assert.ok(later.includes('HOOK_TOKEN'), 'the traffic was looked at');
  for (const value of [everyone, acmes]) {
    assert.equal(tab.traffic.filter((one) => one.body.includes(value)).length, 1, 'a value is sent once, and never answered');
    assert.ok(!later.includes(value), 'a value came back');
    assert.ok(!(await page.content()).includes(value));
  }
  await tab.end();
});
