// SPDX-License-Identifier: BSL-1.0
// Lines over the whole width that are there only while they are true.
import * as api from './api.js';
import * as session from './session.js';
import { button } from './controls.js';
import { count, el, icon, named, refill } from './el.js';
import { rewrapButton } from './rewrap.js';
import { duration, timeOfDay } from './time.js';
import { isLookedAt } from './watch.js';

const often = 60_000;

/** The keys that only decrypt and still hold environments, for who may see keys. */
async function keysToLeave() {
    if (!session.holdsAnywhere('keys')) return [];
    try {
        return (await api.keys(undefined, { unasked: true })).data.filter((one) => one.state === 'decrypt_only' && one.environments?.length > 0);
    } catch (problem) {
        if (problem.name !== 'ApiError') throw problem;
        return []; // not for a whole instance, or not now
    }
}

/** The place for the lines; asks now and then how the server is. */
export function banners() {
    const outlet = el('div', { class: 'banners', role: 'status' });
    let old = [];
    function draw(me) {
        const server = me?.server ?? {};
        const lines = [];
        if (session.hasEnded())
            lines.push(['lock', 'warn', ['Signed out: your session has ended. ', button('Sign in', { small: true, act: api.signInAgain, more: { 'data-focus': 'sign-in' } })]]);
        if (server.stale) {
            const since = server.since ? ` for ${duration(Date.now() - new Date(server.since))}` : '';
            lines.push(['cloud-off', 'bad', `Store unreachable${since}. Programs still get the last known values${server.until ? ` (until ${timeOfDay(server.until)})` : ''}. Saving is off.`]);
        }
        if (server.auditFullPercent >= 90)
            lines.push(['warning', 'bad', `Audit log disk ${server.auditFullPercent} % full: at 100 % reads stop.`]);
        for (const key of old) {
            lines.push(['key', 'warn', ['Key ', named(key.kekId), ` is decrypt-only; ${count(new Set(key.environments.map((one) => one.id)).size, 'environment still needs', 'environments still need')} rewrap. `,
                rewrapButton(undefined, { small: true, done: lookAtKeys, more: { 'data-focus': `rewrap:${key.kekId}` } })]]);
        }
        refill(outlet, lines.map(([picture, tone, text]) => el('div', { class: `banner ${tone}` }, icon(picture), el('span', {}, text))));
    }
    async function lookAtKeys() {
        old = await keysToLeave();
        draw(session.me());
    }
    session.onKnown(draw);
    draw(session.me());
    lookAtKeys();
    setInterval(async () => {
        if (!isLookedAt() || session.hasEnded()) return;
        try {
            session.know(await api.whoami(undefined, { unasked: true }));
        } catch (problem) {
            if (problem.name !== 'ApiError') throw problem;
        }
    }, often);
    return outlet;
}
