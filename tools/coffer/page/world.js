// SPDX-License-Identifier: BSL-1.0
// The environments that the signed-in person may see, and the names of spaces that were met: what the
// navigation, the heads of screens and the dialogs need to know.
import * as api from './api.js';

let list = [];
let shown; // the revision of the list
let answered; // what the list came in
let problem = null;
const spaceNames = new Map();
const listeners = new Set();

export const environments = () => list;
/** What tells whether there is another list by now; nothing if that is not known. */
export const revision = () => shown;
/** What the list came in, which may be an older state. */
export const answer = () => answered;
/** Why the list could not be had, or nothing. */
export const environmentsProblem = () => problem;
export const environment = (id) => list.find((one) => one.id === id);
export const environmentName = (id) => environment(id)?.name ?? id;
/** Whether there is a right on the environment itself. */
export const may = (right, environmentId) =>
    (environment(environmentId)?.rights ?? []).includes(right);

/** The screen of an environment that is meant by its name: who may not list what it has sees its spaces. */
export const homeOf = (environmentId) => ({ environmentId, screen: may('list', environmentId) ? 'secrets' : 'spaces' });

let turn = 0;
let newest;
/** Asks for the environments anew and tells who listens; of several answers the one that was asked for last counts. */
export function refresh() {
    turn += 1;
    newest = refreshAs(turn);
    return newest;
}
async function refreshAs(mine) {
    let answer = { data: list, revision: shown };
    let failed = null;
    try {
        answer = await api.environments();
    } catch (why) {
        if (why.name !== 'ApiError') throw why;
        failed = why;
    }
    if (mine !== turn) return newest;
    answered = answer;
    list = answer.data;
    shown = answer.revision;
    problem = failed;
    for (const f of listeners) f();
    return undefined;
}
export function onChange(f) {
    listeners.add(f);
}

const keyOf = (environmentId, spaceId) => JSON.stringify([environmentId, spaceId]);
/** Remembers what spaces are called. */
export function meetSpaces(environmentId, spaces) {
    for (const one of spaces) spaceNames.set(keyOf(environmentId, one.id), one.name ?? one.id);
}
/** What a space is called, as far as it is known by now. */
export const spaceName = (environmentId, spaceId) =>
    spaceNames.get(keyOf(environmentId, spaceId)) ?? spaceId;
/** The same, asking the server if need be. */
export async function learnSpaceName(environmentId, spaceId, options) {
    if (!spaceNames.has(keyOf(environmentId, spaceId))) {
        const found = await api.space({ environmentId, spaceId }, options);
        if (found) meetSpaces(environmentId, [found]);
    }
    return spaceName(environmentId, spaceId);
}

const nameless = new Set(); // the spaces that the server named to nobody here: removed, or not to be seen
const atOnce = 20;
/**
 * Asks for the names of the spaces that a list mentions, {environmentId, spaceId} each, as far as they are not known,
 * some at a time: no further once `view`, the live part of a screen that is drawn anew each time that some are known,
 * was left, or the server answers that it can't tell now.
 */
export async function learnSpaceNames(mentioned, view) {
    const missing = [...new Map(mentioned.filter((one) => one.spaceId).map((one) => [keyOf(one.environmentId, one.spaceId), one]))]
        .filter(([key]) => !spaceNames.has(key) && !nameless.has(key));
    for (let first = 0; first < missing.length; first += atOnce) {
        const asked = missing.slice(first, first + atOnce);
        const told = await Promise.all(asked.map(learnOrGiveUp));
        if (asked.some(([key]) => spaceNames.has(key))) view.redraw();
        if (told.includes(false) || view.answer() === undefined) return;
    }
}
/** Whether the server told; what has no name is not asked for again, what it did not tell is, by the next list. */
async function learnOrGiveUp([key, { environmentId, spaceId }]) {
    try {
        await learnSpaceName(environmentId, spaceId);
    } catch (problem) {
        if (problem.name !== 'ApiError') throw problem;
        if (![403, 404].includes(problem.status)) return false;
    }
    if (!spaceNames.has(key)) nameless.add(key);
    return true;
}

/** What a scope is called in sentences. */
export function placeName({ environmentId, spaceId }) {
    return spaceId === undefined ? environmentName(environmentId) : spaceName(environmentId, spaceId);
}
