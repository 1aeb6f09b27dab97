// SPDX-License-Identifier: BSL-1.0
// The head of a screen: where one is, what this is, what can be done with all of it.
import { el, named } from './el.js';
import { addressOf } from './router.js';
import { prodBadge } from './words.js';
import * as world from './world.js';

/** The way to here, as links. `last` is the screen's own word. */
export function crumbs(place, last) {
    const environment = world.environment(place.environmentId);
    return el('nav', { class: 'crumbs', 'aria-label': 'You are here' }, el('ol', {},
        el('li', {}, el('a', { href: addressOf(world.homeOf(place.environmentId)) },
            named(world.environmentName(place.environmentId))), environment?.isProd && prodBadge()),
        place.spaceId !== undefined && [
            el('li', {}, el('a', { href: addressOf({ environmentId: place.environmentId, screen: 'spaces' }) }, 'Spaces')),
            el('li', {}, el('a', { href: addressOf({ ...place, screen: 'secrets', query: undefined }) },
                named(world.spaceName(place.environmentId, place.spaceId))))],
        el('li', { 'aria-current': 'page' }, last)));
}

/** A screen's head: the way, the title, a line about it, buttons. */
export function screenHead({ way, title, about, tools }) {
    return el('header', { class: 'screen-head' }, way,
        el('div', { class: 'title-row' },
            el('h1', { tabindex: '-1' }, title),
            tools && el('div', { class: 'tools' }, tools)),
        about && el('div', { class: 'about' }, about));
}
