// SPDX-License-Identifier: BSL-1.0
// The details of one name in one scope: which layer wins and what it replaces, the versions, who may
// read it, and everything that can be done.
import * as api from './api.js';
import * as world from './world.js';
import * as session from './session.js';
import { count, el, fill, icon, named, refill } from './el.js';
import { button } from './controls.js';
import { openDialog, topDialog } from './dialog.js';
import { actionsOf, copyName } from './actions.js';
import { mayRead } from './grants.js';
import { isOff } from './keyboard.js';
import { makeCurrent } from './changes.js';
import { revealPart } from './reveal.js';
import { addressOf } from './router.js';
import { isOwn } from './rows.js';
import { live } from './states.js';
import { date, msOf, timeElement } from './time.js';
import { undoLast } from './undo.js';
import { extraBadges, lineOf, personalOf, stateBadge, stateWord } from './words.js';

const mostReaders = 8;
const mostPersonal = 8;

function part(title, ...content) {
    return el('section', { class: 'part' }, el('h3', {}, title), content);
}
/** Until when a version is served, or was. */
const expiry = ({ expiresAt }) => [msOf(expiresAt) > Date.now() ? 'expires ' : 'expired ', timeElement(expiresAt)];
const setBy = (one) => [one.setAt && ['set ', timeElement(one.setAt)], one.setBy && [' by ', named(one.setBy)]];

function layerName(layer) {
    if (layer.actorId) return ['personal value of ', named(layer.actorId)];
    if (layer.spaceId) return named(world.spaceName(layer.environmentId, layer.spaceId));
    return named(world.environmentName(layer.environmentId));
}

/** The look-up, layer by layer: what was found where, and which of them decides. */
function layersPart(detail) {
    const layers = detail.layers ?? [];
    if (layers.length === 0) return null;
    return part('Where the value comes from', el('ol', { class: 'layers' }, layers.map((layer, i) => {
        const decides = i === detail.decides;
        const wins = decides && layer.state === 'value';
        const passed = detail.decides !== null && detail.decides !== undefined && i > detail.decides;
        const said = { value: 'has a value', hidden: 'hides the name', removed: 'was removed here',
            absent: 'no value', missing: 'no value', expired: 'has expired', damaged: 'is damaged' }[layer.state] ?? stateWord(layer.state).toLowerCase();
        return el('li', { class: `layer${decides ? ' decides' : ''}` },
            icon(wins ? 'check' : passed && layer.version ? 'layers' : 'dash'),
            el('div', {}, el('div', {}, el('strong', {}, layerName(layer)),
                layer.version ? ` v${layer.version}` : '', ' ',
                el('span', { class: 'faint' }, wins ? 'wins' : passed && layer.version ? (layers[detail.decides].state === 'value' ? 'is replaced' : 'is not given instead') : said)),
            layer.version ? el('div', { class: 'faint' }, setBy(layer)) : null,
            layer.rotateBy && el('div', { class: 'faint' }, 'rotate by ', date(layer.rotateBy)),
            layer.expiresAt && el('div', { class: 'faint' }, expiry(layer)),
            layer.note && el('div', { class: 'layer-note' }, layer.note)));
    })));
}

function versionsPart(detail, row, context) {
    const versions = [...(detail.versions ?? [])].sort((a, b) => b.version - a.version);
    if (versions.length === 0) return part('Versions', el('p', { class: 'faint' }, 'None of its own here.'));
    const refused = context.reason;
    const [top] = versions;
    const now = { ...row, version: top.state === 'value' ? top.version : undefined, live: top.state === 'deleted' ? 0 : top.version };
    return part('Versions', el('ul', { class: 'versions' }, versions.map((one, i) => el('li', {},
        el('span', { class: 'mono' }, `v${one.version}`), ' ',
        i === 0 && el('span', { class: 'badge blue' }, one.state === 'value' ? 'live' : stateWord(one.state).toLowerCase()), ' ',
        el('span', { class: 'faint' }, one.state !== 'value' && i > 0 && `${stateWord(one.state).toLowerCase()}, `, setBy(one), one.expiresAt && [', ', expiry(one)]),
        i > 0 && one.state === 'value' && button(`Make v${one.version} current again`, {
            small: true, kind: 'quiet', reason: refused, more: { 'data-focus': `do:v${one.version}` },
            act: () => makeCurrent(context.where, now, one, context.done),
        })))));
}

/** What programs were last given of it, of an environment's value in the spaces that inherit it: two facts, of which the list says nothing of the name. */
function deliveredPart({ list, name }, { environmentId }) {
    const to = (one) => [timeElement(one.at), one.by && [' to ', named(one.by)],
        one.spaceId && [' in ', named(world.spaceName(environmentId, one.spaceId))]];
    return part('Delivered', el('ul', { class: 'readers' },
        list && el('li', {}, icon('layers'), 'whole list ', el('span', { class: 'faint' }, to(list))),
        name && el('li', {}, icon('key'), 'by name ', el('span', { class: 'faint' }, `v${name.version}, `, to(name))),
        !list && !name && el('li', { class: 'faint' }, 'Not since this server started.')));
}

/** The service tokens that may read it, and when each was last used: what a change reaches. */
function readersPart(tokens, where, name) {
    if (!tokens) return null; // not for who may not see tokens
    const readers = tokens.filter((one) => mayRead(one, where, name));
    return part('Who may read it', readers.length === 0 ? el('p', { class: 'faint' }, 'No service token that you can see.')
        : el('ul', { class: 'readers' }, readers.slice(0, mostReaders).map((one) => el('li', {}, icon('token'), named(one.name), ' ',
            el('span', { class: 'faint' }, one.lastUsedAt ? ['used ', timeElement(one.lastUsedAt)] : 'not used since the server started')))),
    readers.length > mostReaders && el('p', { class: 'faint' }, `and ${readers.length - mostReaders} more`),
    el('p', { class: 'hint' }, 'A JavaScript listener fetches the whole list: whether it uses this name can’t be told.'));
}

/** Who has a value of their own in place of this one, of an environment's in which space. */
function personalPart(detail, { environmentId, spaceId }) {
    const { actors = [] } = detail;
    const all = Math.max(personalOf(detail), actors.length);
    if (all === 0) return null;
    const one = (actor) => el('li', {}, icon('person'), named(actor.actorId), el('span', { class: 'faint' },
        spaceId === undefined && [' in ', actor.spaceId ? named(world.spaceName(environmentId, actor.spaceId)) : [named(world.environmentName(environmentId)), ' itself']],
        actor.state === 'hidden' && ', hidden'));
    const list = el('ul', { class: 'readers' }, actors.slice(0, mostPersonal).map(one));
    const rest = all > actors.length && el('p', { class: 'faint' }, `and ${(all - actors.length).toLocaleString('en')} more`);
    const more = actors.length > mostPersonal && button(`Show all ${actors.length.toLocaleString('en')}`, {
        small: true, kind: 'quiet', more: { 'data-focus': 'do:personal' },
        act() {
            fill(list, actors.map(one));
            more.replaceWith(rest || '');
            list.tabIndex = -1;
            list.focus();
        },
    });
    return part('Personal', el('p', {}, `${count(all, 'person or agent', 'people or agents')} ${all === 1 ? 'has' : 'have'} a value of their own, which wins for them:`),
        list, more || rest);
}
/** Learns what the spaces of those who are named at first are called; a name that can't be had is its id. */
async function learnSpaces({ actors = [] }, { environmentId }, signal) {
    const ids = new Set(actors.slice(0, mostPersonal).map((one) => one.spaceId).filter(Boolean));
    await Promise.all([...ids].map(async (id) => {
        try {
            await world.learnSpaceName(environmentId, id, { signal });
        } catch (problem) {
            if (problem.name !== 'ApiError') throw problem;
        }
    }));
}

/**
 * Opens the details. `list()` is the list's answer now, `done` is called after each change, `step(±1)`
 * names the neighbour of a name, `closed` is called at its end.
 */
export function openDrawer({ where, name, list, done, step, closed }) {
    const parent = world.environmentName(where.environmentId);
    let current = name;
    const head = el('span', { class: 'drawer-title' });
    const foot = el('div', { class: 'drawer-actions' });
    const revealOutlet = el('div', {});
    /** Asked once: the tokens do not change with the name. Without them the details are shown all the same. */
    let asked;
    const tokens = () => { // of no one load: the next name needs what this one began to ask for
        if (session.holdsAnywhere('tokens')) asked ??= api.tokens(where).then(({ data }) => data).catch(() => { asked = undefined; });
        return asked;
    };
    const rowNow = () => list()?.rows.find((one) => one.name === current);
    const context = {
        where, get list() { return list(); },
        done: async (changed) => { await done(changed); await refresh(); },
        open: () => {},
    };
    const content = live({
        rows: 5,
        load: async (signal) => {
            const [detail, readers] = await Promise.all([api.secret(where, current, { signal }), tokens()]);
            if (where.spaceId === undefined) await learnSpaces(detail, where, signal);
            return { detail, readers };
        },
        draw: ({ detail, readers }) => {
            const row = rowNow() ?? detail.row ?? detail;
            revealOutlet.hidden = !isOwn(row);
            const actions = actionsOf(row, context).filter((one) => one.label !== 'Review');
            const reason = actions.find((one) => one.reason)?.reason;
            refill(foot, actions.map((one) => button(one.label + (['Override', 'Replace', 'Remove'].includes(one.label) || one.key === 'u' && one.label.startsWith('Use ') ? '…' : ''), { reason: one.reason, act: one.act, more: { 'data-focus': `do:${one.key || one.label}` } })),
                button('Copy name', { kind: 'quiet', picture: 'copy', more: { 'data-focus': 'do:copy' }, act: () => copyName(row) }),
                world.may('audit', where.environmentId) && el('a', { class: 'button quiet', href: addressOf({ ...where, screen: 'activity', query: { name: row.name } }), on: { click: () => drawer.close() } }, icon('activity'), 'Activity'));
            const personal = personalPart(detail, where);
            return [
                el('div', { class: 'drawer-state' }, stateBadge(row.state), extraBadges(row),
                    where.spaceId !== undefined && el('span', { class: 'line' }, lineOf(row, parent))),
                reason && el('p', { class: 'reason' }, icon('lock'), reason),
                layersPart(detail), personal,
                versionsPart(detail, row, { where, done: context.done, reason }),
                detail.delivered && deliveredPart(detail.delivered, where),
                !personal && part('Personal', el('p', { class: 'faint' }, 'None.')), readersPart(readers, where, current),
            ];
        },
    });
    const drawer = openDialog({
        title: head, kind: 'drawer', body: [content.outlet, revealOutlet], footer: foot,
        dirty: () => [...revealOutlet.querySelectorAll('input')].some((one) => one.value !== ''), // of a reason
        closed() {
            content.close();
            closed?.();
        },
    });
    drawer.keys = (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches('input, textarea, select') || isOff()) return;
        if (event.key === 'j' || event.key === 'k') show(step(current, event.key === 'j' ? 1 : -1));
        else if (event.repeat) return; // held, a key does what it does once
        else if (event.key === 'z') undoLast();
        else if (event.key === 'y') copyName({ name: current });
        else {
            const row = rowNow();
            const action = row && actionsOf(row, context).find((one) => one.key === event.key && event.key !== '');
            if (!action) return;
            event.preventDefault();
            if (!action.reason) action.act();
        }
    };
    function show(next) {
        if (!next) return;
        current = next;
        // What is under a name's title, and acts, is of that name: nothing of the one before stays until the answer comes.
        if (foot.contains(document.activeElement) || content.outlet.contains(document.activeElement)) drawer.focusBody();
        content.forget();
        fill(foot);
        fill(head, named(current, { class: 'mono' }), ' in ', named(world.placeName(where)));
        fill(revealOutlet, session.revealIsOn() ? revealPart(where, current, () => list()) : []);
        refresh();
    }
    /** Asks anew. What had the focus may be gone then: the details have it instead, so that the drawer's keys work on. */
    async function refresh() {
        await content.refresh();
        if (topDialog() === drawer && !drawer.element.contains(document.activeElement)) drawer.focusBody();
    }
    show(name);
    return drawer;
}
