// SPDX-License-Identifier: BSL-1.0
// The spaces of an environment: found and paged by the server, a hundred at a time.
import * as api from './api.js';
import * as world from './world.js';
import { count, el, fill, named, refill, unseen } from './el.js';
import { whyNotNow } from './actions.js';
import { button, filterField } from './controls.js';
import { newSpace } from './environment_forms.js';
import { crumbs, screenHead } from './head.js';
import { nothingContains } from './list_filter.js';
import { keysThatDiffer, newsBar } from './news.js';
import { addressOf, go, keepQuery } from './router.js';
import { live, panel } from './states.js';
import { timeElement } from './time.js';

const whyNot = (environmentId) => (world.may('spaces', environmentId) ? whyNotNow()
    : 'Making a space needs the role operator or environment admin');

const pageSize = 100;

/** `index` is its place among the rows of all pages, the head being the first. */
function row(environmentId, one, index) {
    const number = (n, label, tone) => el('td', { role: 'cell', class: `num${n ? ` ${tone}` : ' zero'}`, 'data-label': label }, n ?? 0);
    return el('tr', { role: 'row', 'aria-rowindex': index, 'data-row': one.id, class: 'row' },
        el('td', { role: 'cell', class: 'what' }, el('a', {
            class: 'name', 'data-focus': `space:${one.id}`, href: addressOf({ environmentId, spaceId: one.id, screen: 'secrets' }),
        }, named(one.name ?? one.id)), el('div', { class: 'line mono' }, one.id)),
        number(one.own, 'own', 'some'), number(one.hidden, 'hidden', 'some'), number(one.missing, 'missing', 'bad'),
        el('td', { role: 'cell', class: 'when', 'data-label': 'delivered' }, one.deliveredAt ? timeElement(one.deliveredAt) : el('span', { class: 'faint', title: 'Not since this server started' }, '—')),
        el('td', { role: 'cell', class: 'when', 'data-label': 'changed' }, one.updatedAt ? timeElement(one.updatedAt) : el('span', { class: 'faint' }, '—')));
}

function spacesTable(label, all, rows) {
    return el('table', { role: 'table', class: 'rows spaces-rows', 'aria-label': label, 'aria-rowcount': all + 1 },
        el('thead', { role: 'rowgroup' }, el('tr', { role: 'row', 'aria-rowindex': 1 }, ['Name', 'Own', 'Hidden', 'Missing', 'Delivered', 'Changed'].map((head) =>
            el('th', { role: 'columnheader', scope: 'col' }, head)))),
        el('tbody', { role: 'rowgroup' }, rows));
}

export function screen(place) {
    const { environmentId } = place;
    const name = world.environmentName(environmentId);
    let search = place.query.filter ?? '';
    let page = Math.max(1, Math.trunc(place.query.page) || 1);
    let timer = 0;
    const about = el('div', { class: 'about' });
    const tools = el('div', { class: 'tools' });
    const make = () => newSpace(environmentId, (made) => go({ environmentId, spaceId: made.id, screen: 'secrets' }));
    const filter = filterField('Filter spaces', (text) => {
        search = text.trim();
        page = 1;
        clearTimeout(timer);
        timer = setTimeout(view.refresh, 200);
    }, search);

    const ask = (options) => api.spaces(environmentId, { search, pageNumber: page, pageSize }, options);
    async function load(signal) {
        keepQuery({ filter: search, page: page > 1 ? page : '' });
        const answer = await ask({ signal });
        const last = Math.max(1, answer.pagination?.pageCount ?? page);
        if (page <= last) return answer;
        page = last; // there are fewer by now
        return load(signal);
    }
    function look(text) {
        filter.querySelector('input').value = text;
        search = text;
        view.refresh();
    }
    const view = live({
        load,
        head: () => spacesTable('', 0, []),
        draw(answer) {
            world.meetSpaces(environmentId, answer.data);
            news.shown();
            drawTools();
            const pages = answer.pagination ?? { currentPage: page, pageCount: 1, totalCount: answer.data.length };
            fill(about, search === '' ? count(pages.totalCount, 'space') : `${count(pages.totalCount, 'space')} with “${search}”`);
            if (answer.data.length === 0) {
                return search === '' ? panel('empty', 'No spaces yet', el('p', {}, 'A space is one customer, tenant or project: it inherits every secret of ', named(name), ' and may override any.'),
                    button('New space', { kind: 'primary', reason: whyNot(environmentId), act: make }))
                    : nothingContains({ what: 'space', text: search, near: answer.nearest, look });
            }
            return [spacesTable(`Spaces of ${name}`, pages.totalCount, answer.data.map((one, i) => row(environmentId, one, (pages.currentPage - 1) * pageSize + i + 2))),
            pages.pageCount > 1 && pager(pages)];
        },
    });
    const news = newsBar((after, options) => api.watch({ environmentId, spacesToo: true }, after, options), {
        state: () => (world.may('list', environmentId) ? view.answer()?.generation : undefined), changed, show: () => view.refresh(),
    });
    async function changed({ by }) {
        // That programs are given what is there is no change.
        const texts = ({ data }) => new Map(data.map(({ deliveredAt, ...one }) => [one.id, JSON.stringify(one)]));
        const shown = view.answer();
        const now = await ask({ unasked: true });
        if (!shown || shown !== view.answer()) return undefined;
        const others = keysThatDiffer(texts(shown), texts(now));
        if (others.length > 0) return { what: count(others.length, 'space'), by, now: by !== undefined };
        return now.pagination?.totalCount !== shown.pagination?.totalCount && { what: 'other spaces', by };
    }
    function pager(pages) {
        const turn = (to) => { page = to; view.refresh().then(() => scrollTo(0, 0)); };
        return el('nav', { class: 'pager', 'aria-label': 'Pages' },
            button('Previous', { picture: 'arrow-left', reason: page <= 1 ? 'This is the first page' : undefined, act: () => turn(page - 1), more: { 'data-focus': 'previous' } }),
            el('span', {}, `Page ${pages.currentPage} of ${pages.pageCount}`, unseen(` of ${count(pages.totalCount, 'space')}`)),
            button('Next', { reason: page >= pages.pageCount ? 'This is the last page' : undefined, act: () => turn(page + 1), more: { 'data-focus': 'next' } }));
    }
    function drawTools() {
        refill(tools, button('New space', { kind: 'primary', picture: 'plus', reason: whyNot(environmentId), act: make, more: { 'data-focus': 'new' } }));
    }
    drawTools();
    const ready = view.refresh();
    return {
        title: `Spaces of ${name}`, ready, refresh: view.refresh,
        nodes: [screenHead({
            way: crumbs(place, 'Spaces'), title: ['Spaces of ', named(name)],
            tools: [filter, tools],
        }), about, news.element, view.outlet],
        keys: { n: () => !whyNot(environmentId) && make() },
        close() {
            clearTimeout(timer);
            view.close();
            news.close();
        },
    };
}
