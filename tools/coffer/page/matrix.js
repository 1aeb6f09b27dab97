// SPDX-License-Identifier: BSL-1.0
// The matrix of an environment: every space by every name, of which only what differs is sent and only
// what is in view exists.
import * as api from './api.js';
import * as world from './world.js';
import { actionsOf, copyName, whyNoChange } from './actions.js';
import { tell } from './announce.js';
import { count, el, fill, icon, named, refill } from './el.js';
import { button, chips, filterField } from './controls.js';
import { bulkBar } from './bulk.js';
import { openDrawer } from './drawer.js';
import { gridWindow } from './grid_window.js';
import { crumbs, screenHead } from './head.js';
import { didYouMean } from './hints.js';
import { keysThatDiffer, newsBar } from './news.js';
import { addressOf, go, keepQuery } from './router.js';
import { live, panel } from './states.js';
import { stateWord, whyNotWrite } from './words.js';

const shapes = { inherited: 'arrow-down', overridden: 'dot', own: 'diamond', hidden: 'hidden', missing: 'bang', damaged: 'cross', expired: 'clock' };
const byName = new Intl.Collator('en', { numeric: true });
const tones = { overridden: 'blue', own: 'teal', missing: 'red', damaged: 'red', expired: 'red' };

/** What the shapes say, and how one moves. */
function legend() {
    const shown = ['inherited', 'overridden', 'own', 'hidden', 'missing', 'expired', 'damaged'];
    return el('p', { class: 'legend' }, shown.map((one) => el('span', { class: tones[one] }, icon(shapes[one]), stateWord(one))),
        el('span', { class: 'amber' }, icon('triangle'), 'older than what it replaces'), el('span', {}, el('span', {}, '–'), 'No value'),
        el('span', {}, 'Arrows, j, k move; a press or Space selects, with Shift up to there, on a head all of it; Enter: details; o, h, u, y act on the cell.'));
}

/** The answer, indexed: cells by space and name, and how often each name differs. */
function indexed(answer) {
    const cells = answer.spaces.map(() => new Map());
    const perName = answer.names.map(() => ({ over: 0, hidden: 0, expired: 0, damaged: 0 }));
    for (const [s, n, state, version, older] of answer.cells) {
        cells[s].set(n, { state, version, older: Boolean(older) });
        const sum = perName[n];
        if (state === 'hidden') sum.hidden += 1;
        else sum.over += 1;
        if (state === 'expired') sum.expired += 1;
        if (state === 'damaged') sum.damaged += 1;
    }
    const differing = perName.map((sum) => sum.over + sum.hidden);
    return { ...answer, cells, perName, differing };
}

/** The cells of an answer, by name and space. */
const cellsOf = ({ names, spaces, parent, cells }) => new Map([...names.map((name, n) => [JSON.stringify([name]), JSON.stringify(parent[n])]),
    ...cells.map(([s, n, ...how]) => [JSON.stringify([names[n], spaces[s].id]), how.join()])]);

const longName = 10; // characters that a narrow head has room for; a longer name shows both ends where it has none
const endOfName = 7;
/** A name of which the middle gives way where it has no room: names differ at their ends. */
function shortened(name) {
    const letters = [...name];
    if (letters.length <= longName) return named(name);
    return named([el('span', { class: 'name-start' }, letters.slice(0, -endOfName).join('')), el('span', {}, letters.slice(-endOfName).join(''))], { class: 'two-ends' });
}

/** `seen`: what `look` said when one left it. */
export function screen(place, seen) {
    const { environmentId } = place;
    const parent = world.environmentName(environmentId);
    const { query } = place;
    let all = query.all === '1' || Boolean(query.name && query.all !== '0');
    let filter = query.name ?? query.filter ?? '';
    let exact = Boolean(query.name); // one name is meant, not all that contain it
    let data = null;
    let rows = [];
    let columns = [];
    let grid = null;
    const selected = new Map(); // "space name" → {s, n}
    const nothing = el('div', { class: 'live' });
    const about = el('div', { class: 'about' });
    const modes = el('div', { class: 'filters' });
    const bulk = bulkBar({ environmentId, whyNot, details: detailsOf, done: again });

    const filterBox = filterField('Filter both', (text) => setFilter(text.trim(), false), filter);
    let widened = false; // all is shown for one column alone: not any more without it
    function setFilter(text, whole) {
        filter = text;
        exact = whole;
        if (!data) return;
        if (widened && text === '') {
            choose('some');
            return;
        }
        arrange();
        grid?.toStart();
        redraw();
    }
    /** Asks anew after a change: what is shown stays where it is. */
    let unmoved = seen !== undefined;
    function again() {
        unmoved = true;
        return view.refresh();
    }
    const view = live({
        load: (signal) => api.matrix(environmentId, all, { signal }),
        draw(answer) {
            const was = data ? look() : seen;
            data = indexed(answer);
            world.meetSpaces(environmentId, answer.spaces);
            selected.clear();
            news.shown();
            const stays = unmoved && was;
            unmoved = false;
            arrange(stays ? was.ids : undefined);
            if (data.totals.spaces === 0) return panel('empty', 'No spaces yet', null, el('a', { class: 'button', href: addressOf({ environmentId, screen: 'spaces' }) }, 'Spaces'));
            if (!all && rows.length === 0 && columns.length === 0 && filter === '') {
                drawHead();
                return panel('empty', 'Nothing differs', el('p', {}, `Every space inherits all ${data.totals.names} names of `, named(parent), '.'),
                    button('Show everything', { act: () => choose('all') }));
            }
            grid ??= gridWindow({
                label: `Matrix of ${parent}`, size: () => ({ rows: rows.length + 1, columns: columns.length }),
                rowHead, columnHead, cell, state, key, pressed,
            });
            requestAnimationFrame(() => {
                redraw();
                if (was?.active) grid.restore(stays ? was.position : { left: 0, top: 0 }, stays ? placeOfIds(was.ids, was.active) : was.active);
            });
            return [bulk.element, nothing, grid.element, legend()];
        },
    });
    const news = newsBar((after, options) => api.watch({ environmentId, spacesToo: true }, after, options), { state: () => data?.generation, changed, show: again, busy: bulk.busy });
    /** The names of which another cell is there than is shown. */
    async function changed({ names = [], by }) {
        const shown = view.answer();
        const now = await api.matrix(environmentId, all, { unasked: true });
        if (!shown || shown !== view.answer()) return undefined;
        const others = new Set(keysThatDiffer(cellsOf(shown), cellsOf(now)).map((key) => JSON.parse(key)[0]));
        const told = [...others].every((name) => names.includes(name));
        if (others.size > 0) return { what: count(others.size, 'name'), by: told ? by : undefined, now: told };
        return now.totals.spaces !== shown.totals.spaces && { what: 'the spaces' };
    }
    /** What is seen of it. */
    function look() {
        return { ids: idsOf(grid?.active()), active: grid?.active(), position: grid?.position() };
    }
    /** What the rows, the columns and the active cell stand for: indexes are another answer's. */
    function idsOf(active) {
        return {
            rows: rows.map((s) => data.spaces[s].id), columns: columns.map((n) => data.names[n]),
            space: active && active.r > 0 ? data.spaces[rows[active.r - 1]]?.id : undefined, name: active && active.c >= 0 ? data.names[columns[active.c]] : undefined,
        };
    }
    function placeOfIds({ space, name }, { r, c, focused }) {
        const row = space === undefined ? r : rows.findIndex((s) => data.spaces[s].id === space) + 1;
        const column = name === undefined ? c : columns.findIndex((n) => data.names[n] === name);
        return { r: row > 0 || r <= 0 ? row : r, c: column >= 0 || c < 0 ? column : c, focused };
    }

    /** Which rows and columns are shown, those with most exceptions first; those of `before` stay where they were. */
    function arrange(before) {
        const wanted = filter.toLowerCase();
        const exceptions = (s) => data.cells[s].size;
        rows = data.spaces.map((_, s) => s).filter((s) => all || exceptions(s) > 0);
        columns = data.names.map((_, n) => n);
        if (!all) {
            columns = columns.filter((n) => data.differing[n] > 0 || isMissing(n)).sort((a, b) => data.differing[b] - data.differing[a] || (data.names[a] < data.names[b] ? -1 : 1));
            rows.sort((a, b) => exceptions(b) - exceptions(a) || byName.compare(nameOf(a), nameOf(b)));
        }
        if (exact) columns = columns.filter((n) => data.names[n] === filter);
        else if (wanted !== '') {
            const someColumns = columns.filter((n) => data.names[n].toLowerCase().includes(wanted));
            const someRows = rows.filter((s) => nameOf(s).toLowerCase().includes(wanted) || data.spaces[s].id.toLowerCase().includes(wanted));
            const neither = someColumns.length === 0 && someRows.length === 0;
            if (someColumns.length > 0 || neither) columns = someColumns;
            if (someRows.length > 0 || neither) rows = someRows;
        }
        if (wanted !== '' && columns.length < data.names.length)
            rows.sort((a, b) => Number(differs(b)) - Number(differs(a)) || byName.compare(nameOf(a), nameOf(b)));
        if (!before) return;
        const keepOrder = (list, idOf, ids) => {
            const places = new Map(ids.map((id, i) => [id, i]));
            const placeIn = (one) => places.get(idOf(one)) ?? ids.length;
            list.sort((a, b) => placeIn(a) - placeIn(b));
        };
        keepOrder(rows, (s) => data.spaces[s].id, before.rows);
        keepOrder(columns, (n) => data.names[n], before.columns);
    }
    /** Whether a program needs a name that the environment has no value of: no space differs in that. */
    const isMissing = (n) => data.parent[n]?.state === 'missing';
    const differs = (s) => columns.some((n) => data.cells[s].has(n));
    const nameOf = (s) => data.spaces[s].name ?? data.spaces[s].id;
    function redraw() {
        keepQuery({ all: all ? '1' : exact ? '0' : '', name: exact ? filter : '', filter: exact ? '' : filter });
        drawHead();
        if (!grid) return;
        const none = columns.length === 0 || rows.length === 0;
        grid.element.hidden = none;
        fill(nothing, none && nothingFound());
        nothing.hidden = !none;
        if (!none) grid.redraw();
    }
    function nothingFound() {
        if (exact && !all) return panel('search', [named(filter, { class: 'mono' }), ' is inherited everywhere.'], null, button('Show everything', { act: () => choose('all') }), button('Clear filter', { act: showAll }));
        const near = didYouMean(filter, [...data.names, ...data.spaces.map((one) => one.name ?? one.id)]);
        return panel('search', ['No name and no space contains “', named(filter), '”.'], near && el('p', {}, 'Did you mean ', button(near, { kind: 'link', act: () => typed(near, false) }), '?'),
            button('Clear filter', { act: showAll }), el('a', { class: 'button', href: addressOf({ screen: 'search', query: { q: filter } }) }, 'Search all environments'));
    }
    const showAll = () => typed('', false);
    function typed(text, whole) {
        filterBox.querySelector('input').value = text;
        setFilter(text, whole);
        filterBox.querySelector('input').focus();
    }
    function drawHead() {
        const some = data.differing.filter((n) => n > 0).length;
        const lacked = data.names.filter((_, n) => isMissing(n) && data.differing[n] === 0).length;
        fill(about, `${count(data.totals.spaces, 'space')} × ${count(data.totals.names, 'name')}`,
            ` · ${some.toLocaleString('en')} of ${count(data.totals.names, 'name')} ${some === 1 ? 'differs' : 'differ'}, ${(data.totals.names - some - lacked).toLocaleString('en')} inherited everywhere`,
            lacked > 0 && ` · ${lacked.toLocaleString('en')} missing everywhere`,
            ` · ${rows.length.toLocaleString('en')} of ${count(data.totals.spaces, 'space')} shown`);
        if (columns.length === 1) {
            const apart = rows.filter(differs);
            refill(about, [...about.childNodes], ' · ', named(data.names[columns[0]], { class: 'mono' }), `: ${countsOf(columns[0])} `,
                apart.length > 0 && button(`Select the ${apart.length.toLocaleString('en')} that differ`, { kind: 'link', act: () => choosePlaces(apart, columns), more: { 'data-focus': 'select-column' } }));
        }
        refill(modes, chips('Show', [{ key: 'some', label: 'Only what differs' }, { key: 'all', label: 'All' }], all ? 'all' : 'some', choose));
        const [shownRows, shownColumns] = [new Set(rows), new Set(columns)];
        bulk.show([...selected.values()].map(({ s, n }) => ({ space: data.spaces[s], name: data.names[n], cell: data.cells[s].get(n), parentVersion: data.parent[n]?.version })),
            [...selected.values()].filter(({ s, n }) => !shownRows.has(s) || !shownColumns.has(n)).length);
    }
    /** Why the cells of a selection may not all be changed, or nothing. */
    function whyNot(cells) {
        const rights = data?.rights ?? [];
        const no = whyNoChange({ environmentId }, data && { ...data, rights: [...rights, 'write'] });
        if (no || rights.includes('write')) return no;
        const other = cells.find(({ space }) => !space.write);
        if (!other) return undefined;
        const some = cells.some(({ space }) => space.write);
        return some ? whyNotWrite(other.space.name ?? other.space.id, true) : whyNotWrite(parent, false);
    }
    function choose(mode) {
        all = mode === 'all';
        widened = false;
        unmoved = false;
        view.refresh();
    }
    /** Row 0 is the environment itself. */
    function rowHead(r) {
        if (r === 0) return el('strong', {}, named(parent));
        const space = data.spaces[rows[r - 1]];
        return el('a', { tabindex: '-1', href: addressOf({ environmentId, spaceId: space.id, screen: 'secrets' }), 'aria-label': nameOf(rows[r - 1]), title: nameOf(rows[r - 1]) }, shortened(nameOf(rows[r - 1])));
    }
    function columnHead(c) {
        if (c < 0) return 'Space';
        const n = columns[c];
        return el('span', { class: 'mono column-name', title: `${data.names[n]}: ${countsOf(n)}` }, shortened(data.names[n]));
    }
    function countsOf(n) {
        const sum = data.perName[n];
        const more = [sum.expired > 0 && `${sum.expired.toLocaleString('en')} of those expired`, sum.damaged > 0 && `${sum.damaged.toLocaleString('en')} of those damaged`].filter(Boolean).map((one) => ` · ${one}`).join('');
        const above = data.parent[n]?.state ?? 'none';
        // Where the environment has none there is nothing to inherit.
        const told = (number) => number.toLocaleString('en');
        if (above === 'none' || above === 'missing') return `${above === 'missing' ? 'missing: ' : ''}only in ${told(sum.over)} of ${count(data.totals.spaces, 'space')}, none in ${parent}${more}`;
        return `${told(data.totals.spaces - data.differing[n])} inherit${above === 'value' ? '' : `, ${stateWord(above).toLowerCase()} in ${parent}`} · ${told(sum.over)} over · ${told(sum.hidden)} hidden${more}`;
    }
    function lookAt(r, c) {
        const n = columns[c];
        const above = data.parent[n] ?? { state: 'none' };
        const own = r > 0 && data.cells[rows[r - 1]].get(n);
        if (r === 0 || own) return own || above;
        // What is no value above is none here either; what is missing is said once, above.
        return { state: { value: 'inherited', missing: 'none' }[above.state] ?? above.state };
    }
    const versionIn = ({ state: word, version }) => (version && word !== 'hidden' ? ` v${version}` : '');
    function cell(r, c) {
        const one = lookAt(r, c);
        if (one.state === 'none') return el('span', { 'aria-hidden': 'true' }, '–');
        if (one.state === 'value') return `v${one.version}`;
        return [icon(shapes[one.state] ?? 'bang'), versionIn(one), one.older && icon('triangle')];
    }
    function state(r, c) {
        const one = lookAt(r, c);
        const name = data.names[columns[c]];
        const word = one.state === 'none' ? 'no value' : one.state === 'value' ? `v${one.version}` : stateWord(one.state) + versionIn(one);
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
    /** Selects cells by their spaces and names, beside what is selected. */
    function choosePlaces(spaces, names) {
        for (const s of spaces) for (const n of names) selected.set(`${s} ${n}`, { s, n });
        redraw();
    }
    const between = (a, b) => [Math.min(a, b), Math.max(a, b) + 1];
    function pressed(event, r, c, { extend, from }) {
        if (extend && r === -1 && c >= 0) choosePlaces(rows, [columns[c]]);
        else if (extend && r > 0 && c < 0) choosePlaces([rows[r - 1]], columns);
        else if (extend && r > 0 && c >= 0) {
            const [r0, r1] = between(Math.max(1, from.r), r);
            const [c0, c1] = between(Math.max(0, from.c), c);
            choosePlaces(rows.slice(r0 - 1, r1 - 1), columns.slice(c0, c1));
        } else if (r === -1 && c >= 0) showColumn(c);
        else if (r > 0 && c >= 0) toggle(r, c);
        else if (r === 0 && c >= 0) details(r, c);
    }
    function key(event, r, c) {
        if (event.key === ' ') {
            event.preventDefault();
            if (c >= 0 && (r === -1 || event.ctrlKey)) choosePlaces(rows, [columns[c]]);
            else if (r > 0 && (c < 0 || event.shiftKey)) choosePlaces([rows[r - 1]], columns);
            else toggle(r, c);
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
        const name = data.names[columns[c]];
        filterBox.querySelector('input').value = name;
        filter = name;
        exact = true;
        if (all) setFilter(name, true);
        else {
            choose('all');
            widened = true;
        }
    }
    const cellAt = (r, c) => ({ space: r === 0 ? undefined : data.spaces[rows[r - 1]], name: data.names[columns[c]] });
    function details(r, c) {
        detailsOf(cellAt(r, c));
    }
    let looked = 0; // how often the rows of a cell's scope were asked for
    /** Calls `act` with the scope of a cell once its rows are there, unless those of another are wanted by then, or none. */
    async function withRows({ space, name }, act) {
        looked += 1;
        const mine = looked;
        const where = space === undefined ? { environmentId } : { environmentId, spaceId: space.id };
        let list;
        const load = async () => {
            try {
                list = await api.secrets(where);
            } catch (problem) {
                if (problem.name !== 'ApiError') throw problem;
                list = undefined; // it is said that nothing can be changed
            }
        };
        await load();
        if (mine === looked) act({ where, name, list: () => list, done: () => Promise.all([load(), again()]) });
    }
    function detailsOf(cell) {
        return withRows(cell, (at) => openDrawer({
            ...at, step(from, by) {
                const names = columns.map((n) => data.names[n]);
                return names.includes(from) ? names[names.indexOf(from) + by] : undefined;
            },
        }));
    }
    /** The name that the focus is on, of a cell or of a column's head. */
    function nameInFocus() {
        const { c, focused } = grid?.active() ?? {};
        return focused && c >= 0 ? data.names[columns[c]] : undefined;
    }
    /** Does with the cell in focus what a key does with a row of a list. */
    function actOn(key) {
        const { r, c, focused } = grid?.active() ?? {};
        if (!focused || r < 0 || c < 0) return undefined;
        return withRows(cellAt(r, c), ({ where, name, list, done }) => {
            const row = list()?.rows.find((one) => one.name === name) ?? { name, state: 'missing' };
            const action = actionsOf(row, { where, list: list(), done }).find((one) => one.key === key);
            if (action?.reason) tell(action.reason);
            else action?.act();
        });
    }
    const ready = view.refresh();
    return {
        title: `Matrix of ${parent}`, ready, kind: 'full', refresh: again, look: () => (data ? look() : undefined),
        nodes: [screenHead({ way: crumbs(place, 'Matrix'), title: ['Matrix of ', named(parent)], tools: [modes, filterBox] }), about, news.element, view.outlet],
        keys: {
            j: () => grid?.step(1), k: () => grid?.step(-1),
            o: () => actOn('o'), h: () => actOn('h'), u: () => actOn('u'),
            y: () => nameInFocus() !== undefined && copyName({ name: nameInFocus() }),
        },
        close() {
            looked += 1;
            view.close();
            news.close();
            grid?.close();
            bulk.close();
        },
        /** What goes on here, and ends for who leaves. */
        busyWith: () => (bulk.running() ? 'The change of the selection is not finished. What is done stays done; the rest is not begun.' : undefined),
    };
}
