// SPDX-License-Identifier: BSL-1.0
// What nearly every file of these tests has: one server with data, one browser, for all its tests.
import { after, before } from 'node:test';
import { Browser } from './browser.mjs';
import { query, Site } from './site.mjs';

export let site;
export let browser;
before(async () => {
  site = await Site.open();
  browser = await Browser.start();
});
after(async () => {
  await browser?.end();
  await site?.end();
});

// A tab of somebody, at an address.
export const open = async (at, { as = 'ana', ...more } = {}) => browser.open(site.url, { session: await site.session(as), at, ...more });

// The same, two days after the server was filled: for pictures, where people see how times are told.
export async function openLater(at, more = {}) {
  const later = Date.now() + 2 * 86_400_000;
  return browser.open(site.url, {
    session: { ...await site.session(), expiresAt: new Date(later + 86_400_000).toISOString() }, at,
    init: (page) => page.clock.setSystemTime(later), ...more,
  });
}

// What programs are given, by name.
export async function served({ environmentId, spaceId }) {
  const answer = await site.ask('GET', `/v1/secrets?${query({ environmentId, ...(spaceId ? { spaceId } : {}) })}`);
  return Object.fromEntries(answer.json.data.map((one) => [one.name, one.value]));
}
