// SPDX-License-Identifier: BSL-1.0
// What stands in place of a list's rows when there are none to show, and the way in which every list
// loads: grey rows after 150 ms, a word after 5 s, the old rows dimmed while it asks again.
import { admins, ageOf } from './api.js';
import { count, el, fill, focusIn, icon, named } from './el.js';
import { button } from './controls.js';
import { addressOf, placeOf } from './router.js';
import { duration, timeElement, timeOfDay } from './time.js';
import { isStale, onKnown } from './session.js';
import { environment, environmentName } from './world.js';

/** A panel in the middle of a list. */
export function panel(kind, title, text, ...actions) {
    const picture = { error: 'warning', empty: 'box', denied: 'lock', search: 'search', broken: 'cross' }[kind];
    return el('div', { class: `panel ${kind}`, role: kind === 'error' || kind === 'broken' ? 'alert' : undefined },
        icon(picture), el('h2', {}, title), text && el('div', { class: 'panel-text' }, text),
        actions.length > 0 && el('div', { class: 'panel-actions' }, actions));
}

/** Why something can't be shown, from what the server said. */
export function problemPanel(problem, again) {
    if (problem.status === 403) return denied(problem);
    if (problem.code === 'key_disabled' || problem.code === 'unknown_key') {
        const { environmentId } = placeOf(location.hash);
        return panel('broken', ['The key of ', environmentId === undefined ? 'this environment' : named(environmentName(environmentId)),
            problem.code === 'key_disabled' ? ' is disabled' : ' is not in the keyring'],
            [el('p', {}, 'Values can’t be opened, and names are unreadable too', lastHeld(environment(environmentId)),
                '. Programs get an error, never another scope’s value.'), facts(problem)],
            el('a', { class: 'button', href: addressOf({ environmentId, screen: 'keys' }) }, 'Keys'),
            again && button('Try again', { act: again }));
    }
    if (problem.code === 'tampered' || problem.code === 'rolled_back') {
        return panel('broken', problem.code === 'tampered'
            ? 'What is stored fails its check' : 'The store went back to an older state',
        [el('p', {}, 'Programs get an error, never another scope’s value. Nothing is ' +
            'repaired by itself: run “coffer verify”, then restore a backup. Other environments work.'),
        facts(problem)], again && button('Try again', { act: again }));
    }
    if (problem.status === 404) {
        return panel('search', 'There is nothing here',
            el('p', {}, 'It does not exist, or you may not see it.'));
    }
    return panel('error', 'This could not be loaded', facts(problem),
        again && button('Try again', { kind: 'primary', act: again }));
}

/** How many names there are of one that can't be read, as far as that was known before. */
const lastHeld = (one) => one?.names !== undefined && `: ${count(one.names, 'name')} when they were last read`;

/** What a server says, as a sentence. */
const sentence = (text) => text[0].toUpperCase() + text.slice(1) + (text.endsWith('.') ? '' : '.');
function denied(problem) {
    return panel('denied', 'You may not see this', [el('p', {}, sentence(problem.message)), whomToAsk()]);
}

const mostNamed = 5;
/** Who can give a token that may; by name once the server has told the names, which it tells to who has some right here. */
export function whomToAsk() {
    const line = el('p', {}, 'Who administers the environment can give you a token that may.');
    nameAdmins(line, placeOf(location.hash));
    return line;
}
async function nameAdmins(line, where) {
    if (where.environmentId === undefined) return;
    let names;
    try {
        names = await admins(where, { unasked: true });
    } catch (problem) {
        if (problem.name !== 'ApiError') throw problem;
        return;
    }
    if (names.length === 0) return;
    fill(line, 'Ask ', names.slice(0, mostNamed).map((one, i) => [i > 0 && ', ', named(one)]),
        names.length > mostNamed && ` and ${names.length - mostNamed} more`, names.length === 1 ? ' (admin).' : ' (admins).');
}

/** What failed, since when, its code and the request's id. */
export function facts(problem) {
    return el('dl', { class: 'facts' },
        el('dt', {}, 'What'), el('dd', {}, problem.message || String(problem)),
        el('dt', {}, 'Since'), el('dd', {}, timeElement(problem.at ?? Date.now(), timeOfDay(problem.at ?? Date.now()))),
        problem.code && [el('dt', {}, 'Code'), el('dd', {}, el('code', {}, problem.code))],
        problem.requestId && [el('dt', {}, 'Request'), el('dd', {}, el('code', {}, problem.requestId))]);
}

/** The head of what is shown while the server has no newer answer than this. */
export function staleLine(answer) {
    const age = ageOf(answer);
    if (!age) return null;
    const asOf = age.asOf ?? Date.now() - (age.ageMs ?? 0);
    return el('p', { class: 'stale', role: 'status' }, icon('clock'),
        'As of ', timeElement(asOf, timeOfDay(asOf)), ` (${duration(age.ageMs ?? Date.now() - new Date(asOf))} ago): ` +
        'the store does not answer. Saving is off.');
}

/** Where the rows will be; `cards` are laid out as those are. */
function greyRows(n, cards) {
    return el('div', { class: cards ? 'grey-rows cards' : 'grey-rows', 'aria-hidden': 'true' },
        Array.from({ length: n }, () => el('div', { class: cards ? 'grey-row card' : 'grey-row' })));
}

/**
 * A part of a screen that is loaded. `load(signal)` asks the server, `draw(answer)` gives the nodes, `head()` what stands
 * over their rows while they are awaited; `rows` are as many as are drawn then, as `cards` where they are no table's.
 * Keeps the focus on what it was on, by data-focus, when it is drawn anew. Where the answer is an older
 * state it says so, and it is asked for anew once the store stops to answer or answers again.
 */
export function live({ load, draw, rows = 8, cards = false, head, onProblem }) {
    const outlet = el('div', { class: 'live', 'aria-busy': 'false' });
    let running = null;
    let drawn = false;
    let answer;
    let failingSince;

    async function refresh() {
        running?.abort();
        const mine = new AbortController();
        running = mine;
        const grey = setTimeout(() => {
            if (drawn) outlet.classList.add('dimmed');
            else fill(outlet, el('div', { 'aria-hidden': 'true' }, head?.()), greyRows(rows, cards));
        }, 150);
        let line;
        const slow = setTimeout(() => {
            line = el('p', { class: 'waiting', role: 'status' }, 'Still waiting for the store ',
                button('Cancel', { small: true, act: () => mine.abort() }));
            outlet.prepend(line);
        }, 5000);
        outlet.setAttribute('aria-busy', 'true');
        try {
            const came = await load(mine.signal);
            if (running !== mine) return;
            answer = came;
            failingSince = undefined;
            redraw();
        } catch (problem) {
            if (running !== mine) return;
            answer = undefined;
            drawn = false;
            problem.at = failingSince ??= problem.at;
            if (problem.name === 'AbortError') fill(outlet, panel('error', 'Not loaded', null, button('Try again', { act: refresh })));
            else if (problem.name === 'ApiError') fill(outlet, onProblem?.(problem) ?? problemPanel(problem, refresh));
            else throw problem;
        } finally {
            clearTimeout(grey);
            clearTimeout(slow);
            line?.remove();
            if (running === mine) {
                running = null;
                outlet.classList.remove('dimmed');
                outlet.setAttribute('aria-busy', 'false');
            }
        }
    }
    /** Shows nothing of what was asked for so far: what comes is of something else. */
    function forgetAnswer() {
        answer = undefined;
        drawn = false;
        fill(outlet);
    }
    /** Draws what is there once more, for another filter, say; answers whether something is. */
    function redraw() {
        if (answer === undefined) return false;
        const back = focusIn(outlet); // `draw` may take out of the page what has it
        fill(outlet, staleLine(answer), draw(answer));
        back();
        drawn = true;
        return true;
    }
    let knownStale = isStale();
    const forget = onKnown(() => {
        if (isStale() === knownStale) return;
        knownStale = isStale();
        if (!running && (answer === undefined || Boolean(ageOf(answer)) !== knownStale)) refresh();
    });
    return {
        outlet, refresh, redraw, forget: forgetAnswer,
        answer: () => answer,
        close() {
            forget();
            running?.abort();
            running = null;
            answer = undefined; // what is learned later draws nothing, and leaves the next screen's address alone
        },
    };
}
