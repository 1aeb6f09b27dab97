// SPDX-License-Identifier: BSL-1.0
// Every screen, light and dark, narrow and at 200 %: shown, usable by assistive technology, within
// its policy, with a picture of each.
import test from 'node:test';
import assert from 'node:assert/strict';
import { openLater as open, served, site } from './here.mjs';
import { acme, prod, query } from './site.mjs';

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

// Cells of a row whose contents lie on each other's, or reach out of their row. Of rows that are out of
// view the browser only guesses the size: they are laid out for this.
const overlapping = (rows) => rows.flatMap((row) => {
  row.style.contentVisibility = 'visible';
  const whole = row.getBoundingClientRect();
  const boxes = [...row.cells].flatMap((cell) => [...cell.childNodes].map((node) => {
    const range = document.createRange();
    range.selectNode(node);
    const { left, right, top, bottom } = (node.nodeType === Node.ELEMENT_NODE ? node : range).getBoundingClientRect();
    return { cell, text: node.textContent, left, right, top, bottom };
  })).filter((box) => box.right > box.left);
  const both = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
  return boxes.flatMap((a, i) => [
    ...boxes.slice(i + 1).filter((b) => a.cell !== b.cell && both(a, b)).map((b) => `${a.text} / ${b.text}`),
    ...(a.top < whole.top - 1 || a.bottom > whole.bottom + 1 ? [`${a.text} / the next row`] : []),
  ]).concat(boxes.length > 0 ? [] : ['a row without anything']);
});

const looks = { light: {}, dark: { dark: true }, medium: { width: 1000 }, narrow: { width: 375, height: 812 }, zoomed: { scale: 2 } };
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
      assert.deepEqual(await tab.page.locator('main .rows .row').evaluateAll(overlapping), [], `${hash} (${look}): cells run over each other`);
      await tab.picture(look === 'light' ? name : `${name}-${look}`);
    }
    await tab.end();
  });
}

// What the check above is for: contents that are wider than their cell, and higher than their row.
for (const [what, look, css, found] of [
  ['a name that is wider than its cell', 'medium', '@container (max-width: 56rem) { .rows .what { min-width: 0; max-width: 4rem; } .name { white-space: nowrap; } }', /^S3_ACCESS_KEY \/ Replace$/],
  ['a row that is too low', 'medium', '.rows .row { height: 2rem; }', /\/ the next row$/],
  ['cells that are too narrow', 'narrow', '.rows .row { flex-wrap: nowrap; } .rows td { max-width: 2rem; }', / \/ 3 inherit · 1 hidden$/],
  ['a row that is too low', 'narrow', '.rows .row { height: 2rem; }', /\/ the next row$/],
]) {
  test(`what runs over something else is seen: ${what}, ${look}`, async () => {
    const rules = async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, body: `${await answer.text()}\n${css}` });
    };
    const tab = await open(screens['environment-secrets'][0], { ...looks[look], init: (page) => page.route('**/page/lists.css', rules) });
    const seen = await tab.page.locator('main .rows .row').evaluateAll(overlapping);
    assert.ok(seen.some((one) => found.test(one)), seen.join('\n'));
    await tab.end();
  });
}

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

test('colours have their names in one place, where both schemes have them', async () => {
  const fs = await import('node:fs');
  for (const name of fs.readdirSync(process.env.COFFER_PAGE).filter((one) => one.endsWith('.css') && one !== 'base.css'))
    assert.doesNotMatch(fs.readFileSync(`${process.env.COFFER_PAGE}/${name}`, 'utf8'), /#[0-9a-f]{3,8}\b|\b(rgb|hsl)a?\(/i, name);
});

test('a row of spaces says its place among all of them; a space holds what it is given', async () => {
  const tab = await open('#/environments');
  await tab.patch('**/v1/x/spaces?*', (json) => { json.pagination = { currentPage: 1, pageCount: 2, totalCount: 101 }; });
  await tab.go('#/e/prod/spaces');
  const places = () => tab.page.locator('main tr').evaluateAll((rows) => rows.map((one) => one.getAttribute('aria-rowindex')).join());
  assert.equal(await places(), '1,2,3,4,5');
  await tab.page.unrouteAll();
  await tab.patch('**/v1/x/spaces?*', (json) => {
    json.data = [{ id: 's100', name: 'Customer 100' }];
    json.pagination = { currentPage: 2, pageCount: 2, totalCount: 101 };
  });
  await tab.page.getByRole('button', { name: 'Next' }).click();
  await tab.page.getByText('Page 2 of 2').waitFor();
  assert.equal(await places(), '1,102');
  assert.equal(await tab.axe(), '');
  await tab.page.unrouteAll();
  await tab.go('#/e/prod/s/initech/secrets');
  const names = /(\d+) names/.exec(await tab.text('main'))[1];
  assert.ok(await tab.row('STRIPE_KEY').getByText('Missing').count() > 0);
  await tab.go('#/e/prod/s/initech/overview');
  assert.match(await tab.text('main .facts'), new RegExp(`Holds ${names} names`));
  await tab.end();
});

test('what programs were last given is told: of a space its list, of a name both ways to it', async () => {
  await served(acme);
  await site.must('POST', `/v1/x/secret/value?${query({ ...acme, name: 'SLACK_TOKEN' })}`, {});
  const tab = await open('#/e/prod/spaces');
  const delivered = (space) => tab.text(tab.row(space).locator('[data-label=delivered]'));
  assert.equal(await delivered('acme'), '2 days ago');
  assert.equal(await delivered('initech'), '—');
  await tab.go('#/e/prod/s/acme/overview');
  assert.match(await tab.text('main .facts'), /Delivered 2 days ago/);
  await tab.go('#/e/prod/s/acme/secrets');
  const detailsOf = async (name) => {
    await tab.row(name).locator('button.name').click();
    await tab.page.locator('dialog.drawer').getByText('Delivered').waitFor();
    const text = await tab.text(tab.page.locator('dialog.drawer section').filter({ hasText: 'Delivered' }));
    assert.equal(await tab.axe(), '');
    await tab.page.keyboard.press('Escape');
    return text;
  };
  assert.equal(await detailsOf('SLACK_TOKEN'), 'Delivered whole list 2 days ago to Ana by name v1, 2 days ago to Ana');
  assert.equal(await detailsOf('DB_URL'), 'Delivered whole list 2 days ago to Ana');
  await tab.go('#/e/prod/s/initech/secrets');
  assert.equal(await detailsOf('DB_URL'), 'Delivered Not since this server started.');
  await tab.go('#/e/prod/secrets'); // a list of the space was one of the environment's values
  assert.equal(await detailsOf('DB_URL'), 'Delivered whole list 2 days ago to Ana in Customer Acme');
  assert.equal(await detailsOf('SLACK_TOKEN'), 'Delivered Not since this server started.');
  await tab.end();
});

test('what has expired of the environment is no difference of a space; its own is counted as its own', async () => {
  await site.put(prod, 'ENDED', 'v', { expiresAt: '2001-01-01T12:00:00Z' });
  const tab = await open('#/e/prod/s/initech/secrets');
  await tab.row('ENDED').getByText('Expired', { exact: true }).waitFor();
  await tab.page.getByText(/^Nothing of its own\. These \d+ names come from Production\.$/).waitFor();
  await tab.page.getByRole('button', { name: /^Differs from Production/ }).filter({ hasText: '0' }).waitFor();
  await site.put({ ...prod, spaceId: 'initech' }, 'ENDED', 'v', { expiresAt: '2001-01-01T12:00:00Z' });
  await tab.go('#/e/prod/s/initech/overview');
  assert.match(await tab.text('main .tiles'), /1 overridden 0 only here/);
  await tab.end();
});

test('removing a space names all that goes with it: what is hidden and what is personal too', async () => {
  const tab = await open('#/e/prod/s/acme/overview');
  await tab.page.getByRole('button', { name: 'Remove space…' }).click();
  await tab.page.getByText('With it go 2 values of its own and 1 hidden name.').waitFor();
  await tab.page.keyboard.press('Escape');
  await tab.go('#/e/prod/s/globex/overview');
  await tab.page.getByRole('button', { name: 'Remove space…' }).click();
  await tab.page.getByText('With it go 1 personal value.').waitFor();
  await tab.end();
});

test('a date that is due is said once', async () => {
  const tab = await open('#/e/prod/secrets');
  assert.match(await tab.text(tab.row('SLACK_TOKEN')), /Due \d+ \w+/);
  assert.doesNotMatch(await tab.text(tab.row('SLACK_TOKEN')), /rotate by/);
  await tab.end();
});
