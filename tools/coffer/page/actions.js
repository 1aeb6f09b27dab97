// SPDX-License-Identifier: BSL-1.0
// What can be done with a row: the same in the list, in the drawer and by key.
import * as session from './session.js';
import * as world from './world.js';
import { tell } from './announce.js';
import { copyText } from './controls.js';
import { explainDamage, hide, putBack, showAgain, takeAway } from './changes.js';
import { whoWasFirst } from './outcome.js';
import { openSet } from './set_dialog.js';
import { saved } from './undo.js';
import { isDue, whyNotWrite } from './words.js';

const storeAway = 'The store does not answer: saving is off';

/** Why nothing may be changed in a scope, or nothing. `list` is the answer that its rows came in. */
export function whyNoChange(where, list) {
    if (!list) return 'The list could not be loaded';
    if (list.stale || session.isStale()) return storeAway;
    if (!(list.rights ?? []).includes('write'))
        return whyNotWrite(world.placeName(where), where.spaceId !== undefined);
    return undefined;
}

/** Why nothing may be made or changed now, whatever one may do: for what is no row of a list. */
export const whyNotNow = () => (session.isStale() ? storeAway : undefined);

/** Does something that is told in the bar below if it fails. */
export async function attempt(act) {
    try {
        await act();
    } catch (problem) {
        if (problem.name !== 'ApiError') throw problem;
        saved(problem.unknown ? 'The connection ended before the answer: look whether it is done.'
            : problem.status === 409 ? `Not done: ${whoWasFirst(problem)}` : `Not done: ${problem.message}`, undefined, { failed: true });
    }
}

const underWay = new Set();
/** The same with a row: one thing at a time, until the list has what became of it. */
async function attemptOn({ environmentId, spaceId }, { name }, act) {
    const row = JSON.stringify([environmentId, spaceId, name]);
    if (underWay.has(row)) return;
    underWay.add(row);
    try {
        await attempt(async () => { await (await act())?.listed; });
    } finally {
        underWay.delete(row);
    }
}

/**
 * The actions of a row, the first one first: {key, label, reason, act, also}. `also` marks those that
 * are offered in the drawer only. `context` is {where, list, done, open}.
 */
export function actionsOf(row, { where, list, done, open }) {
    const reason = whyNoChange(where, list);
    const parent = world.environmentName(where.environmentId);
    const set = (label, more) => ({
        key: 'o', label, reason, act: () => openSet({ where, row, rows: list?.rows, done }), ...more,
    });
    const change = (key, label, does, more) => ({ key, label, reason, act: () => attemptOn(where, row, () => does(where, row, done)), ...more });
    const away = (label, more) => change('u', label, takeAway, more);
    const hidden = change('h', 'Hide here', hide, { also: true });
    const shown = change('h', 'Show again', showAgain);
    const restored = { key: '', label: 'How to restore', act: () => explainDamage(where, row) };
    if (where.spaceId === undefined) {
        switch (row.state) {
        case 'missing': return [set('Set')];
        case 'removed': return [change('u', 'Put back', putBack), set('Set', { also: true })];
        case 'damaged': return [restored, set('Replace', { also: true })];
        case 'hidden': return [shown];
        default: return [set('Replace'), away('Remove', { key: '', also: true })];
        }
    }
    const back = `Use ${parent}’s value again`;
    if (!row.own && ['hidden', 'expired'].includes(row.state)) // the environment's
        return row.state === 'expired' ? [set('Override'), hidden] : [set('Override')];
    switch (row.state) {
    case 'inherited': return [set('Override'), hidden];
    case 'overridden':
        if (row.older) return [{ key: '', label: 'Review', act: () => open(row.name) }, away(back, { also: true }), set('Replace', { also: true }), hidden];
        return isDue(row) ? [set('Replace'), away(back, { also: true }), hidden] : [away(back), set('Replace', { also: true }), hidden];
    case 'own': return [set('Replace', { also: !isDue(row) }), away('Remove', { also: true }), hidden];
    case 'hidden': return [shown];
    case 'missing': return [set('Set')];
    case 'damaged': return [restored, set(row.own ? 'Replace' : 'Override', { also: true })];
    default: return [set('Replace'), away(row.parent ? back : 'Remove', { also: true }), hidden];
    }
}

export const copyName = (row) => copyText(row.name, `Name ${row.name}`, tell);
