// SPDX-License-Identifier: BSL-1.0
// An environment itself: its name, whether it is production, whether values may be shown, its end.
import * as world from './world.js';
import { count, el, named } from './el.js';
import { whyNotNow } from './actions.js';
import { button } from './controls.js';
import { editEnvironment, removeEnvironment } from './environment_forms.js';
import { crumbs, screenHead } from './head.js';
import { again } from './router.js';
import { timeElement } from './time.js';

export function screen(place) {
    const one = world.environment(place.environmentId) ?? { id: place.environmentId, name: place.environmentId };
    const reason = (one.rights ?? []).includes('keys') ? whyNotNow() : 'Managing environments needs the role operator';
    return {
        title: `General: ${one.name}`,
        nodes: [screenHead({ way: crumbs(place, 'General'), title: named(one.name) }),
            el('section', { class: 'part boxed' }, el('dl', { class: 'facts' },
                el('dt', {}, 'Id'), el('dd', { class: 'mono' }, one.id),
                el('dt', {}, 'Production'), el('dd', {}, one.isProd ? 'yes: saving always shows what changes' : 'no'),
                el('dt', {}, 'Values may be shown'), el('dd', {}, one.reveal === 'allowed' ? 'yes, to tokens with reveal' : 'never'),
                el('dt', {}, 'Holds'), el('dd', {}, count(one.names ?? 0, 'name'), ', ', count(one.spaces ?? 0, 'space')),
                one.createdAt && [el('dt', {}, 'Created'), el('dd', {}, timeElement(one.createdAt))]),
            el('div', { class: 'panel-actions' },
                button('Change…', { reason, act: () => editEnvironment(one, again), more: { 'data-focus': 'change' } }),
                button('Remove environment…', { reason, kind: 'quiet', act: () => removeEnvironment(one), more: { 'data-focus': 'remove' } })))],
    };
}
