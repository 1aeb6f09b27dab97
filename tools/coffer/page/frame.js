// SPDX-License-Identifier: BSL-1.0
// The frame around every screen: head, navigation, banners, and the place for the screen.
import * as session from './session.js';
import * as world from './world.js';
import { el, fill, icon, named, refill } from './el.js';
import { button, pictureButton, searchInput } from './controls.js';
import { banners } from './banners.js';
import { newEnvironment, whyNoEnvironment } from './environment_forms.js';
import { environmentsNews } from './environments.js';
import { showKeys } from './keyboard.js';
import { addressOf, go } from './router.js';
import { signOut } from './signin.js';
import { date } from './time.js';
import { prodBadge, roleWord } from './words.js';

function searchBox() {
    const input = searchInput({ 'aria-label': 'Search all environments', placeholder: 'Search names', 'data-search': true });
    return el('form', {
        class: 'head-search', role: 'search', on: {
            submit(event) {
                event.preventDefault();
                if (input.value.trim() !== '') go({ screen: 'search', query: { q: input.value.trim() } });
            },
        },
    }, icon('search'), input);
}

function userMenu() {
    const me = session.me();
    const menu = el('div', { id: 'user-menu', class: 'menu', popover: 'auto' },
        el('p', { class: 'menu-name' }, named(me.name)),
        el('ul', { class: 'menu-roles' }, (me.grants ?? []).map((grant) => el('li', {}, roleWord(grant.role),
            grant.environmentId && [' in ', named(world.environmentName(grant.environmentId))]))),
        me.expiresAt && el('p', { class: 'faint' }, `Token good until ${date(me.expiresAt)}`),
        el('hr'),
        button('Keyboard', { kind: 'quiet', picture: 'keyboard', act: () => { menu.hidePopover(); showKeys(); } }),
        button('Sign out', { kind: 'quiet', picture: 'leave', act: signOut }));
    return [el('button', { type: 'button', class: 'button quiet user', popovertarget: 'user-menu' },
        el('span', { class: 'avatar', 'aria-hidden': 'true' }, [...me.name][0]?.toUpperCase() ?? '?'), named(me.name, { class: 'user-name' }), icon('chevron-down')), menu];
}

function link(place, here, label, picture, note) {
    const current = place.environmentId === here.environmentId && place.spaceId === here.spaceId && place.screen === here.screen;
    return el('li', {}, el('a', { href: addressOf(place), 'aria-current': current ? 'page' : undefined, class: 'nav-link' },
        icon(picture), el('span', { class: 'nav-text' }, label), note !== undefined && el('span', { class: 'nav-note' }, note)));
}

function environmentPart(one, here) {
    const open = one.id === here.environmentId;
    const may = (right) => (one.rights ?? []).includes(right);
    const at = (screen) => ({ environmentId: one.id, screen });
    return el('li', { class: `nav-env${open ? '' : ' folded'}${one.isProd ? ' is-prod' : ''}` },
        el('a', { href: addressOf(world.homeOf(one.id)), class: 'nav-env-name' },
            icon('chevron-down'), named(one.name), one.isProd && prodBadge()),
        open && el('ul', {}, link(at('spaces'), here, 'Spaces', 'spaces', one.spaces?.toLocaleString('en')),
            may('list') && link(at('matrix'), here, 'Matrix', 'matrix'),
            may('audit') && link(at('activity'), here, 'Activity', 'activity'),
            may('list') && el('li', { class: 'nav-group' }, el('span', { class: 'nav-group-name' }, 'Developer Settings'), el('ul', {},
                link(at('secrets'), here, 'Secrets', 'key', one.names?.toLocaleString('en')),
                link(at('requirements'), here, 'Requirements', 'list'),
                may('tokens') && link(at('tokens'), here, 'Tokens', 'token'),
                may('keys') && link(at('keys'), here, 'Keys', 'lock'),
                link(at('general'), here, 'General', 'settings')))));
}

function spaceNavigation(here) {
    const at = (screen) => ({ environmentId: here.environmentId, spaceId: here.spaceId, screen });
    const environment = world.environment(here.environmentId);
    return [
        el('a', { class: 'nav-back', href: addressOf({ environmentId: here.environmentId, screen: 'spaces' }) }, icon('arrow-left'), named(world.environmentName(here.environmentId)), environment?.isProd && prodBadge()),
        el('p', { class: 'nav-space' }, named(world.spaceName(here.environmentId, here.spaceId))),
        el('ul', {}, link(at('overview'), here, 'Overview', 'spaces'), link(at('secrets'), here, 'Secrets', 'key'),
            world.may('tokens', here.environmentId) && link(at('tokens'), here, 'Tokens', 'token'), world.may('audit', here.environmentId) && link(at('activity'), here, 'Activity', 'activity')),
    ];
}

/** Builds the frame in `outlet`. The result's `show` puts a screen's nodes into it. */
export function frame(outlet) {
    const links = el('div', { class: 'nav-links' });
    const navigation = el('nav', { class: 'side', 'aria-label': 'Main', id: 'side' }, links);
    const main = el('main', { class: 'content', id: 'content' });
    const scrim = el('div', { class: 'scrim', on: { click: closeSide } });
    const hamburger = pictureButton('menu', 'Navigation', () => openSide(!document.body.classList.contains('side-open')), { class: 'button quiet only-picture hamburger', 'aria-controls': 'side', 'aria-expanded': 'false' });
    let here = { screen: 'environments' };
    let news = null;

    function openSide(is) {
        document.body.classList.toggle('side-open', is);
        hamburger.setAttribute('aria-expanded', String(is));
        main.inert = is; // it is behind the scrim
        if (is) navigation.querySelector('a')?.focus();
    }
    function closeSide() {
        openSide(false);
        hamburger.focus();
    }
    function drawNavigation() {
        const focused = links.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
        fill(links, here.spaceId !== undefined ? spaceNavigation(here)
            : [el('ul', { class: 'nav-envs' }, world.environments().map((one) => environmentPart(one, here)),
                session.holdsEverywhere('audit') && link({ screen: 'activity' }, here, 'Activity everywhere', 'activity')),
                button('New environment', { kind: 'quiet', picture: 'plus', reason: whyNoEnvironment(), act: newEnvironment })]);
        if (focused) [...links.querySelectorAll('a')].find((one) => one.getAttribute('href') === focused)?.focus();
    }
    /** What others do to the environments is told here, but where the list of them is read: that tells it itself. */
    function tellOfOthers() {
        const is = here.environmentId !== undefined || here.screen !== 'environments';
        if (is === (news !== null)) return;
        news?.close();
        news?.element.remove();
        news = is ? environmentsNews(() => ({ list: world.environments(), revision: world.revision() }), ({ name, isProd, rights }) => [name, isProd, rights], 'nav-news') : null;
        if (news) navigation.append(news.element);
    }
    fill(outlet,
        button('Skip to content', { kind: 'skip', act: () => { openSide(false); (main.querySelector('h1') ?? main).focus(); } }),
        el('header', { class: 'top' }, hamburger,
            el('a', { class: 'brand', href: '#/' }, el('span', { class: 'mark', 'aria-hidden': 'true' }), 'Coffer'),
            searchBox(), el('div', { class: 'top-right' }, pictureButton('help', 'Keyboard', showKeys), userMenu())),
        banners(), el('div', { class: 'below' }, navigation, scrim, main));
    world.onChange(() => {
        drawNavigation();
        news?.shown();
    });
    addEventListener('keydown', (event) => { if (event.key === 'Escape' && document.body.classList.contains('side-open')) closeSide(); });
    matchMedia('(max-width: 56rem)').addEventListener('change', () => openSide(false));
    return {
        drawNavigation,
        show(place, { nodes, kind }) {
            here = place;
            openSide(false);
            main.className = `content ${kind ?? ''}${world.environment(place.environmentId)?.isProd ? ' is-prod' : ''}`;
            refill(main, nodes);
            drawNavigation();
            tellOfOthers();
        },
    };
}
