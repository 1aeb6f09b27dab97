// SPDX-License-Identifier: BSL-1.0
// Showing a stored value: only where the server and the environment allow it, for a typed reason, one
// name at a time, 30 seconds. Written to Activity before it is answered.
import * as api from './api.js';
import * as world from './world.js';
import { el, fill, icon } from './el.js';
import { button, copyText, problemLine, textInput } from './controls.js';
import { confirmWithToken } from './signin.js';

const shownFor = 30_000;

/** The part of the drawer that shows a value, closed until it is asked for. */
export function revealPart(where, name, list) {
    const outlet = el('section', { class: 'part reveal' });
    const problem = problemLine();
    let timer = 0;
    function whyNot() {
        if (world.environment(where.environmentId)?.reveal === 'never') return 'Values of this environment are never shown';
        return (list()?.rights ?? []).includes('reveal') ? undefined : 'It needs a token with reveal';
    }
    let turn = 0; // an answer that comes after Cancel, or for another name, is thrown away

    /** Draws it anew. The focus, if it is in there, goes on to what takes the place of what it was on. */
    function put(...nodes) {
        const had = outlet.contains(document.activeElement);
        fill(outlet, nodes);
        if (had) (outlet.querySelector('button') ?? outlet.querySelector('[tabindex]')).focus();
    }
    function closed() {
        clearTimeout(timer);
        turn += 1;
        put(button('Show the value…', {
            kind: 'quiet', small: true, picture: 'eye', act: asking,
            reason: whyNot(),
        }));
    }
    function asking() {
        const reason = textInput({ 'aria-label': 'Reason', placeholder: 'Reason: it is written to Activity', on: { keydown: entered } });
        const show = () => fetchIt(reason.value.trim(), shown);
        function entered(event) {
            if (event.key === 'Enter' && !event.repeat) show();
        }
        put(el('h3', {}, 'Show the value'),
            el('p', { class: 'hint' }, 'For 30 seconds, to you. Who, when, what and the reason are written to Activity first.'),
            reason, problem.element,
            el('div', { class: 'panel-actions' },
                button('Show for 30 s', { small: true, kind: 'danger', act: show }),
                button('Copy without showing', { small: true, act: () => fetchIt(reason.value.trim(), copied) }),
                button('Cancel', { small: true, kind: 'quiet', act: closed })));
        reason.focus();
    }
    async function fetchIt(reason, then) {
        if (reason === '') {
            problem.say('A reason is needed');
            return;
        }
        problem.say('');
        const mine = turn;
        try {
            const answer = await withConfirmation(() => api.reveal(where, name, reason));
            if (mine === turn && outlet.isConnected) then(answer);
        } catch (failed) {
            if (failed.name !== 'ApiError') throw failed;
            problem.say(failed.message);
        }
    }
    function shown(answer) {
        const text = answer.value ?? `base64: ${answer.base64}`;
        const left = el('span', { class: 'faint' }, 'Shown for 30 s');
        put(el('h3', {}, 'Value'), el('pre', { class: 'revealed', tabindex: '0' }, text),
            el('div', { class: 'panel-actions' }, left, button('Hide now', { small: true, act: closed })));
        timer = setTimeout(closed, shownFor);
    }
    async function copied(answer) {
        const done = await copyText(answer.value ?? answer.base64, 'The value');
        put(el('p', { tabindex: '-1' }, icon(done ? 'check' : 'warning'), done ? 'Copied.' : 'It could not be copied.'));
        timer = setTimeout(closed, 5000);
    }
    closed();
    return outlet;
}

/** Does something that needs the personal token again: asks for it if the server says so. */
export async function withConfirmation(act) {
    try {
        return await act();
    } catch (problem) {
        if (problem.name !== 'ApiError' || problem.code !== 'confirm') throw problem;
        await confirmWithToken();
        return act();
    }
}
