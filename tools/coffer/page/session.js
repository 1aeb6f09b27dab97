// SPDX-License-Identifier: BSL-1.0
// Who is signed in. The session token lives in sessionStorage: one tab, one port, gone with the tab.
// Nothing rides on it by itself, as a cookie would.

const place = 'coffer.session';
const listeners = new Set();
let who = null;
let ended = false;

/** The session's token, or nothing. */
export function token() {
    return read()?.token;
}

function read() {
    try {
        const held = JSON.parse(sessionStorage.getItem(place) ?? 'null');
        if (held && Date.parse(held.expiresAt) < Date.now()) return null;
        return held;
    } catch {
        return null;
    }
}

/** Keeps a session as the server gave it: {token, expiresAt, idleSeconds}. */
export function keep(session) {
    sessionStorage.setItem(place, JSON.stringify({
        token: session.token,
        expiresAt: session.expiresAt,
        idleSeconds: session.idleSeconds,
    }));
}

/** Forgets the session here. The page that goes on must be loaded anew. */
export function forget() {
    sessionStorage.removeItem(place);
    who = null;
}

/** What whoami said, once it did. */
export function me() {
    return who;
}
export function know(answer) {
    who = answer;
    ended = false;
    for (const f of listeners) f(who);
}
/** Calls `f` whenever it is known anew who is signed in, or that nobody is. Returns what ends that. */
export function onKnown(f) {
    listeners.add(f);
    return () => listeners.delete(f);
}

/** Takes note that the session has ended, where nobody asked for anything. */
export function noteEnd() {
    if (ended) return;
    ended = true;
    for (const f of listeners) f(who);
}
/** Whether it has ended, as far as it was noted. */
export const hasEnded = () => ended;

/** Takes note of what an answer says about the store: the banner and every list go by it. */
export function noteStale({ stale = false, ageMs = 0, asOf = new Date(Date.now() - ageMs).toISOString() }) {
    if (!who?.server || isStale() === stale) return;
    know({ ...who, server: { ...who.server, stale, since: stale ? asOf : undefined } });
}
/** Whether the store does not answer the server, as far as is known. */
export const isStale = () => who?.server?.stale === true;

/** Whether this server shows values at all (`serve --reveal reason`). */
export function revealIsOn() {
    return who?.server?.reveal === 'reason';
}
/** Whether the holder has a right anywhere. Where exactly is in each list's own `rights`. */
export function holdsAnywhere(right) {
    return (who?.rights ?? []).includes(right);
}
/** Whether the holder has a right on the instance itself, and so in every environment. */
export function holdsEverywhere(right) {
    return (who?.instanceRights ?? []).includes(right);
}
