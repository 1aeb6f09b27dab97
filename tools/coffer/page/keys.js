// SPDX-License-Identifier: BSL-1.0
// Keys: which key-encryption key seals which environment. They are changed where they are kept, with
// the command; the page shows what is.
import * as api from './api.js';
import * as world from './world.js';
import { count, el, icon, named } from './el.js';
import { crumbs, screenHead } from './head.js';
import { live, panel } from './states.js';
import { timeElement } from './time.js';

const states = {
    active: ['check', 'teal', 'Active', 'wraps new data keys and opens old ones'],
    decrypt_only: ['clock', 'amber', 'Decrypt-only', 'opens what it sealed; rewrap, then disable it'],
    disabled: ['hidden', 'red', 'Disabled', 'opens nothing: its environments can’t be read'],
    destroyed: ['cross', 'red', 'Destroyed', 'gone for good, and with it what only it could open'],
};

function keyRow(one) {
    const [shape, tone, word, meaning] = states[one.state] ?? ['dash', 'grey', one.state ?? 'In use', ''];
    const environments = (one.environments ?? []).map((item) => (typeof item === 'string' ? { id: item } : item));
    return el('tr', { role: 'row', class: 'row', 'data-row': one.kekId },
        el('td', { role: 'cell', class: 'what' }, el('span', { class: 'name mono', tabindex: '-1', 'data-focus': `key:${one.kekId}` }, one.kekId)),
        el('td', { role: 'cell' }, el('span', { class: `badge ${tone}` }, icon(shape), word), el('div', { class: 'line' }, meaning)),
        el('td', { role: 'cell', 'data-label': 'since' }, one.createdAt ? timeElement(one.createdAt) : el('span', { class: 'faint' }, '—')),
        el('td', { role: 'cell', 'data-label': 'environments' }, environments.length === 0 ? el('span', { class: 'faint' }, 'none')
            : environments.map((item) => el('div', {}, named(world.environmentName(item.id)),
                item.dek !== undefined && el('span', { class: 'faint' }, ` data key ${item.dek}`),
                item.seals !== undefined && el('span', { class: 'faint' }, `, ${count(item.seals, 'seal')}`)))));
}

export function screen(place) {
    const view = live({
        rows: 3,
        load: (signal) => api.keys(place.environmentId, { signal }),
        draw: (list) => [
            list.some((one) => one.state === 'decrypt_only' && one.environments?.length > 0) && el('p', { class: 'list-note amber' }, icon('warning'),
                'A key that only decrypts still holds environments: rewrap them.'),
            list.length === 0 ? panel('empty', 'No keys to show', el('p', {}, 'The key provider of this server does not list its keys.'))
                : el('table', { role: 'table', class: 'rows keys-rows', 'aria-label': 'Keys' },
                    el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, ['Key', 'State', 'Since', 'Environments on it'].map((head) => el('th', { role: 'columnheader', scope: 'col' }, head)))),
                    el('tbody', { role: 'rowgroup' }, list.map(keyRow))),
            el('section', { class: 'part boxed' }, el('h2', {}, 'To change a key'),
                el('p', {}, 'Keys never pass through this page. Where they are kept, the command rotates, rewraps, disables and shreds them:'),
                el('pre', { class: 'code' }, 'coffer keys')),
        ],
    });
    const ready = view.refresh();
    return {
        title: 'Keys', ready,
        nodes: [screenHead({
            way: crumbs(place, 'Keys'), title: ['Keys of ', named(world.environmentName(place.environmentId))],
            about: 'The store holds sealed data keys; these keys, which open them, are kept elsewhere.',
        }), view.outlet],
        close: view.close,
    };
}
