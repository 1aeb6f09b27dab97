// SPDX-License-Identifier: BSL-1.0
// What is where: nothing is cut off or over something else at any width, and nothing moves by itself.
import test from 'node:test';
import assert from 'node:assert/strict';
import { open, site } from './here.mjs';
import { prod } from './site.mjs';

/** What reaches beyond the window, sideways. */
const cutOff = (page) => page.evaluate(() => {
  const wide = document.documentElement.scrollWidth - innerWidth;
  const out = [...document.querySelectorAll('main .button, main td')].filter((one) => one.getBoundingClientRect().right > innerWidth + 0.5);
  return [wide > 0 && `the page is ${wide} px too wide`, ...out.map((one) => one.textContent)].filter(Boolean);
});

test('lists fit their window at every width, whatever an environment is called', async () => {
  for (const name of ['Production', 'Production EU Frankfurt (regulated customers)']) {
    await site.must('PATCH', '/v1/x/environments?environmentId=prod', { name });
    const tab = await open('#/e/prod/s/bolt/secrets');
    for (const hash of ['#/e/prod/s/bolt/secrets', '#/e/prod/secrets', '#/e/prod/spaces', '#/e/prod/tokens', '#/e/prod/activity']) {
      await tab.go(hash);
      for (let width = 360; width <= 1400; width += 80) {
        await tab.page.setViewportSize({ width, height: 720 });
        assert.deepEqual(await cutOff(tab.page), [], `${hash} at ${width} px`);
      }
    }
    await tab.page.setViewportSize({ width: 840, height: 720 });
    await tab.go('#/e/prod/s/bolt/secrets');
    await tab.pictures(name === 'Production' ? 'space-840' : 'space-840-long');
    await tab.end();
  }
  await site.must('PATCH', '/v1/x/environments?environmentId=prod', { name: 'Production' });
});

test('a window of 1280 by 720 has room for the words below a large matrix', async () => {
  const tab = await open('#/e/prod/secrets');
  await tab.patch('**/v1/x/matrix?*', ({ data }) => {
    const [one] = data.spaces;
    data.spaces = Array.from({ length: 100 }, (_, i) => ({ ...one, id: `s${i}`, name: `Space ${i}` }));
    data.cells = [];
  });
  await tab.go('#/e/prod/matrix?all=1');
  assert.equal(await tab.page.locator('.grid').evaluate((grid) => grid.scrollHeight > grid.clientHeight), true);
  assert.equal(await tab.page.evaluate(() => document.documentElement.scrollHeight), 720);
  await tab.end();
});

test('the navigation shows which environment is unfolded', async () => {
  const tab = await open('#/e/prod/secrets');
  const turned = (name) => tab.page.locator('.nav-env-name', { hasText: name }).locator('.icon').evaluate((one) => getComputedStyle(one).transform !== 'none');
  assert.deepEqual([await turned('Production'), await turned('Staging')], [false, true]);
  await tab.end();
});

test('the badges of a name take two lines at most, and the words of a button one where there is room', async () => {
  const inDays = (days) => new Date(Date.now() + days * 86_400_000).toISOString();
  const globex = { ...prod, spaceId: 'globex' };
  await site.put(globex, 'MANY_BADGES', 'own');
  for (const actorId of ['ann', 'ben', 'cem']) await site.put({ ...globex, actorId }, 'MANY_BADGES', 'hers');
  await site.put(prod, 'MANY_BADGES', 'all', { rotateBy: inDays(9).slice(0, 10), expiresAt: inDays(12) }); // no note
  await site.put(globex, 'BETA_KEY', 'own');
  const lines = (row) => row.locator('.extras > *').evaluateAll((all) => [all.length, new Set(all.map((one) => one.offsetTop)).size]);
  for (const width of [1024, 1280]) {
    const tab = await open('#/e/prod/secrets', { width });
    const [badges, of] = await lines(tab.row('MANY_BADGES'));
    assert.equal(badges, 4);
    assert.ok(of <= 2, `${of} lines of badges at ${width} px`);
    await tab.pictures(`badges-${width}`);
    await tab.go('#/e/prod/s/globex/secrets');
    await tab.pictures(`space-rows-${width}`);
    const back = tab.row('BETA_KEY').getByRole('button', { name: 'Use Production’s value again' });
    const high = await back.evaluate((one) => one.offsetHeight / parseFloat(getComputedStyle(one).lineHeight));
    assert.ok(high < (width === 1280 ? 2 : 3), `a button of ${high} lines at ${width} px`);
    await tab.end();
  }
});

test('the bar with Undo has the width that its words need, on a phone too', async () => {
  for (const width of [375, 600, 840, 1280]) {
    const tab = await open('#/e/prod/s/initech/secrets', { width, height: 720 });
    await tab.row('BETA_KEY').getByRole('button', { name: 'Override' }).click();
    await tab.page.locator('dialog .value').first().fill('own');
    await tab.page.keyboard.press('Control+Enter');
    await tab.undoBar().waitFor();
    const box = await tab.page.locator('.undo-bar').boundingBox();
    assert.ok(box.height <= 90 && box.x >= 15 && box.x + box.width <= width - 15, `${width} px: ${JSON.stringify(box)}`);
    assert.ok(Math.abs(box.x + box.width / 2 - width / 2) < 9, 'not in the middle'); // but for a scroll bar
    await tab.pictures(`undo-${width}`);
    await tab.page.getByRole('button', { name: 'Undo' }).click();
    await tab.undoBar().filter({ hasText: 'no longer set' }).waitFor();
    await tab.end();
  }
});

test('what others change moves no row', async () => {
  for (const width of [375, 1280]) {
    const tab = await open('#/e/prod/secrets', { width });
    const { y } = await tab.row('DB_URL').boundingBox();
    await site.put(prod, 'SENTRY_DSN', `https://key@sentry/${width}`, { by: 'admin' });
    const bar = tab.page.locator('.news').getByText('Ben changed 1 name');
    await bar.waitFor();
    assert.equal((await tab.row('DB_URL').boundingBox()).y, y);
    const title = await tab.page.locator('main h1').boundingBox();
    const news = await tab.page.locator('.news').boundingBox();
    assert.ok(news.y + news.height <= title.y, 'it is over the title');
    assert.equal(await tab.axe(), '');
    await tab.pictures(`news-${width}`);
    await tab.page.locator('.news').getByRole('button', { name: 'Show' }).click();
    await bar.waitFor({ state: 'detached' });
    assert.equal((await tab.row('DB_URL').boundingBox()).y, y);
    await tab.end();
  }
});

const phone = { width: 375, height: 812 };

test('on a phone the activity begins with its records, and what it is filtered by unfolds', async () => {
  const tab = await open('#/e/prod/activity', phone);
  const { y } = await tab.page.locator('main tbody tr').first().boundingBox();
  assert.ok(y < phone.height / 3, `the first record is ${y} px down`);
  const name = tab.page.getByLabel('Name', { exact: true });
  assert.equal(await name.isVisible(), false);
  await tab.page.keyboard.press('/'); // to what can be seen
  assert.equal(await tab.page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Search all environments');
  const fold = tab.page.getByRole('button', { name: 'Filter', exact: true });
  await fold.click();
  assert.equal(await fold.getAttribute('aria-expanded'), 'true');
  await name.fill('DB_URL');
  await tab.page.waitForFunction(() => location.hash.includes('name=DB_URL'));
  assert.equal(await tab.axe(), '');
  await tab.pictures('activity-filter-narrow');
  await fold.click();
  assert.equal(await name.isVisible(), false);
  await tab.page.reload(); // what is filtered by is seen where one begins with it
  await tab.settled();
  assert.equal(await name.inputValue(), 'DB_URL');
  assert.equal(await name.isVisible(), true);
  await tab.page.setViewportSize({ width: 1280, height: 720 });
  assert.equal(await fold.isVisible(), false);
  await tab.go('#/activity');
  assert.equal(await tab.page.getByLabel('Name', { exact: true }).isVisible(), true);
  await tab.end();
});

test('on a phone each part of a record has its place, and what is done with a row stands beside its name', async () => {
  const tab = await open('#/e/prod/activity', phone);
  for (const part of ['where', 'result']) {
    const places = await tab.page.locator(`main tbody .${part}`).evaluateAll((cells) => cells.map((cell) => Math.round(cell.getBoundingClientRect().left)));
    assert.ok(places.length > 5);
    assert.deepEqual([...new Set(places)].length, 1, `${part}: ${places}`);
  }
  for (const [hash, row] of [['#/e/prod/secrets', 'DB_URL'], ['#/e/prod/secrets', 'STRIPE_KEY'], ['#/e/prod/tokens', site.token.slice(4, 16)]]) {
    await tab.go(hash);
    const [name, act, ver] = await Promise.all(['.name', '.act .button', '.ver, .grants'].map((part) => tab.row(row).locator(part).first().boundingBox()));
    assert.ok(Math.abs(name.y + name.height / 2 - act.y - act.height / 2) < 12, `${row}: ${name.y}, ${act.y}`);
    assert.ok(ver.y >= name.y + name.height, `${row} has its version beside its name`);
  }
  await tab.end();
});

test('in the matrix a name of eleven letters is whole on a phone, and the legend has every sign', async () => {
  const tab = await open('#/e/prod/matrix', phone);
  const head = tab.page.locator('.column-name', { hasText: 'SLACK_TOKEN' }).locator('.name-start');
  const [wide, room] = await head.evaluate((one) => [one.scrollWidth, one.clientWidth]);
  assert.ok(wide <= room, `${wide} px in ${room}`);
  const signs = await tab.page.locator('.legend > span').allInnerTexts();
  assert.ok(signs.some((one) => /^–\s*No value$/.test(one)), signs.join('; '));
  await tab.end();
});

test('a name that is pasted stands on one line, on a phone too', async () => {
  for (const width of [phone.width, 1280]) {
    const tab = await open('#/e/prod/secrets', { width });
    await tab.page.getByRole('button', { name: 'Paste .env' }).click();
    await tab.page.locator('dialog textarea').fill('SLACK_TOKEN=a\nS3_ACCESS_KEY=b\nNEW_KEY_OF_IT=c\nno');
    const name = tab.page.locator('.paste-table bdi');
    await name.nth(2).waitFor();
    assert.deepEqual(await name.evaluateAll((all) => all.map((one) => one.getClientRects().length)), [1, 1, 1], `${width} px`);
    const [wide, room] = await tab.page.locator('.paste-table').evaluate((one) => [one.scrollWidth, one.clientWidth]);
    assert.ok(wide <= room, `${wide} px in ${room}`);
    await tab.pictures(`paste-${width}`);
    await tab.end();
  }
});

test('what a field says of what goes into it is not cut off', async () => {
  for (const width of [1280, phone.width]) {
    const tab = await open('#/e/prod/activity', { width });
    const cut = () => tab.page.locator('input[placeholder]:visible').evaluateAll((all) => all.flatMap((one) => {
      const { font, paddingLeft, paddingRight } = getComputedStyle(one);
      const pen = document.createElement('canvas').getContext('2d');
      pen.font = font;
      const room = one.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
      const needed = pen.measureText(one.placeholder).width;
      return needed > room ? [`${one.placeholder}: ${needed} px in ${room}`] : [];
    }));
    if (width === phone.width) await tab.page.getByRole('button', { name: 'Filter', exact: true }).click();
    assert.ok(await tab.page.locator('input[placeholder]:visible').count() >= 3);
    assert.deepEqual(await cut(), [], `activity at ${width} px`);
    for (const [hash, label] of [['#/e/prod/requirements', 'Add a program'], ['#/e/prod/tokens', 'New token']]) {
      await tab.go(hash);
      await tab.page.getByRole('button', { name: label }).click();
      await tab.page.locator('dialog input[placeholder]').first().waitFor();
      assert.deepEqual(await cut(), [], `${label} at ${width} px`);
    }
    await tab.end();
  }
});

test('the tiles of a space leave no hole, on a phone either', async () => {
  for (const width of [phone.width, 1280]) {
    const tab = await open('#/e/prod/s/acme/overview', { width });
    const ends = await tab.page.locator('.tiles').evaluate((one) => [one, one.lastElementChild].map((box) => Math.round(box.getBoundingClientRect().right)));
    assert.equal(ends[0], ends[1], `${width} px`);
    await tab.end();
  }
});

test('a button that can’t be used looks so under the pointer as well', async () => {
  const tab = await open('#/e/prod/secrets');
  await tab.page.getByRole('button', { name: 'New secret' }).first().click();
  const save = tab.page.locator('dialog .dialog-foot').getByRole('button', { name: /^Set in/ });
  const ground = () => save.evaluate((one) => getComputedStyle(one).backgroundColor);
  const plain = await ground();
  await save.hover();
  assert.equal(await ground(), plain);
  await tab.end();
});
