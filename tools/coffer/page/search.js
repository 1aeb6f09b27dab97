// SPDX-License-Identifier: BSL-1.0
// Looks for a name in all environments and spaces at once. Names are compared here: no search is sent.
import * as api from './api.js';
import * as world from './world.js';
import { count, el, fill, named } from './el.js';
import { filterField } from './controls.js';
import { screenHead } from './head.js';
import { didYouMean } from './hints.js';
import { foundRow, foundTable } from './rows.js';
import { addressOf, keepQuery } from './router.js';
import { live, panel } from './states.js';

const mostShown = 200;
const mostSpaces = 16; // as many as one token can name

/**
 * What an environment has, as {row, where}: its own names and, of its spaces, what is not inherited. Who
 * sees only some of its spaces gets the names of those.
 */
async function namesIn(environment, signal) {
    const environmentId = environment.id;
    if (!(environment.rights ?? []).includes('list')) {
        const spaces = (await api.spaces(environmentId, { pageSize: mostSpaces }, { signal })).data;
        world.meetSpaces(environmentId, spaces);
        return (await Promise.all(spaces.map(async ({ id: spaceId }) => {
            const where = { environmentId, spaceId };
            return (await api.secrets(where, { signal })).rows.map((row) => ({ row, where }));
        }))).flat();
    }
    const [own, matrix] = await Promise.all([api.secrets({ environmentId }, { signal }), api.matrix(environmentId, false, { signal })]);
    world.meetSpaces(environmentId, matrix.spaces);
    return [...own.rows.map((row) => ({ row, where: { environmentId } })),
        ...matrix.cells.filter(([, , state]) => state !== 'missing').map(([s, n, state, version]) =>
            ({ row: { name: matrix.names[n], state, version }, where: { environmentId, spaceId: matrix.spaces[s].id } }))];
}

export function screen(place) {
    let wanted = place.query.q ?? '';
    const about = el('div', { class: 'about', role: 'status' });
    const view = live({
        async load(signal) {
            const readable = world.environments().filter((one) => !one.state);
            const lists = await Promise.allSettled(readable.map((one) => namesIn(one, signal)));
            const found = [];
            const failed = world.environments().filter((one) => one.state);
            lists.forEach((result, i) => {
                if (result.status === 'fulfilled') found.push(...result.value);
                else if (result.reason.name === 'AbortError') throw result.reason;
                else failed.push(readable[i]);
            });
            return { found, failed, looked: world.environments().length - failed.length };
        },
        draw({ found, failed, looked }) {
            const text = wanted.toLowerCase();
            keepQuery({ q: wanted });
            const matching = text === '' ? [] : found.filter(({ row }) => row.name.toLowerCase().includes(text) || (row.note ?? '').toLowerCase().includes(text));
            fill(about, text !== '' && `${count(matching.length, 'place')} with “${wanted}”, looked into ${count(looked, 'environment')} and their spaces`,
                matching.length > mostShown && `; the first ${mostShown} are shown`,
                failed.length > 0 && [' · could not look into ', failed.map((one, i) => [i > 0 && ', ', named(one.name)])]);
            if (text === '') return panel('search', 'Type a part of a name', null);
            if (matching.length > 0) return foundTable(matching.slice(0, mostShown).map(({ row, where }) => foundRow(row, where)));
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
