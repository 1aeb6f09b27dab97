// SPDX-License-Identifier: BSL-1.0
// The environments that the signed-in person may see, and the names of spaces that were met: what the
// navigation, the heads of screens and the dialogs need to know.
import * as api from './api.js';

let list = [];
let shown; // the revision of the list
let answered; // what the list came in
let problem = null;
const spaceNames = new Map();
const nameless = new Set(); // spaces that were asked for and are not there, as far as this person may know
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

const mostAtOnce = 20;
/**
 * Asks for the names of the spaces that a list mentions, {environmentId, spaceId} each: for each of them once, since
 * old lists mention spaces that are gone. Resolves to whether one is known by now that was not.
 */
export async function learnSpaceNames(mentioned) {
    const missing = new Map(mentioned.filter((one) => one.spaceId).map((one) => [keyOf(one.environmentId, one.spaceId), one])
        .filter(([key]) => !spaceNames.has(key) && !nameless.has(key)));
    const left = [...missing];
    while (left.length > 0) {
        await Promise.allSettled(left.splice(0, mostAtOnce).map(async ([key, one]) => {
            await learnSpaceName(one.environmentId, one.spaceId);
            if (!spaceNames.has(key)) nameless.add(key);
        }));
    }
    return [...missing.keys()].some((key) => spaceNames.has(key));
}

/** What a scope is called in sentences. */
export function placeName({ environmentId, spaceId }) {
    return spaceId === undefined ? environmentName(environmentId) : spaceName(environmentId, spaceId);
}
