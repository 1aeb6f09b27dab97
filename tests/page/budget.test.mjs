// SPDX-License-Identifier: BSL-1.0
// The matrix of 1,000 spaces by 200 names on a real server. Times are reported; what is judged is what
// they come from: one request, no more while one scrolls or filters, and only the cells in view.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { Browser } from './browser.mjs';
import { query, Site } from './site.mjs';

const services = ['ADYEN', 'AIRTABLE', 'ALGOLIA', 'ASANA', 'AUTH0', 'BOX', 'CLOUDFLARE', 'DATADOG', 'DOCUSIGN', 'DROPBOX', 'GITHUB', 'GOOGLE', 'HUBSPOT',
  'JIRA', 'MAILGUN', 'NETSUITE', 'OKTA', 'PAYPAL', 'SALESFORCE', 'SENDGRID', 'SENTRY', 'SLACK', 'SNOWFLAKE', 'STRIPE', 'TWILIO'];
const kinds = ['API_KEY', 'CLIENT_ID', 'CLIENT_SECRET', 'HOOK_TOKEN', 'PASSWORD', 'REFRESH_TOKEN', 'SFTP_KEY', 'SIGNING_KEY'];
const names = services.flatMap((service) => kinds.map((kind) => `${service}_${kind}`));
const customers = Array.from({ length: 1000 }, (_, i) => `Customer ${i + 1}`);
const differing = 240;
const differingNames = 31;
const most = 24; // requests at once: changes that wait for each other become one commit

const big = { environmentId: 'big' };
let site;
let browser;
async function atOnce(jobs) {
  const waiting = jobs.values();
  await Promise.all(Array.from({ length: most }, async () => { for (const job of waiting) await job(); }));
}
before(async () => {
  site = await Site.open({ data: false, audit: false });
  browser = await Browser.start();
  await site.must('POST', '/v1/x/environments', { name: 'Production EU', id: 'big', isProd: true });
  await atOnce(customers.map((name, i) => () => site.must('POST', `/v1/x/spaces?${query(big)}`, { name, id: `c${i + 1}` })));
  await site.must('POST', `/v1/x/batch?${query(big)}`, { set: names.map((name) => ({ name, value: `${name}-everyone` })) });
  // 240 spaces and 31 names differ, a few of these in many spaces, most in some.
  let state = 7;
  const random = (n) => { state = (state * 1103515245 + 12345) % 2147483648; return Math.floor((state / 2147483648) * n); };
  const apart = names.filter((_, i) => i % 13 < 2).slice(0, differingNames);
  const popular = apart.slice(0, 6);
  const overrides = Array.from({ length: differing }, (_, i) => ({ ...big, spaceId: `c${i * 4 + 1}` })).map((where, i) => ({
    where, own: new Set([apart[i % differingNames], ...Array.from({ length: random(5) }, () => popular[random(popular.length)])]),
  }));
  const override = ({ where, own }) => () => site.must('POST', `/v1/x/batch?${query(where)}`, { set: [...own].map((name) => ({ name, value: `${name}-own` })) });
  await atOnce(overrides.slice(0, differing / 2).map(override));
  await site.must('POST', `/v1/x/batch?${query(big)}`, { set: popular.slice(0, 4).map((name) => ({ name, value: `${name}-newer` })) });
  await atOnce(overrides.slice(differing / 2).map(override));
  await atOnce(overrides.slice(0, 60).map(({ where }, i) => () => site.must('POST', `/v1/x/secret/hide?${query({ ...where, name: popular[i % popular.length] })}`, {})));
});
after(async () => {
  await browser?.end();
  await site?.end();
});

const label = (tab) => tab.page.evaluate(() => document.activeElement.getAttribute('aria-label'));

// Not what the frame asks by itself, once a minute.
const ofTheScreen = (url) => url.includes('/v1/x/') && !/\/v1\/x\/(whoami|keys|watch|environments\/watch)\b/.test(url);

test('only cells in view exist, one request brings them, and none is sent while one looks around', async (t) => {
  const tab = await browser.open(site.url, { session: await site.session(), at: '#/environments' });
  const grid = tab.page.getByRole('grid');
  const alive = () => tab.page.locator('.grid-cell').count();
  const asked = () => tab.traffic.filter((one) => one.method && ofTheScreen(one.url)).length;
  const before = asked();
  const first = await tab.page.evaluate(async () => {
    const began = performance.now();
    location.hash = '#/e/big/matrix';
    while (!document.querySelector('[data-r="1"][data-c="0"]')) await new Promise(requestAnimationFrame);
    const [answer] = performance.getEntriesByType('resource').filter((one) => one.name.includes('/v1/x/matrix'));
    return { ms: performance.now() - began, server: answer ? answer.responseEnd - answer.startTime : 0, bytes: answer?.encodedBodySize };
  });
  t.diagnostic(`first rows after ${first.ms.toFixed(0)} ms, of which the answer took ${first.server.toFixed(0)} ms (${first.bytes} bytes)`);
  assert.equal(asked() - before, 1, 'one request');
  assert.equal(await grid.getAttribute('aria-rowcount'), String(differing + 2));
  assert.match(await tab.text('main .about'), /1,000 spaces × 200 names · 31 of 200 names differ, 169 inherited everywhere · 240 of 1,000 spaces shown/);
  assert.ok(await alive() < 1500, `${await alive()} cells exist`);
  await tab.picture('matrix-large');
  assert.equal(await tab.axe(), '');

  await tab.page.getByRole('button', { name: 'All', exact: true }).click();
  await tab.settled();
  await tab.page.waitForFunction(() => document.querySelector('.grid').getAttribute('aria-rowcount') === '1002');
  assert.equal(await grid.getAttribute('aria-colcount'), '201');
  const shown = asked();
  await tab.page.locator('[data-r="0"][data-c="-1"]').focus();
  await tab.page.keyboard.press('Control+End');
  assert.match(await label(tab) ?? '', /^TWILIO_SIGNING_KEY, Customer \d+: /);
  assert.equal(await tab.page.evaluate(() => document.activeElement.getAttribute('aria-colindex')), '201');
  assert.equal(await tab.page.evaluate(() => document.activeElement.closest('[role=row]').getAttribute('aria-rowindex')), '1002');
  const head = await tab.page.locator('.grid-head .grid-cell').last().boundingBox();
  const box = await grid.boundingBox();
  assert.ok(head.y >= box.y - 1 && head.y < box.y + 10, 'the first row stays put');

  const looked = await tab.page.evaluate(async () => {
    const element = document.querySelector('.grid');
    const times = [];
    let cells = 0;
    for (let i = 0; i < 60; i += 1) {
      const start = performance.now();
      element.scrollTop = (i * 611) % 30_000;
      element.scrollLeft = (i * 907) % 20_000;
      await new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); });
      times.push(performance.now() - start);
      cells = Math.max(cells, element.querySelectorAll('.grid-cell').length);
    }
    times.sort((a, b) => a - b);
    return { median: times[30], late: times[57], cells };
  });
  t.diagnostic(`a jump to anywhere: median ${looked.median.toFixed(0)} ms, 95 % ${looked.late.toFixed(0)} ms; at most ${looked.cells} cells`);
  assert.ok(looked.cells < 1500, `${looked.cells} cells exist`);
  const filtered = await tab.page.evaluate(() => {
    const input = document.querySelector('main input[type=search]');
    const start = performance.now();
    input.value = 'SLACK';
    input.dispatchEvent(new Event('input'));
    return performance.now() - start;
  });
  t.diagnostic(`filter over all names and spaces: ${filtered.toFixed(0)} ms`);
  assert.equal(await grid.getAttribute('aria-colcount'), '9');
  assert.equal(asked(), shown, 'a request was sent while somebody scrolled or filtered');
  await tab.end();
});

test('the spaces are found and paged by the server, and the count is always of all', async () => {
  const tab = await browser.open(site.url, { session: await site.session(), at: '#/e/big/spaces' });
  assert.equal(await tab.page.locator('main tbody tr').count(), 100);
  assert.match(await tab.text('main .about'), /1,000 spaces/);
  await tab.page.getByRole('button', { name: 'Next' }).click();
  await tab.page.getByText('Page 2 of 10').waitFor();
  await tab.page.locator('main input[type=search]').fill('Customer 77');
  await tab.page.locator('main .about').getByText('11 spaces with “Customer 77”').waitFor();
  await tab.end();
});
