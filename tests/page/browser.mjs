// SPDX-License-Identifier: BSL-1.0
// A real browser on the real page. What the page must never do is watched in every test: break its
// own content policy, throw, write errors to the console.
import { chromium } from 'playwright-core';
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const axeSource = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const program = process.env.COFFER_CHROMIUM;
if (!program) throw new Error('COFFER_CHROMIUM must name the browser');
const pictures = process.env.COFFER_PICTURES;
if (!pictures) throw new Error('COFFER_PICTURES must name the folder for pictures');
fs.mkdirSync(pictures, { recursive: true });

const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export class Browser {
  constructor(running) {
    this.running = running;
  }

  static async start(more = []) {
    return new Browser(await chromium.launch({ executablePath: program, args: [...flags, ...more], timeout: 120_000 }));
  }

  async end() {
    await this.running.close();
  }

  // A tab of its own: nothing is shared with another. `session` is what the server gave for a token.
  async open(base, { session, at = '', dark = false, width = 1280, height = 720, scale = 1, ready = true, init } = {}) {
    const context = await this.running.newContext({
      viewport: { width: Math.round(width / scale), height: Math.round(height / scale) }, deviceScaleFactor: scale,
      colorScheme: dark ? 'dark' : 'light', reducedMotion: 'reduce', serviceWorkers: 'block',
    });
    const page = await context.newPage();
    const tab = new Tab(page, base);
    await tab.watch();
    if (session) {
      await page.addInitScript(([origin, kept]) => {
        if (location.origin !== origin || sessionStorage.getItem('given')) return;
        sessionStorage.setItem('given', 'yes');
        sessionStorage.setItem('coffer.session', kept);
      }, [base, JSON.stringify(session)]);
    }
    if (init) await init(page, context);
    await page.goto(`${base}/${at}`);
    if (session && ready) await tab.settled();
    return tab;
  }
}

export class Tab {
  problems = [];
  traffic = [];
  expected = []; // what the browser itself has to say of a page that is not as it should be

  constructor(page, base) {
    this.page = page;
    this.base = base;
  }

  async watch() {
    const { page } = this;
    page.setDefaultTimeout(120_000);
    await page.addInitScript(() => {
      // What is there for some seconds (a bar with Undo, a note, the first of two keys) is there until the
      // test is done with it. Tests of these times install a clock, whose times are as they are.
      const { setTimeout: plain, requestAnimationFrame: frame } = globalThis;
      globalThis.setTimeout = (f, ms, ...more) => plain(f, [1500, 4000, 30_000].includes(ms) ? 600_000 : ms, ...more);
      globalThis.twoFrames = () => new Promise((drawn) => { frame(() => frame(drawn)); });
      addEventListener('securitypolicyviolation', (event) => {
        console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
      });
    });
    page.on('pageerror', (error) => this.problems.push(`threw: ${error.stack}`));
    page.on('dialog', (dialog) => {
      this.problems.push(`a browser's own dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on('console', (message) => {
      if (message.type() !== 'error' && message.type() !== 'warning') return;
      // A refused or broken request is the browser's own line, not the page's.
      if (/^Failed to load resource/.test(message.text())) return;
      this.problems.push(`console: ${message.text()}`);
    });
    page.on('request', (request) => {
      this.traffic.push({ url: request.url(), method: request.method(), body: request.postData() ?? '', headers: request.headers() });
    });
    page.on('response', async (response) => {
      const text = await response.text().catch(() => '');
      this.traffic.push({ url: response.url(), status: response.status(), body: text, headers: response.headers() });
    });
  }

  // Waits until the screen has its list, or what stands in its place.
  async settled() {
    await this.page.waitForSelector('main.content h1, main.content .panel');
    await this.page.waitForFunction(() => !document.querySelector('main .live[aria-busy=true]'));
    await this.page.evaluate(() => globalThis.twoFrames()); // the matrix is drawn in a frame of its own
  }

  // Goes to an address, and waits until its screen stands in the place of the one before.
  async go(hash) {
    await this.page.evaluate((to) => new Promise((shown) => {
      if (location.hash === to) return shown();
      new MutationObserver((_, observer) => { observer.disconnect(); shown(); }).observe(document.querySelector('main'), { childList: true });
      location.hash = to;
    }), hash);
    await this.settled();
  }

  // Answers of one route as they come, changed by `f(json)`.
  async patch(pattern, f) {
    await this.page.route(pattern, async (route) => {
      const answer = await route.fetch();
      const json = await answer.json();
      await route.fulfill({ response: answer, json: f(json) ?? json });
    });
  }

  // What can be read there, on one line.
  async text(where) {
    const found = typeof where === 'string' ? this.page.locator(where) : where;
    return (await found.first().innerText()).replace(/\s+/g, ' ').trim();
  }

  row(name) {
    return this.page.locator(`main [data-row="${name}"]`);
  }

  // Agrees to what a dialog asks before it changes something in production.
  async agree(label) {
    await this.page.locator('dialog .dialog-foot').getByRole('button', { name: label, exact: true }).click();
  }

  undoBar() {
    return this.page.locator('.undo-bar:not([hidden]) .undo-text');
  }

  // Whether that bar says that something failed, for those who see it.
  async undoBarWarns() {
    return await this.page.locator('.undo-bar:not([hidden]) .icon-warning').count() > 0;
  }

  async focusKey() {
    return this.page.evaluate(() => document.activeElement?.closest('[data-focus]')?.dataset.focus ?? document.activeElement?.tagName);
  }

  // Accessibility: axe's rules, or one of them, as one text, empty if all is well.
  async axe(rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']) {
    await this.page.evaluate(axeSource);
    const found = await this.page.evaluate((runOnly) => globalThis.axe.run(document, { runOnly, resultTypes: ['violations'] }), rules);
    return found.violations.map((one) => `${one.id}: ${one.help}\n` +
      one.nodes.slice(0, 4).map((node) => `    ${node.html.slice(0, 160)}\n    ${(node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? ''}`).join('\n')).join('\n');
  }

  // A picture of what is shown now: people look at them, and some are in the docs (tests/page/pictures).
  async picture(name) {
    await this.page.screenshot({ path: path.join(pictures, `${name}.png`), caret: 'hide' });
  }

  // The same, light and dark, where it can be read in both; axe needs a clock that goes on.
  async pictures(name, { stopped = false } = {}) {
    for (const colorScheme of ['light', 'dark']) {
      await this.page.emulateMedia({ colorScheme });
      await this.picture(colorScheme === 'dark' ? `${name}-dark` : name);
      const faint = !stopped && await this.axe(['color-contrast']);
      if (faint) throw new Error(`${name}, ${colorScheme}: ${faint}`);
    }
    await this.page.emulateMedia({ colorScheme: 'light' });
  }

  // Closes the tab. Nobody ever left a cookie: nothing but the tab's own storage says who is signed in.
  async end() {
    const context = this.page.context();
    await this.page.unrouteAll({ behavior: 'ignoreErrors' }); // a test may end before the page has every answer
    for (const cookie of await context.cookies()) this.problems.push(`a cookie: ${cookie.name} of ${cookie.domain}`);
    await context.close();
    const problems = this.problems.filter((one) => !this.expected.some((pattern) => pattern.test(one)));
    if (problems.length > 0) throw new Error(`the page did what it must not:\n${problems.join('\n')}`);
  }
}
