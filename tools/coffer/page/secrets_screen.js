// SPDX-License-Identifier: BSL-1.0
// The secrets of a scope: what the environment's and a space's screens have in common. The list, its
// filter and chips, the drawer, the keys, and what others change meanwhile.
import * as api from './api.js';
import * as session from './session.js';
import * as world from './world.js';
import { count, el, fill, icon, named, refill } from './el.js';
import { button, chips } from './controls.js';
import { actionsOf, copyName, whyNoChange } from './actions.js';
import { openDrawer } from './drawer.js';
import { screenHead } from './head.js';
import { openImport } from './import_dialog.js';
import { listFilter } from './list_filter.js';
import { keysThatDiffer, newsBar } from './news.js';
import { addressOf, keepQuery } from './router.js';
import { rowsHead, rowsTable } from './rows.js';
import { openSet } from './set_dialog.js';
import { live, panel } from './states.js';
import { undoLast } from './undo.js';
import { oneAuthor } from './words.js';

/**
 * `about` is {where, title, way, groups(rows) → [{key, label, rows}], summary(rows) → nodes,
 * empty(context) → nodes, note?(rows) → node}. The first group is all rows. `seen`: what `look` said when one
 * left it.
 */
export function secretsScreen(about, query, seen) {
    const { where } = about;
    const parent = world.environmentName(where.environmentId);
    let group = query.group ?? 'all';
    let drawer = null;
    let left = false; // the address is another screen's
    const list = () => view.answer();

    const summary = el('div', { class: 'about' });
    const groups = el('div', { class: 'filters' });
    const tools = el('div', { class: 'tools' });
    const context = { where, get list() { return list(); }, done, open };
    const filter = listFilter({
        label: 'Filter names, notes', what: 'name', mono: true, value: query.filter, textsOf: (row) => [row.name, row.note],
        changed: () => view.redraw(), looked: () => { group = 'all'; },
    });
    const head = screenHead({ way: about.way, title: about.title, tools: [filter.element, tools] });

    const table = rowsTable({ where, label: about.label, parent, open, actions: (row) => actionsOf(row, context) });
    if (seen) table.restore(seen);
    let shown = [];
    const view = live({
        load: (signal) => api.secrets(where, { signal }),
        head: () => rowsHead(where),
        draw(answer) {
            const sorted = [...answer.rows].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
            const all = about.groups(sorted);
            const chosen = all.find((one) => one.key === group) ?? all[0];
            shown = filter.matching(chosen.rows);
            if (shown.length > 0) table.show(shown, { of: answer, most: sorted.length });
            keepQuery({ filter: filter.text(), group: group === all[0].key ? '' : group });
            drawTools();
            news.shown();
            session.noteStale(answer);
            fill(summary, about.summary(sorted, answer), el('div', { class: 'refused' }, refusedLine()));
            drawGroups(all.map((one) => ({ key: one.key, label: one.label, count: one.key === 'all' ? undefined : one.rows.length })), chosen.key);
            groups.hidden = sorted.length === 0;
            return [about.note?.(sorted),
                sorted.length === 0 ? about.empty({ newSecret, paste, reason: whyNoChange(where, answer) })
                    : shown.length === 0 ? nothingFound(sorted, chosen)
                        : table.element];
        },
        onProblem() {
            fill(summary);
            fill(groups);
            drawTools();
            return undefined;
        },
    });
    const news = newsBar((after, options) => api.watch(where, after, options), { state: () => list()?.generation, changed, show: done });

    /**
     * The names whose rows are others than those that are shown, and who wrote them, if it was one. The
     * server tells neither of a change that came while it was not asked, and no author of two changes of
     * which one may be one's own, and shown.
     */
    async function changed({ names, by }) {
        if (names?.length > 0 && by) return { what: count(names.length, 'name'), by, now: true };
        const texts = (rows) => new Map(rows.map((row) => [row.name, `${row.state} ${row.version} ${row.setAt}`]));
        const { rows } = await api.secrets(where, { unasked: true });
        if (!list()) return undefined;
        const others = keysThatDiffer(texts(list().rows), texts(rows));
        return others.length > 0 && { what: count(others.length, 'name'), by: oneAuthor(others.map((name) => rows.find((row) => row.name === name))) };
    }
    function refusedLine() {
        const why = whyNoChange(where, list());
        return why && !api.ageOf(list()) && [icon('lock'), why];
    }
    function drawGroups(items, chosen) {
        refill(groups, chips('Show', items, chosen, (key) => {
            group = key;
            if (list()) view.redraw();
            else drawGroups(items, key);
        }));
    }
    function drawTools(waiting) {
        const reason = waiting ?? whyNoChange(where, list());
        refill(tools,
            button(about.pasteLabel ?? 'Paste .env', { reason, picture: 'paste', act: paste, more: { 'data-focus': 'paste' } }),
            button('New secret', { kind: 'primary', reason, picture: 'plus', act: newSecret, more: { 'aria-keyshortcuts': 'n', 'data-focus': 'new' } }));
    }
    function nothingFound(rows, chosen) {
        const all = button('Show all', { act: () => { group = 'all'; view.redraw(); } });
        if (filter.text() === '') return panel('search', `No name is in “${chosen.label}”`, null, all);
        if (filter.matching(rows).length > 0) return panel('search', [`No name in “${chosen.label}” contains “`, named(filter.text()), '”.'], null, all);
        return filter.nothing(rows, el('a', { class: 'button', href: addressOf({ screen: 'search', query: { q: filter.text() } }) }, 'Search all environments'));
    }
    function newSecret() {
        openSet({ where, rows: list()?.rows ?? [], done });
    }
    function paste() {
        openImport({ where, list: list(), done });
    }
    async function done() {
        await view.refresh();
        world.refresh();
    }
    function open(name) {
        drawer = openDrawer({
            where, name, list, done,
            closed: () => { if (!left) keepQuery({ filter: filter.text(), group: group === 'all' ? '' : group, show: '' }); },
            step(from, by) {
                return shown[shown.findIndex((row) => row.name === from) + by]?.name;
            },
        });
    }
    function act(key, name) {
        const row = list()?.rows.find((one) => one.name === name);
        const action = row && actionsOf(row, context).find((one) => one.key === key);
        if (action && !action.reason) action.act();
    }
    function canChange(then) {
        if (list() && !whyNoChange(where, list())) then();
    }
    // Before the list is there all has its place already: nothing jumps when it comes.
    drawTools('The list is not there yet');
    drawGroups(about.groups([]).map(({ key, label }) => ({ key, label })), group);
    const first = view.refresh().then(() => { if (query.show && list()?.rows.some((row) => row.name === query.show)) open(query.show); });
    return {
        nodes: [head, summary, el('div', { class: 'list-head' }, groups), news.element, view.outlet],
        ready: first, refresh: done, look: table.look,
        keys: {
            n: () => canChange(newSecret),
            o: (name) => act('o', name), h: (name) => act('h', name), u: (name) => act('u', name),
            y: (name) => name && copyName({ name }),
            z: undoLast,
        },
        close() {
            left = true;
            view.close();
            news.close();
            table.close();
            drawer?.close();
        },
    };
}
