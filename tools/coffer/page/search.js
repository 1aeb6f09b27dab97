// SPDX-License-Identifier: BSL-1.0
// Looks for a name in all environments at once. Names are compared here: no search is sent.
import * as api from './api.js';
import * as world from './world.js';
import { count, el, fill, named } from './el.js';
import { filterField } from './controls.js';
import { screenHead } from './head.js';
import { didYouMean } from './hints.js';
import { foundRow, foundTable } from './rows.js';
import { addressOf } from './router.js';
import { live, panel } from './states.js';

const mostShown = 200;

export function screen(place) {
    let wanted = place.query.q ?? '';
    const about = el('div', { class: 'about', role: 'status' });
    const view = live({
        async load(signal) {
            const readable = world.environments().filter((one) => (one.rights ?? []).includes('list') && !one.state);
            const lists = await Promise.allSettled(readable.map((one) => api.secrets({ environmentId: one.id }, { signal })));
            const found = [];
            const failed = [];
            lists.forEach((result, i) => {
                if (result.status === 'fulfilled') found.push(...result.value.rows.map((row) => ({ row, environment: readable[i] })));
                else if (result.reason.name === 'AbortError') throw result.reason;
                else failed.push(readable[i]);
            });
            return { found, failed };
        },
        draw({ found, failed }) {
            const text = wanted.toLowerCase();
            const matching = text === '' ? [] : found.filter(({ row }) => row.name.toLowerCase().includes(text) || (row.note ?? '').toLowerCase().includes(text));
            fill(about, text !== '' && `${count(matching.length, 'name')} with “${wanted}” in ${count(world.environments().length, 'environment')}`,
                matching.length > mostShown && `; the first ${mostShown} are shown`,
                failed.length > 0 && [' · could not look into ', failed.map((one, i) => [i > 0 && ', ', named(one.name)])]);
            if (text === '') return panel('search', 'Type a part of a name', null);
            if (matching.length > 0) return foundTable(matching.slice(0, mostShown).map(({ row, environment }) => foundRow(row, { environmentId: environment.id }, environment.name)));
            const near = didYouMean(wanted, found.map(({ row }) => row.name));
            return panel('search', ['No name contains “', named(wanted), '”.'], near && el('p', {}, 'Did you mean ', el('a', { href: addressOf({ screen: 'search', query: { q: near } }), class: 'mono' }, named(near)), '?'));
        },
    });
    const ready = view.refresh();
    return {
        title: 'Search', ready,
        nodes: [screenHead({ title: 'Search all environments', tools: filterField('Name or note', (text) => { wanted = text.trim(); view.redraw(); }, wanted) }), about, view.outlet],
        close: view.close,
    };
}
