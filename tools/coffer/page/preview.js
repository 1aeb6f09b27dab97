// SPDX-License-Identifier: BSL-1.0
// What a change will do, before it is made. Says only what is known without looking at values.
import * as api from './api.js';
import * as session from './session.js';
import { count, el, icon, named, unseen } from './el.js';
import { mayRead } from './grants.js';
import { isOwn } from './rows.js';
import { date } from './time.js';
import * as world from './world.js';

function line(who, what, note) {
    return el('div', { class: 'preview-line' }, el('div', { class: 'preview-who' }, who),
        el('div', { class: 'preview-what' }, what, note && el('div', { class: 'faint' }, note)));
}
/** The version of an entry, where it may be known. */
const versionOf = (entry) => (entry?.version ? ` v${entry.version}` : '');
const arrow = () => [icon('arrow-right'), unseen(' becomes ')];
const whatChanges = (...lines) => el('section', { class: 'preview', 'aria-label': 'What changes' }, el('h3', {}, 'What changes'), lines);
const requiredBy = (row) => row.requiredBy?.length > 0 && line('Required by', row.requiredBy.map((one, i) => [i > 0 && ', ', named(one)]));

/** When the value ends, before and after: `expiresAt` of `more`, where a change gives it one or none. */
function ends(row, more) {
    const was = isOwn(row) ? row.expiresAt : undefined;
    if (!('expiresAt' in more) || (!was && !more.expiresAt)) return null;
    const said = (time) => (time ? date(time) : 'never');
    return line('Expires', was === more.expiresAt ? `${said(was)}, as before`
        : [isOwn(row) && [said(was), arrow()], el('strong', {}, said(more.expiresAt))]);
}

/** `n` is how many may read it, once that is known; until then its line has its place. */
const readers = (n) => (n > 0 ? `${count(n, 'token')} may read it` : n === undefined && session.holdsAnywhere('tokens') && '\u00a0');

/** The environment's own value changes: what the spaces will see. */
function inEnvironment(where, row, { tokens, newest }) {
    const name = named(world.environmentName(where.environmentId));
    const now = row?.state === 'hidden' ? 'hidden' : row?.version && row.state !== 'missing' && row.state !== 'removed' ? `v${row.version}` : 'no value';
    const next = `v${(newest ?? row?.version ?? 0) + 1}`;
    const used = row?.usedBy;
    const spaces = world.environment(where.environmentId)?.spaces;
    return [
        line(name, [now, arrow(), el('strong', {}, next)], readers(tokens)),
        used
            ? used.inherit > 0 && line(count(used.inherit, 'space'), `will get the new value at ${used.inherit === 1 ? 'its' : 'their'} next read`)
            : spaces > 0 && line(count(spaces, 'space'), 'will get it at the next read, but for those that have their own'),
        used?.over > 0 && line(count(used.over, 'space'), used.over === 1 ? 'keeps its override' : 'keep their override'),
        used?.hidden > 0 && line(count(used.hidden, 'space'), used.hidden === 1 ? 'stays hidden' : 'stay hidden'),
    ];
}

/** The same in few words, for a line of many. `row` is absent for a name that is new. */
export function reachOf(where, row) {
    if (!row?.usedBy) return 'to each space without its own';
    const { inherit, over, hidden } = row.usedBy;
    return [inherit > 0 && `${count(inherit, 'space')} ${inherit === 1 ? 'gets' : 'get'} it`, over > 0 && `${over.toLocaleString('en')} ${over === 1 ? 'keeps its own' : 'keep their own'}`,
        hidden > 0 && `${hidden.toLocaleString('en')} ${hidden === 1 ? 'stays' : 'stay'} hidden`].filter(Boolean).join(' · ');
}

/** What one space has changes, to `next`. */
function inSpace(where, row, next, { tokens }, says) {
    const now = isOwn(row) ? `its own v${row.version}`
        : row?.state === 'hidden' ? 'hidden'
            : !row || ['missing', 'removed'].includes(row.state) ? 'no value' : [named(world.environmentName(where.environmentId)), versionOf(row.parent ?? row)];
    const spaces = world.environment(where.environmentId)?.spaces;
    return [
        line(named(world.placeName(where)), [now, arrow(), el('strong', {}, next), says], readers(tokens)),
        spaces > 1 && line(count(spaces - 1, 'other space'), 'no change'),
        row?.personal > 0 && line(`${row.personal} personal`, 'keep their own value, which wins for them'),
    ];
}
/** The version of its own that a space gets, where it is known. */
const nextOwn = (row, newest) => (isOwn(row) || newest !== undefined ? `its own v${(newest ?? row.version) + 1}` : 'its own value');

async function answered(asking) {
    try {
        return await asking;
    } catch (problem) {
        if (problem.name !== 'ApiError') throw problem;
        return undefined; // the preview says what is known without it
    }
}

/**
 * What is known of a name as it is now, not as old as the list: {row, newest, tokens}. `newest` is the
 * scope's newest version, `tokens` how many may read it; each is left out where it can't be known.
 */
export async function asOfNow(where, name) {
    const [detail, tokens] = await Promise.all([answered(api.secret(where, name, { unasked: true })),
        session.holdsAnywhere('tokens') ? answered(api.tokens(where, { unasked: true })) : undefined]);
    return {
        row: detail, newest: detail && Math.max(0, ...detail.versions.map((one) => one.version)),
        tokens: tokens?.data.filter((one) => mayRead(one, where, name)).length,
    };
}

/** The preview of setting a value. `row` is the name's row now, if it has one; `more` is of asOfNow, with `expiresAt`, if that is known. */
export function previewOfSet(where, row, more = {}) {
    return whatChanges(where.spaceId === undefined ? inEnvironment(where, row, more) : inSpace(where, row, nextOwn(row, more.newest), more), ends(row, more));
}

/** The preview of hiding a name in a space. */
export function previewOfHiding(where, row, more = {}) {
    return whatChanges(inSpace(where, row, 'hidden', more, ': its programs find no such name'), requiredBy(row));
}

/** The preview of showing it again: a value of the scope's own is there from before, or it is inherited. */
export function previewOfShowing(where, row, more = {}) {
    if (where.spaceId === undefined) return previewOfSet(where, row, more);
    const before = more.row?.versions.filter((one) => one.state !== 'hidden').sort((a, b) => b.version - a.version)[0];
    const inherited = row.parent?.state === 'value' ? [named(world.environmentName(where.environmentId)), versionOf(row.parent)] : 'no value';
    const next = !more.row ? 'given again' : before?.state === 'value' ? nextOwn(row, more.newest) : inherited;
    return whatChanges(inSpace(where, row, next, more));
}

/** The preview of taking a scope's own value away. */
export function previewOfRemoval(where, row, { tokens } = {}) {
    const place = named(world.placeName(where));
    if (where.spaceId === undefined) {
        const used = row.usedBy ?? {};
        return whatChanges(
            line(place, [`v${row.version}`, arrow(), el('strong', {}, 'no value')], readers(tokens)),
            used.inherit > 0 && line(count(used.inherit, 'space'),
                used.inherit === 1 ? 'loses it: its programs find nothing' : 'lose it: their programs find nothing'),
            used.over > 0 && line(count(used.over, 'space'), used.over === 1 ? 'keeps its own value' : 'keep their own value'),
            requiredBy(row));
    }
    const parent = named(world.environmentName(where.environmentId));
    return whatChanges(
        line(place, [`its own v${row.version}`, arrow(),
            el('strong', {}, row.parent ? [parent, versionOf(row.parent)] : 'no value')], readers(tokens)),
        !row.parent && requiredBy(row));
}
