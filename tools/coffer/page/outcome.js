// SPDX-License-Identifier: BSL-1.0
// A save whose answer never came: it may be in, or not. Look what is there, and say it.
import * as api from './api.js';
import { pause } from './pause.js';

const newest = (detail) => (detail.versions ?? []).reduce((a, b) => (b.version > (a?.version ?? 0) ? b : a), undefined);

/**
 * What a scope itself has of a name now: {newest, live}, versions. `newest` counts removals and hidings,
 * `live` is 0 where it was removed: it is what a change begins from. Both are 0 without a history.
 */
export async function standingOf(where, name) {
    try {
        const one = newest(await api.secret(where, name));
        return { newest: one?.version ?? 0, live: !one || one.state === 'deleted' ? 0 : one.version };
    } catch (problem) {
        if (problem.name !== 'ApiError' || problem.status !== 404) throw problem;
        return { newest: 0, live: 0 };
    }
}

/** Who was first, in words, of a conflict: whose change it is is told along with it. */
export function whoWasFirst(conflict) {
    const { setBy, version } = conflict.data ?? {};
    return `${setBy ?? 'Somebody'} ${version ? `set v${version}` : 'changed it'} meanwhile.`;
}

/** What is there instead, for who was told of a conflict without it: a version, or nothing. */
export async function thereNow(where, name) {
    try {
        const one = newest(await api.secret(where, name));
        return one?.state === 'deleted' ? { ...one, version: 0 } : one;
    } catch (problem) {
        if (problem.name !== 'ApiError') throw problem;
        return undefined;
    }
}

/** What a change that takes `made` back begins from, as standingOf has it: a value of the scope's own, or none. Where `made` is not the newest any more, it is a conflict. */
export async function liveIf(where, name, made) {
    const now = await standingOf(where, name);
    if (now.newest !== made) throw new api.ApiError('it was changed since', { status: 409, data: { ...await thereNow(where, name), name } });
    return now.live;
}

/** Whether what the server says of a scope now is an older state: the store does not answer it. */
const isStale = async (where) => (await api.secrets(where)).stale === true;

/**
 * What became of a save that was sent when `before` was the newest version: {saved: version}, {not: true}
 * or {other: {version, setBy, setAt}} if somebody else's change is there. Asks until there is an answer,
 * or the dialog is closed. That a save is not in is said only of what the store says now: an older state
 * can't know, and `unknown()` is called.
 */
export async function whatBecameOf(where, name, before, isOver, unknown) {
    let looks = 0;
    for (let wait = 500; !isOver(); wait = Math.min(wait * 2, 8000)) {
        await pause(wait);
        let stale = false;
        try {
            const detail = await api.secret(where, name);
            const one = newest(detail);
            if (one && one.version > before) {
                const mine = one.state === 'value' && one.yours === true; // names are not unique
                return mine ? { saved: one.version } : { other: one.state === 'deleted' ? { ...one, version: 0 } : one };
            }
            stale = detail.stale === true;
        } catch (problem) {
            if (problem.name !== 'ApiError') throw problem;
            stale = problem.status !== 404 || await isStale(where).catch(() => true);
        }
        if (stale) unknown();
        else looks += 1;
        // A late answer is still possible just after the connection ended.
        if (looks >= 3) return { not: true };
    }
    return { not: true };
}

/** What is said while that is not known. */
export const checking = 'The connection ended before the answer. Checking…';
export const notKnown = 'Not known yet whether it is saved: the store does not answer. Checking…';
