// SPDX-License-Identifier: BSL-1.0
// A space's Secrets: what it inherits, what it overrides, what it is not given.
import * as world from './world.js';
import { count, el, icon, named } from './el.js';
import { button } from './controls.js';
import { crumbs } from './head.js';
import { addressOf } from './router.js';
import { isInherited } from './rows.js';
import { secretsScreen } from './secrets_screen.js';
import { panel } from './states.js';
import { needsAttention } from './words.js';

export function screen(place, seen) {
    const where = { environmentId: place.environmentId, spaceId: place.spaceId };
    const parent = world.environmentName(place.environmentId);
    const name = world.spaceName(place.environmentId, place.spaceId);
    const differs = (row) => row.own && row.state !== 'missing';
    return secretsScreen({
        where, label: `Secrets of ${name}`, title: ['Secrets of ', named(name)], way: crumbs(place, 'Secrets'),
        groups: (rows) => [
            { key: 'all', label: 'All', rows: rows.filter((row) => row.state !== 'removed') },
            { key: 'differs', label: `Differs from ${parent}`, rows: rows.filter(differs) },
            { key: 'inherited', label: 'Inherited', rows: rows.filter(isInherited) },
            { key: 'attention', label: 'Needs attention', rows: rows.filter(needsAttention) },
        ],
        summary: (rows) => ['inherits from ', el('a', { href: addressOf(world.homeOf(place.environmentId)) }, named(parent)),
            rows.length > 0 && ` · ${count(rows.filter((row) => row.state !== 'missing').length, 'name')}`],
        note(rows) {
            if (rows.length === 0 || rows.some((row) => row.own)) return null;
            const n = rows.filter(isInherited).length;
            return el('p', { class: 'list-note' }, icon('arrow-down'), el('span', {}, 'Nothing of its own. ',
                n > 0 && [n === 1 ? 'One name comes' : `These ${n} names come`, ' from ', named(parent), '.']));
        },
        empty: ({ newSecret, paste, reason }) => panel('empty', 'Nothing here yet',
            el('p', {}, 'Neither this space nor ', named(parent), ' has a secret.'),
            button('New secret', { kind: 'primary', reason, act: newSecret }),
            button('Paste .env', { reason, act: paste })),
    }, place.query, seen);
}
