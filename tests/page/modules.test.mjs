// SPDX-License-Identifier: BSL-1.0
// The page's own logic that needs no server, run where it is used: in the browser.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { Browser } from './browser.mjs';
import { Site } from './site.mjs';

let site;
let browser;
let tab;
before(async () => {
  site = await Site.open({ data: false });
  browser = await Browser.start();
  tab = await browser.open(site.url, {});
});
after(async () => {
  await tab?.end();
  await browser?.end();
  await site?.end();
});

const call = (file, name, ...args) => tab.page.evaluate(
  async ([from, what, given]) => (await import(`/page/${from}`))[what](...given), [file, name, args]);

test('a word in a command is one word of the shell, whatever is in it', async () => {
  const word = (text) => call('key_commands.js', 'shellWord', text);
  assert.deepEqual(await Promise.all(['kek-2026-11-ab12', 'us_env_1.x'].map(word)), ['kek-2026-11-ab12', 'us_env_1.x']);
  for (const text of ["it's", '$(reboot)', 'a b', '-x', '', '~', '`id`', 'a;b', "'\\''", 'é\nx'])
    assert.equal(execFileSync('sh', ['-c', `printf %s ${await word(text)}`], { encoding: 'utf8' }), text);
});

test('a .env file is read literally', async () => {
  const read = async (text) => (await call('dotenv.js', 'entriesOf', text)).map((one) => (one.problem ? `${one.line}: ${one.problem}` : [one.name, one.value]));
  assert.deepEqual(await read('A=1\nexport B = two words # said\n# C=3\n\nD=$HOME\n'), [['A', '1'], ['B', 'two words'], ['D', '$HOME']]);
  assert.deepEqual(await read('A="x # y"\nB=\'a\\n"b\'\nC="l1\nl2"\nD="a\\nb\\"c\\\\"'), [['A', 'x # y'], ['B', 'a\\n"b'], ['C', 'l1\nl2'], ['D', 'a\nb"c\\']]);
  assert.deepEqual(await read('nothing\n=x\nA="open\nB=2'), ['1: no "="', '2: no name before the "="', '3: no closing "', ['B', '2']]);
  assert.deepEqual(await read('A=1\r\nA=2\r\nE=\r\nF=a=b=\r\n'), ['1: given again in line 2', ['A', '2'], '3: an empty value', ['F', 'a=b=']]);
  assert.deepEqual(await read('\ufeffA=1'), [['A', '1']]);
  assert.deepEqual(await read('{"A":"x\\ny","B":3,"C":null,"D":{"a":1}}'), [['A', 'x\ny'], ['B', '3'], '3: the value is not a text', '4: the value is not a text']);
  assert.deepEqual(await read('[{"A":"x"}]'), ['1: a list has no names: an object is needed']);
  assert.deepEqual(await read('[database]\nA=1'), ['1: no "="', ['A', '1']]);
  const bad = await read('{"A": "secret-value');
  assert.equal(bad.length, 1);
  assert.ok(!bad[0].includes('secret'), 'the complaint quotes a value');
});

test('a mistyped piece leads to the name that was meant', async () => {
  const known = ['SLACK_TOKEN', 'DB_URL', 'STRIPE_KEY'];
  assert.equal(await call('hints.js', 'didYouMean', 'slck', known), 'SLACK_TOKEN');
  assert.equal(await call('hints.js', 'didYouMean', 'STRIP_KEY', known), 'STRIPE_KEY');
  assert.equal(await call('hints.js', 'didYouMean', 'stwixpa', known), undefined);
  assert.equal(await call('hints.js', 'didYouMean', 'db-url', known), 'DB_URL');
  assert.equal(await call('hints.js', 'didYouMean', 'lscak_token', known), 'SLACK_TOKEN'); // two swaps
  for (const nothing of ['qqqqqq', 'q', 'qb', '']) assert.equal(await call('hints.js', 'didYouMean', nothing, known), undefined);
});

test('addresses name places and come back the same', async () => {
  for (const place of [{ environmentId: 'a/b', screen: 'matrix', query: {} }, { environmentId: 'ü?#%', spaceId: 's p', screen: 'tokens', query: { name: 'A&B' } }, { screen: 'search', query: { q: '<x>' } }]) {
    const address = await call('router.js', 'addressOf', place);
    assert.deepEqual(await call('router.js', 'placeOf', address), place);
  }
});

test('times are said as people say them', async () => {
  const now = new Date(2026, 10, 24, 15, 0).getTime();
  const ago = (ms) => call('time.js', 'ago', now - ms, now);
  assert.deepEqual([await ago(1000), await ago(40_000), await ago(5 * 60_000), await ago(2 * 3_600_000), await ago(24 * 3_600_000), await ago(3 * 24 * 3_600_000), await ago(12 * 24 * 3_600_000), await ago(400 * 24 * 3_600_000)],
    ['just now', '40 s ago', '5 min ago', '2 h ago', 'yesterday', '3 days ago', '12 Nov', '20 Oct 2025']);
  assert.equal(await call('time.js', 'date', '2026-12-03', now), '3 Dec');
  assert.equal(await call('time.js', 'fieldOfDate', '2026-12-03'), '2026-12-03');
});

test('a right that is missing is named, with what it is for and who has it', async () => {
  const said = (right) => call('words.js', 'whyForbidden', right);
  assert.equal(await said('write'), 'this token has not the right write here, to set, hide and remove values; who has it: environment admin, space admin, service that may write');
  assert.match(await said('reveal'), /; who has it: an admin whose token may be shown values$/);
  assert.match(await said('unheard_of'), /right unheard_of here, to do this$/);
});

test('a role is called the same in lines of the log from before its name', async () => {
  const said = (role) => call('words.js', 'roleWord', role);
  assert.deepEqual(await Promise.all(['env-admin', 'environment_admin', 'space-admin', 'space_admin', 'auditor', 'unheard_of'].map(said)),
    ['environment admin', 'environment admin', 'space admin', 'space admin', 'auditor', 'unheard_of']);
});

test('elements take text, and neither code nor addresses of elsewhere', async () => {
  const made = (name, attributes, text) => tab.page.evaluate(async ([a, b, c]) => {
    const { el } = await import('/page/el.js');
    try {
      return el(a, b, c).outerHTML;
    } catch (problem) {
      return problem.message;
    }
  }, [name, attributes, text]);
  assert.equal(await made('p', {}, '<b>&'), '<p>&lt;b&gt;&amp;</p>');
  for (const attributes of [{ onclick: 'x()' }, { style: 'color:red' }, { href: 'javascript:x()' }, { href: 'https://elsewhere.example' }, { src: '/x' }, { srcdoc: 'x' }])
    assert.match(await made('a', attributes, 'x'), /^el: /, JSON.stringify(attributes));
});
