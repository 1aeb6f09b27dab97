// SPDX-License-Identifier: BSL-1.0
// Values are write-only: after a save a value is in no later request, no answer, not in the page, not
// in what the browser keeps.
import test from 'node:test';
import assert from 'node:assert/strict';
import { browser, open, site } from './here.mjs';

test('twenty canaries are sent once each and never come back', async () => {
  const tab = await open('#/e/staging/secrets');
  const canaries = Array.from({ length: 20 }, (_, i) => `canary-${i}-${Math.random().toString(36).slice(2)}`);
  await tab.page.getByRole('button', { name: 'Paste .env' }).first().click();
  await tab.page.locator('dialog textarea').fill(canaries.slice(0, 17).map((value, i) => `CANARY_${i}=${value}`).join('\n'));
  await tab.page.getByRole('button', { name: 'Save 17' }).click();
  await tab.undoBar().filter({ hasText: '17 names saved' }).waitFor();
  for (const i of [17, 18, 19]) {
    await tab.page.getByRole('button', { name: 'New secret' }).first().click();
    await tab.page.getByLabel('Name', { exact: true }).fill(`CANARY_${i}`);
    await tab.page.locator('dialog .value').first().fill(canaries[i]);
    await tab.page.keyboard.press('Control+Enter');
    await tab.undoBar().filter({ hasText: `CANARY_${i} set` }).waitFor();
  }
  const sent = tab.traffic.filter((one) => canaries.some((canary) => JSON.stringify(one).includes(canary)));
  assert.ok(sent.every((one) => ['PUT', 'POST'].includes(one.method)), 'a value was answered');
  assert.equal(sent.length, 4);
  for (const canary of canaries) assert.ok(sent.some((one) => one.body.includes(canary)));

  // Everything that the page can show, after the last save.
  const from = tab.traffic.length;
  await tab.row('CANARY_3').locator('button.name').click();
  await tab.page.locator('dialog .versions').waitFor();
  await tab.page.keyboard.press('Escape');
  for (const hash of ['#/e/staging/spaces', '#/e/staging/matrix', '#/e/staging/activity', '#/e/staging/requirements', '#/e/staging/tokens', '#/e/staging/keys', '#/search?q=canary', '#/environments', '#/e/staging/secrets'])
    await tab.go(hash);
  await tab.row('CANARY_0').getByText('Replace').click();
  const whole = await tab.page.evaluate(() => [document.documentElement.outerHTML, JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie, location.href, document.title,
    ...[...document.querySelectorAll('input, textarea')].map((one) => one.value)].join('\n'));
  const later = JSON.stringify(tab.traffic.slice(from));
  for (const canary of canaries) {
    assert.ok(!later.includes(canary), `${canary} in later traffic`);
    assert.ok(!whole.includes(canary), `${canary} in the page`);
  }
  assert.ok(!site.log.includes('canary-'), 'a value is in the server’s log');
  await tab.end();
});

test('the field is a password until the eye is held, takes nothing of the browser’s, and dots tell no length', async () => {
  const tab = await open('#/e/prod/secrets');
  const dots = await tab.page.locator('main .dots span[aria-hidden]').allInnerTexts();
  assert.ok(dots.length >= 4 && dots.every((text) => text === '••••••••'));
  await tab.page.getByRole('button', { name: 'New secret' }).first().click();
  const field = tab.page.locator('dialog input.value');
  for (const [name, value] of [['type', 'password'], ['autocomplete', 'off'], ['spellcheck', 'false']])
    assert.equal(await field.getAttribute(name), value);
  await field.fill('seen while held');
  const eye = tab.page.getByRole('button', { name: 'Show the value while this is held' });
  const box = await eye.boundingBox();
  await tab.page.mouse.move(box.x + 5, box.y + 5);
  await tab.page.mouse.down();
  assert.equal(await field.getAttribute('type'), 'text');
  await tab.page.mouse.up();
  assert.equal(await field.getAttribute('type'), 'password');
  await tab.end();
});

// A veiled field shows of two texts of one shape the same: as it is, with all of it selected, and in
// the colours that somebody forces.
async function assertVeiled(tab, field, eye) {
  const { page } = tab;
  const look = async (text) => {
    await field.fill(text);
    const plain = (await field.screenshot({ caret: 'hide' })).toString('base64');
    await field.selectText();
    return [plain, (await field.screenshot({ caret: 'hide' })).toString('base64')];
  };
  for (const forcedColors of ['none', 'active']) {
    await page.emulateMedia({ forcedColors });
    const one = await look('ABC=iiii\nDEF=llll');
    assert.deepEqual(await look('QRS=WWWW\nXYZ=mmmm'), one, `read with forced colours ${forcedColors}`);
    const box = await eye.boundingBox();
    await page.mouse.move(box.x + 5, box.y + 5);
    await page.mouse.down();
    const held = (await field.screenshot({ caret: 'hide' })).toString('base64');
    await page.mouse.up();
    assert.notEqual(held, one[1], 'the eye shows nothing');
    assert.equal((await field.screenshot({ caret: 'hide' })).toString('base64'), one[1], 'the veil stays off');
  }
  await page.emulateMedia({ forcedColors: 'none' });
}

test('several lines are discs until the eye is held: selected and in forced colours, too', async () => {
  const tab = await open('#/e/staging/secrets');
  await tab.page.getByRole('button', { name: 'New secret' }).first().click();
  await tab.page.getByLabel('multi-line').check();
  await assertVeiled(tab, tab.page.locator('dialog textarea.value'), tab.page.getByRole('button', { name: 'Show the value while this is held' }));
  await tab.end();
});

test('pasted text is discs until the eye is held; what stands beside it is names', async () => {
  const tab = await open('#/e/staging/secrets');
  await tab.page.getByRole('button', { name: 'Paste .env' }).first().click();
  const field = tab.page.locator('dialog textarea');
  await assertVeiled(tab, field, tab.page.getByRole('button', { name: 'Show the text while this is held' }));
  await field.fill('NAMED=canary-paste\nrubbish-canary\n');
  await tab.page.locator('dialog .paste-table').getByText('NAMED').waitFor();
  assert.ok(!(await tab.page.locator('dialog').innerText()).includes('canary'));
  await tab.end();
});

test('hints say what they see, and send nothing', async () => {
  const tab = await open('#/e/prod/secrets');
  await tab.page.getByRole('button', { name: 'New secret' }).first().click();
  const field = tab.page.locator('dialog input.value');
  const before = tab.traffic.length;
  const about = async (value) => {
    await field.fill(value);
    return tab.text('dialog .about-value');
  };
  assert.match(await about('true'), /looks like a setting/);
  assert.match(await about('https://example.com/hook'), /looks like a setting/);
  assert.doesNotMatch(await about('https://user:pw@example.com/'), /looks like a setting/);
  assert.match(await about('8080'), /looks like a setting/);
  assert.doesNotMatch(await about('xoxb-1234'), /looks like a setting/);
  assert.match(await about(' padded '), /begins or ends with white space/);
  assert.match(await about('x'.repeat(1025)), /1,025 characters.*JavaScript listeners get it/);
  await tab.page.getByRole('button', { name: 'Generate 32 bytes' }).click();
  assert.match(await field.inputValue(), /^[A-Za-z0-9_-]{43}$/);
  assert.equal(tab.traffic.slice(before).filter((one) => one.method && !/\/v1\/x\/(whoami|keys|watch|environments\/watch)\b/.test(one.url)).length, 0);
  await tab.end();
});

test('a token that is looked for is looked for by its id: no address, request or list has more of it', async () => {
  const token = await site.tokenOf('deploy');
  const [id, secret] = [token.slice(4, 16), token.slice(17, 60)];
  const tab = await open('#/environments', { init: (page) => page.addInitScript(() => {
    globalThis.kept = [];
    const replace = history.replaceState.bind(history);
    history.replaceState = (state, unused, address) => { globalThis.kept.push(address ?? location.href); replace(state, unused, address); };
    addEventListener('hashchange', () => globalThis.kept.push(location.href));
  }) });
  const keeps = (end) => tab.page.waitForFunction((wanted) => globalThis.kept.at(-1)?.endsWith(wanted), end);
  const fields = tab.page.locator('input[type=search]'); // the first is the head's
  for (const [hash, looked] of [['#/environments', 'filter'], ['#/e/prod/secrets', 'filter'], ['#/e/prod/s/acme/secrets', 'filter'], ['#/e/prod/spaces', 'filter'],
    ['#/e/prod/matrix', 'filter'], ['#/e/prod/requirements', 'filter'], ['#/e/prod/tokens', 'filter'], ['#/search', 'q'], ['#/e/prod/activity', 'who']]) {
    await tab.go(hash);
    await fields.nth(1).fill(`export FLATFILE_BEARER_TOKEN=${token}`);
    assert.equal(await fields.nth(1).inputValue(), id, hash);
    await keeps(`${hash}?${looked}=${id}`);
    if (hash.endsWith('tokens')) assert.deepEqual(await tab.page.locator('main [data-row]').evaluateAll((rows) => rows.map((row) => row.dataset.row)), [id]);
  }
  for (let i = 2; i < await fields.count(); i += 1) { // of the activity: space and name
    await fields.nth(i).fill(token);
    assert.equal(await fields.nth(i).inputValue(), id);
  }
  await fields.first().fill(token);
  await fields.first().press('Enter');
  await keeps(`#/search?q=${id}`);
  const kept = await tab.page.evaluate(() => globalThis.kept);
  assert.ok(kept.length > 9 && !kept.some((address) => address.includes(secret)), kept.join('\n'));
  await tab.go(`#/e/prod/tokens?filter=${token}`); // an older entry of the history, say
  await tab.row(id).waitFor();
  await keeps(`#/e/prod/tokens?filter=${id}`);
  assert.ok(!JSON.stringify(tab.traffic.map(({ url, body }) => [url, body])).includes(secret), 'it went to the server');
  await tab.end();
});
