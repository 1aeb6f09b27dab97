// SPDX-License-Identifier: BSL-1.0
// A save whose answer never came: it may be in, or not. Look what is there, and say it.
import * as api from './api.js';
import * as session from './session.js';

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** The newest version that a scope has of a name of its own; 0 if it has none. */
export function newestOf(detail) {
    return Math.max(0, ...(detail.versions ?? []).map((one) => one.version));
}

/**
 * What became of a save that began from version `begun`: {saved: version}, {not: true} or
 * {other: {version, setBy, setAt}} if somebody else's is there. Asks until there is an answer, or the
 * dialog is closed.
 */
export async function whatBecameOf(where, name, begun, isOver) {
    let looks = 0;
    for (let wait = 500; !isOver(); wait = Math.min(wait * 2, 8000)) {
        await pause(wait);
        try {
            const detail = await api.secret(where, name);
            const newest = (detail.versions ?? []).find((one) => one.version === newestOf(detail));
            if (newest && newest.version > begun) {
                return newest.setBy === session.me()?.name ? { saved: newest.version } : { other: newest };
            }
            looks += 1;
        } catch (problem) {
            if (problem.name !== 'ApiError') throw problem;
            if (problem.status === 404) looks += 1;
        }
        // A late answer is still possible just after the connection ended.
        if (looks >= 3) return { not: true };
    }
    return { not: true };
}
