// SPDX-License-Identifier: BSL-1.0
// Asks the server to say when something of a scope changes. Stops while nobody looks, so that an open
// page neither keeps a session alive nor costs anything: a browser has few connections to a server, for all its tabs.
import * as session from './session.js';
import { pause } from './pause.js';

const awayAfter = 5 * 60_000;
let lastTouched = Date.now();
for (const event of ['pointerdown', 'keydown'])
    addEventListener(event, () => { lastTouched = Date.now(); }, { capture: true, passive: true });

/** Whether somebody is at the page: asking while nobody is would keep a session alive. */
export const isLookedAt = () => !document.hidden && Date.now() - lastTouched <= awayAfter;

// What a list shows: a generation, which is a number and rises, or a revision, of which one knows but whether it is another.
export const stateOf = ({ generation, revision }) => generation ?? revision;
export const isNews = (state, known) => (typeof state === 'number' ? state > known : state !== known);
const isLater = (state, known) => typeof state === 'number' && state > known;

/**
 * Asks again and again, with `ask(after, options)`, what comes after `state()`, and calls `news(answer)` for
 * each change, also for one of which the server can't say whether it was any.
 */
export function watch(ask, state, news) {
    let ended = false;
    let asking; // what ends the request that is under way
    const left = () => { if (document.hidden) asking?.abort(); };
    document.addEventListener('visibilitychange', left);
    let known;
    async function run() {
        while (!ended) {
            known ??= state();
            if (known === undefined || !isLookedAt() || session.hasEnded()) {
                await pause(1000);
                continue;
            }
            const asked = known;
            asking = new AbortController();
            try {
                const answer = await ask(asked, { signal: asking.signal, unasked: true });
                if (known !== asked) continue; // our own save came between
                const now = stateOf(answer);
                if (isNews(now, asked) && answer.changed !== false) await news(answer);
                else await pause(200); // a server that answers at once must not be asked in a circle
                if (known === asked || isLater(now, known)) known = now; // what could not be told is asked for again
            } catch (problem) {
                if (problem.name === 'AbortError') continue; // ended, or not looked at
                if (problem.name !== 'ApiError') throw problem;
                if ([403, 404, 405, 501].includes(problem.status)) return;
                if (problem.status !== 401) await pause(10_000);
            }
        }
    }
    run();
    return {
        /** What is known already, after a save of one's own. */
        from(now) { if (!isLater(known, now)) known = now; },
        close() {
            ended = true;
            document.removeEventListener('visibilitychange', left);
            asking?.abort();
        },
    };
}
