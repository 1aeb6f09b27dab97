// SPDX-License-Identifier: BSL-1.0
// The matrix of an environment: every space by every name, of which only what differs is sent and only
// what is in view exists.
import * as api from './api.js';
import * as world from './world.js';
import { whyNoChange } from './actions.js';
import { count, el, fill, icon, named } from './el.js';
import { button, chips, filterField } from './controls.js';
import { bulkBar } from './bulk.js';
import { openDrawer } from './drawer.js';
import { gridWindow } from './grid_window.js';
import { crumbs, screenHead } from './head.js';
import { addressOf, go } from './router.js';
import { live, panel } from './states.js';
import { stateWord } from './words.js';

const shapes = { inherited: 'arrow-down', overridden: 'dot', own: 'diamond', hidden: 'hidden', missing: 'bang', damaged: 'cross', expired: 'clock' };
const byName = new Intl.Collator('en', { numeric: true });
const tones = { overridden: 'blue', own: 'teal', missing: 'red', damaged: 'red', expired: 'red' };

/** What the shapes say, and how one moves. */
function legend() {
    const shown = ['inherited', 'overridden', 'own', 'hidden', 'missing'];
    return el('p', { class: 'legend' }, shown.map((one) => el('span', { class: tones[one] }, icon(shapes[one]), stateWord(one))),
        el('span', { class: 'amber' }, icon('triangle'), 'older than what it replaces'),
        el('span', {}, 'Arrows move, Space selects, Enter shows the details.'));
}

/** The answer, indexed: cells by space and name, and how often each name differs. */
function indexed(answer) {
    const cells = answer.spaces.map(() => new Map());
    const perName = answer.names.map(() => ({ over: 0, hidden: 0, other: 0 }));
    for (const [s, n, state, version, older] of answer.cells) {
        cells[s].set(n, { state, version, older: Boolean(older) });
        const sum = perName[n];
        if (state === 'overridden' || state === 'own') sum.over += 1;
        else if (state === 'hidden') sum.hidden += 1;
        else sum.other += 1;
    }
    return { ...answer, cells, perName };
}

export function screen(place) {
    const { environmentId } = place;
    const parent = world.environmentName(environmentId);
    let all = place.query.all === '1' || Boolean(place.query.name && place.query.all !== '0');
    let filter = place.query.name ?? '';
    let data = null;
    let rows = [];
    let columns = [];
    let grid = null;
    const selected = new Map(); // "space name" → {s, n}
    const about = el('div', { class: 'about' });
    const modes = el('div', { class: 'filters' });
    const bulk = bulkBar({
        environmentId, whyNot: () => whyNoChange({ environmentId }, data), done: () => { selected.clear(); view.refresh(); },
    });

    const filterBox = filterField('Filter both', (text) => {
        filter = text.trim();
        if (!data) return;
        arrange();
        grid?.toStart();
        redraw();
    }, filter);
    const view = live({
        load: (signal) => api.matrix(environmentId, all, { signal }),
        draw(answer) {
            data = indexed(answer);
            world.meetSpaces(environmentId, answer.spaces);
            selected.clear();
            arrange();
            drawHead();
            grid?.close();
            if (data.totals.spaces === 0) return panel('empty', 'No spaces yet', null, el('a', { class: 'button', href: addressOf({ environmentId, screen: 'spaces' }) }, 'Spaces'));
            if (!all && rows.length === 0 && filter === '') {
                return panel('empty', 'Nothing differs', el('p', {}, `Every space inherits all ${data.totals.names} names of `, named(parent), '.'),
                    button('Show everything', { act: () => choose('all') }));
            }
            grid = gridWindow({
                label: `Matrix of ${parent}`, size: () => ({ rows: rows.length + 1, columns: columns.length }),
                rowHead, columnHead, cell, state, key, pressed,
            });
            requestAnimationFrame(() => grid.redraw());
            return [bulk.element, grid.element, legend()];
        },
    });

    /** Which rows and columns are shown, those with most exceptions first. */
    function arrange() {
        const wanted = filter.toLowerCase();
        const exceptions = (s) => data.cells[s].size;
        const byMost = (a, b) => exceptions(b) - exceptions(a) || byName.compare(nameOf(a), nameOf(b));
        rows = data.spaces.map((_, s) => s).filter((s) => all || exceptions(s) > 0);
        columns = data.names.map((_, n) => n);
        if (!all) {
            const sum = (n) => data.perName[n].over + data.perName[n].hidden + data.perName[n].other;
            columns = columns.filter((n) => sum(n) > 0).sort((a, b) => sum(b) - sum(a) || (data.names[a] < data.names[b] ? -1 : 1));
            rows.sort(byMost);
        }
        if (wanted !== '') {
            const someColumns = columns.filter((n) => data.names[n].toLowerCase().includes(wanted));
            const someRows = rows.filter((s) => nameOf(s).toLowerCase().includes(wanted) || data.spaces[s].id.toLowerCase().includes(wanted));
            const neither = someColumns.length === 0 && someRows.length === 0;
            if (someColumns.length > 0 || neither) columns = someColumns;
            if (someRows.length > 0 || neither) rows = someRows;
            if (someColumns.length > 0 && someRows.length === 0)
                rows.sort((a, b) => Number(differs(b)) - Number(differs(a)) || byName.compare(nameOf(a), nameOf(b)));
        }
    }
    const differs = (s) => columns.some((n) => data.cells[s].has(n));
    const nameOf = (s) => data.spaces[s].name ?? data.spaces[s].id;
    function redraw() {
        drawHead();
        grid?.redraw();
    }
    function drawHead() {
        const some = data.perName.filter((one) => one.over + one.hidden + one.other > 0).length;
        fill(about, `${count(data.totals.spaces, 'space')} × ${count(data.totals.names, 'name')}`,
            ` · ${some} of ${count(data.totals.names, 'name')} ${some === 1 ? 'differs' : 'differ'}, ${data.totals.names - some} inherited everywhere`,
            ` · ${rows.length.toLocaleString('en')} of ${count(data.totals.spaces, 'space')} shown`);
        if (columns.length === 1) about.append(' · ', named(data.names[columns[0]], { class: 'mono' }), `: ${countsOf(columns[0])}`);
        fill(modes, chips('Show', [{ key: 'some', label: 'Only what differs' }, { key: 'all', label: 'All' }], all ? 'all' : 'some', choose));
        bulk.show([...selected.values()].map(({ s, n }) => ({ space: data.spaces[s], name: data.names[n], cell: data.cells[s].get(n), parentVersion: data.parent[n] })), parent);
    }
    function choose(mode) {
        all = mode === 'all';
        view.refresh();
    }
    /** Row 0 is the environment itself. */
    function rowHead(r) {
        if (r === 0) return el('strong', {}, named(parent));
        const space = data.spaces[rows[r - 1]];
        return el('a', { tabindex: '-1', href: addressOf({ environmentId, spaceId: space.id, screen: 'secrets' }) }, named(nameOf(rows[r - 1])));
    }
    function columnHead(c) {
        if (c < 0) return 'Space';
        const n = columns[c];
        return el('span', { class: 'mono column-name', title: `${data.names[n]}: ${countsOf(n)}` }, named(data.names[n]));
    }
    function countsOf(n) {
        const sum = data.perName[n];
        return `${data.totals.spaces - sum.over - sum.hidden - sum.other} inherit · ${sum.over} over · ${sum.hidden} hidden`;
    }
    function lookAt(r, c) {
        const n = columns[c];
        const version = data.parent[n];
        if (r === 0) return { state: version ? 'value' : 'none', version };
        return data.cells[rows[r - 1]].get(n) ?? (version ? { state: 'inherited' } : { state: 'none' });
    }
    function cell(r, c) {
        const one = lookAt(r, c);
        if (one.state === 'none') return el('span', { 'aria-hidden': 'true' }, '–');
        if (one.state === 'value') return `v${one.version}`;
        return [icon(shapes[one.state] ?? 'bang'), ['overridden', 'own'].includes(one.state) && ` v${one.version}`, one.older && icon('triangle')];
    }
    function state(r, c) {
        const one = lookAt(r, c);
        const name = data.names[columns[c]];
        const shown = ['overridden', 'own'].includes(one.state) ? ` v${one.version}` : '';
        const word = one.state === 'none' ? 'no value' : one.state === 'value' ? `v${one.version}` : stateWord(one.state) + shown;
        const where = r === 0 ? parent : nameOf(rows[r - 1]);
        return {
            class: `${tones[one.state] ?? 'plain'}${one.older ? ' older' : ''}${isSelected(r, c) ? ' selected' : ''}${r === 0 ? ' of-parent' : ''}`,
            label: `${name}, ${where}: ${word}${one.older ? ', older' : ''}`, selected: r === 0 ? undefined : isSelected(r, c),
        };
    }
    const keyOf = (r, c) => `${rows[r - 1]} ${columns[c]}`;
    const isSelected = (r, c) => r > 0 && selected.has(keyOf(r, c));
    function toggle(r, c, on) {
        if (r < 1 || c < 0) return;
        if (on ?? !isSelected(r, c)) selected.set(keyOf(r, c), { s: rows[r - 1], n: columns[c] });
        else selected.delete(keyOf(r, c));
        redraw();
    }
    function pressed(event, r, c, extend) {
        if (r === -1 && c >= 0) showColumn(c);
        else if (r > 0 && c >= 0) toggle(r, c, extend ? true : undefined);
        else if (r === 0 && c >= 0) details(r, c);
    }
    function key(event, r, c) {
        if (event.key === ' ') {
            event.preventDefault();
            toggle(r, c);
        } else if (event.key === 'Enter') {
            event.preventDefault();
            if (r === -1) showColumn(c);
            else if (c < 0 && r > 0) go({ environmentId, spaceId: data.spaces[rows[r - 1]].id, screen: 'secrets' });
            else if (c >= 0) details(r, c);
        } else if (event.key === 'Escape' && selected.size > 0) {
            event.preventDefault();
            selected.clear();
            redraw();
        }
    }
    function showColumn(c) {
        filter = data.names[columns[c]];
        filterBox.querySelector('input').value = filter;
        if (all) {
            arrange();
            redraw();
        } else choose('all');
    }
    async function details(r, c) {
        const where = r === 0 ? { environmentId } : { environmentId, spaceId: data.spaces[rows[r - 1]].id };
        let list;
        const load = async () => {
            try {
                list = await api.secrets(where);
            } catch (problem) {
                if (problem.name !== 'ApiError') throw problem;
                list = undefined; // the drawer says that nothing can be changed
            }
        };
        await load();
        openDrawer({
            where, name: data.names[columns[c]], list: () => list, step: () => undefined,
            async done() {
                await load();
                view.refresh();
            },
        });
    }
    const ready = view.refresh();
    return {
        title: `Matrix of ${parent}`, ready, kind: 'full',
        nodes: [screenHead({ way: crumbs(place, 'Matrix'), title: ['Matrix of ', named(parent)], tools: [modes, filterBox] }), about, view.outlet],
        close() {
            view.close();
            grid?.close();
            bulk.stop();
        },
    };
}
