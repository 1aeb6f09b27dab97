// SPDX-License-Identifier: BSL-1.0
// A space at a glance: how many names it has of its own, what is missing, and how it is managed.
import * as api from './api.js';
import * as world from './world.js';
import { count, el, named } from './el.js';
import { whyNotNow } from './actions.js';
import { button } from './controls.js';
import { removeSpace, renameSpace } from './environment_forms.js';
import { crumbs, screenHead } from './head.js';
import { addressOf, go } from './router.js';
import { isInherited, isOwn } from './rows.js';
import { live } from './states.js';
import { timeElement } from './time.js';
import { extraBadges, needsAttention, stateBadge } from './words.js';

function tile(n, what, href) {
    return el('a', { class: 'tile', href }, el('span', { class: 'tile-number' }, n.toLocaleString('en')), el('span', {}, what));
}

/** What a space has of its own, whatever its state: it goes with it. */
function heldBy(space, list) {
    const personal = list.rows.reduce((sum, row) => sum + (row.personal ?? 0), 0);
    return [[space?.own, 'value of its own', 'values of its own'], [space?.hidden, 'hidden name'], [personal, 'personal value']]
        .filter(([n]) => n > 0).map(([n, one, many]) => count(n, one, many));
}

export function screen(place) {
    const where = { environmentId: place.environmentId, spaceId: place.spaceId };
    const whyNot = () => (world.may('spaces', place.environmentId) ? whyNotNow() : 'Managing spaces needs the role operator or environment admin');
    const secrets = (group) => addressOf({ ...where, screen: 'secrets', query: group ? { group } : {} });
    const view = live({
        rows: 4,
        load: async (signal) => {
            const [space, list] = await Promise.all([api.space(where, { signal }), api.secrets(where, { signal })]);
            if (space) world.meetSpaces(place.environmentId, [space]);
            return { space, list };
        },
        draw({ space, list }) {
            const reason = whyNot();
            const of = (is) => list.rows.filter(is).length;
            const attention = list.rows.filter(needsAttention);
            return [
                el('div', { class: 'tiles' }, tile(of(isInherited), 'inherited', secrets('inherited')), tile(of((row) => isOwn(row) && row.parent), 'overridden', secrets('differs')),
                    tile(of((row) => isOwn(row) && !row.parent), 'only here', secrets('differs')), tile(of((row) => row.own && row.state === 'hidden'), 'hidden', secrets('differs')), tile(attention.length, 'need attention', secrets('attention'))),
                attention.length > 0 && el('section', { class: 'part boxed' }, el('h2', {}, 'Needs attention'), el('ul', { class: 'names' }, attention.slice(0, 12).map((row) =>
                    el('li', {}, el('a', { class: 'mono', href: addressOf({ ...where, screen: 'secrets', query: { show: row.name } }) }, named(row.name)), ' ', el('span', { class: 'extras' }, stateBadge(row.state), extraBadges(row))))),
                attention.length > 12 && el('a', { href: secrets('attention') }, `and ${attention.length - 12} more`)),
                el('section', { class: 'part boxed' }, el('h2', {}, 'This space'), el('dl', { class: 'facts' },
                    el('dt', {}, 'Id'), el('dd', { class: 'mono' }, place.spaceId),
                    el('dt', {}, 'Inherits from'), el('dd', {}, named(world.environmentName(place.environmentId))),
                    el('dt', {}, 'Holds'), el('dd', {}, count(list.rows.filter((row) => row.state !== 'missing').length, 'name')),
                    space?.updatedAt && [el('dt', {}, 'Changed'), el('dd', {}, timeElement(space.updatedAt))],
                    el('dt', {}, 'Delivered'), el('dd', {}, space?.deliveredAt ? timeElement(space.deliveredAt) : 'not since this server started')),
                el('div', { class: 'panel-actions' },
                    button('Rename…', { reason, act: () => renameSpace(where, () => { go({ ...where, screen: 'secrets' }); }) }),
                    button('Remove space…', { reason, kind: 'quiet', act: () => removeSpace(where, heldBy(space, list), () => go({ environmentId: place.environmentId, screen: 'spaces' })) }))),
            ];
        },
    });
    const ready = view.refresh();
    return {
        title: world.placeName(where), ready,
        nodes: [screenHead({ way: crumbs(place, 'Overview'), title: named(world.placeName(where)) }), view.outlet],
        close: view.close,
    };
}
