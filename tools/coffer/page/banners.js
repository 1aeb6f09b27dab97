// SPDX-License-Identifier: BSL-1.0
// Lines over the whole width that are there only while they are true.
import * as api from './api.js';
import * as session from './session.js';
import { el, fill, icon } from './el.js';
import { duration, timeOfDay } from './time.js';

const often = 60_000;

/** The place for the lines; asks now and then how the server is. */
export function banners() {
    const outlet = el('div', { class: 'banners', role: 'status' });
    function draw(me) {
        const server = me?.server ?? {};
        const lines = [];
        if (server.stale) {
            const since = server.since ? ` for ${duration(Date.now() - new Date(server.since))}` : '';
            lines.push(['cloud-off', `Store unreachable${since}. Programs still get the last known values${server.until ? ` (until ${timeOfDay(server.until)})` : ''}. Saving is off.`, 'bad']);
        }
        if (server.auditFullPercent >= 90)
            lines.push(['warning', `Audit log disk ${server.auditFullPercent} % full: at 100 % reads stop.`, 'bad']);
        fill(outlet, lines.map(([picture, text, tone]) => el('p', { class: `banner ${tone}` }, icon(picture), text)));
    }
    session.onKnown(draw);
    draw(session.me());
    setInterval(async () => {
        // Only while somebody looks: asking keeps the session alive.
        if (document.hidden || !document.hasFocus() || !(session.me()?.server?.stale)) return;
        try {
            session.know(await api.whoami());
        } catch (problem) {
            if (problem.name !== 'ApiError') throw problem;
        }
    }, often);
    return outlet;
}
