// SPDX-License-Identifier: BSL-1.0
// All environments: the first screen. Without any: three steps to the first secret.
import * as api from './api.js';
import * as world from './world.js';
import { count, el, fill, named, refill } from './el.js';
import { button, copyButton } from './controls.js';
import { heldBy, newEnvironment, whyNoEnvironment } from './environment_forms.js';
import { screenHead } from './head.js';
import { listFilter } from './list_filter.js';
import { keysThatDiffer, newsBar } from './news.js';
import { addressOf, keepQuery } from './router.js';
import { problemPanel, staleLine } from './states.js';
import { prodBadge } from './words.js';

function why(state) {
    if (state === 'key_disabled') return 'Its key is disabled: values can’t be opened';
    return state === 'unknown_key' ? 'Its key is not in this server’s keyring' : 'It can’t be read';
}

function card(one) {
    const broken = one.state && one.state !== 'value';
    const address = (screen) => addressOf({ environmentId: one.id, screen });
    return el('li', { class: `env-card${one.isProd ? ' is-prod' : ''}`, 'data-row': one.id },
        el('h2', {}, el('a', { href: addressOf(world.homeOf(one.id)), 'data-focus': `env:${one.id}` }, named(one.name)), one.isProd && prodBadge()),
        el('p', { class: 'faint mono' }, one.id),
        broken ? el('p', { class: 'problem' }, why(one.state))
            : el('p', {}, heldBy(one)),
        el('p', { class: 'env-links' }, (one.rights ?? []).includes('list') && [el('a', { href: address('secrets'), 'data-focus': `secrets:${one.id}` }, 'Secrets'), ' · ',
            el('a', { href: address('matrix'), 'data-focus': `matrix:${one.id}` }, 'Matrix'), ' · '], el('a', { href: address('spaces'), 'data-focus': `spaces:${one.id}` }, 'Spaces')));
}

function steps(reason) {
    const lines = `export AGENT_INTERNAL_URL=${location.origin}\nexport FLATFILE_BEARER_TOKEN=cof_…`;
    return el('section', { class: 'steps' },
        el('h2', {}, 'Three steps to the first secret'),
        el('ol', {},
            el('li', {}, el('strong', {}, 'Create an environment'), el('p', {}, 'Production, staging, development: each has its own keys.'),
                button('New environment', { kind: 'primary', reason, picture: 'plus', act: newEnvironment, more: { 'data-focus': 'new' } })),
            el('li', {}, el('strong', {}, 'Set a secret'), el('p', {}, 'It is given to every space of the environment; any space may override it.')),
            el('li', {}, el('strong', {}, 'Point your listener here'), el('p', {}, 'With a service token of Developer Settings → Tokens:'),
                el('pre', { class: 'code' }, lines), copyButton('Copy both lines', () => lines, 'Two lines'))));
}

/**
 * The bar that tells of environments that others made, changed or removed. `shown()` is the {list, revision}
 * that is read, `of(one)` what is shown there of an environment. `kind` is the bar's class.
 */
export function environmentsNews(shown, of, kind) {
    const texts = (all) => new Map(all.map((one) => [one.id, JSON.stringify(of(one))]));
    async function changed() {
        const { list, revision } = shown();
        const now = await api.environments({ unasked: true });
        if (revision !== shown().revision) return undefined;
        const others = keysThatDiffer(texts(list), texts(now.data));
        return others.length > 0 && { what: count(others.length, 'environment') };
    }
    return newsBar(api.watchEnvironments, { state: () => shown().revision, changed, show: world.refresh, kind });
}

export function screen(place) {
    const about = el('span', {});
    const tools = el('div', { class: 'tools' });
    const outlet = el('div', {});
    const filter = listFilter({ label: 'Filter environments', what: 'environment', value: place.query.filter, textsOf: (one) => [one.name, one.id], changed: drawList });
    const now = () => ({ list: world.environments(), revision: world.revision() });
    let shown = now(); // what is read: a dialog over it keeps what is newer away
    const news = environmentsNews(() => shown, (one) => one);
    function drawList() {
        const { list } = shown;
        const problem = world.environmentsProblem();
        const found = filter.matching(list);
        keepQuery({ filter: filter.text() });
        refill(outlet, staleLine(world.answer()), problem ? problemPanel(problem, () => world.refresh())
            : list.length === 0 ? steps(whyNoEnvironment())
                : found.length === 0 ? filter.nothing(list) : el('ul', { class: 'env-cards' }, found.map(card)));
    }
    function draw() {
        shown = now();
        const { list } = shown;
        news.shown();
        fill(about, list.length > 0 && count(list.length, 'environment'));
        filter.element.hidden = list.length === 0;
        refill(tools, list.length > 0 && button('New environment', { kind: 'primary', picture: 'plus', reason: whyNoEnvironment(), act: newEnvironment, more: { 'data-focus': 'new' } }));
        drawList();
    }
    draw();
    return {
        title: 'Environments', worldChanged: draw, refresh: world.refresh,
        nodes: [screenHead({ title: 'Environments', about, tools: [filter.element, tools] }), news.element, outlet],
        keys: { n: () => !whyNoEnvironment() && newEnvironment() },
        close: news.close,
    };
}
