// SPDX-License-Identifier: BSL-1.0
// An environment itself: its name, whether it is production, whether values may be shown, its end.
import * as world from './world.js';
import { el, named } from './el.js';
import { whyNotNow } from './actions.js';
import { button } from './controls.js';
import { editEnvironment, heldBy, removeEnvironment } from './environment_forms.js';
import { crumbs, screenHead } from './head.js';
import { again } from './router.js';
import { timeElement } from './time.js';

const notKnown = 'not known: it can’t be read';

export function screen(place) {
    const one = world.environment(place.environmentId) ?? { id: place.environmentId, name: place.environmentId };
    const told = !one.state; // of one that can't be read nothing is known but its id
    const held = heldBy(one);
    const reason = (one.rights ?? []).includes('keys') ? whyNotNow() : 'Managing environments needs the role operator';
    return {
        title: `General: ${one.name}`,
        nodes: [screenHead({ way: crumbs(place, 'General'), title: named(one.name) }),
            el('section', { class: 'part boxed' }, el('dl', { class: 'facts' },
                el('dt', {}, 'Id'), el('dd', { class: 'mono' }, one.id),
                el('dt', {}, 'Production'), el('dd', {}, !told ? notKnown : one.isProd ? 'yes: saving always shows what changes' : 'no'),
                el('dt', {}, 'Values may be shown'), el('dd', {}, !told ? notKnown : one.reveal === 'allowed' ? 'yes, to tokens with reveal' : 'never'),
                el('dt', {}, 'Holds'), el('dd', {}, held ? [held, !told && ' when it was last read'] : notKnown),
                one.createdAt && [el('dt', {}, 'Created'), el('dd', {}, timeElement(one.createdAt))]),
            el('div', { class: 'panel-actions' },
                button('Change…', { reason, act: () => editEnvironment(one, again), more: { 'data-focus': 'change' } }),
                button('Remove environment…', { reason, kind: 'quiet', act: () => removeEnvironment(one), more: { 'data-focus': 'remove' } })))],
    };
}
