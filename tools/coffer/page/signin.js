// SPDX-License-Identifier: BSL-1.0
// Signing in: the one-time code of the first start, or a personal token, which is exchanged for a
// session at once and forgotten. Also over a form, when the session ended while somebody typed.
import * as api from './api.js';
import * as session from './session.js';
import { el, fill } from './el.js';
import { button, copyButton, field, problemLine, textInput } from './controls.js';
import { holdsWork, openDialog } from './dialog.js';

let over = null; // the sign-in that is over what is open
let shownOnce = false; // a token that nobody has kept yet
let left = false;

/** Whether who leaves the page now loses what is nowhere else; not who said so already. */
export const losesWork = () => !left && (shownOnce || holdsWork(over));

function tokenField() {
    return el('input', {
        type: 'password', class: 'mono', autocomplete: 'off', spellcheck: 'false', autocapitalize: 'off',
        autofocus: true, placeholder: 'cof_…', 'data-lpignore': 'true', 'data-1p-ignore': 'true',
    });
}

function wordsFor(problem) {
    if (problem.status === 401) return 'This token is not known here: mistyped, expired or revoked.';
    if (problem.status === 429) return 'Too many tries from here. Wait a minute.';
    if (problem.status === 403) return 'This token may not use the page.';
    return problem.message;
}

/** Does something with the token in the field. True: done, and the field is empty; else it says why. */
async function withToken(act, input, problem, busy) {
    const token = input.value.trim();
    if (token === '') {
        problem.say('Paste a token');
        return false;
    }
    busy(true);
    problem.say('');
    try {
        await act(token);
        input.value = '';
        return true;
    } catch (failed) {
        if (failed.name !== 'ApiError') throw failed;
        problem.say(wordsFor(failed));
        return false;
    } finally {
        busy(false);
    }
}

async function exchange(token) {
    session.keep(await api.signInWithToken(token));
}
/** The same, for who is signed in already: what waits to be sent is theirs, so nobody else may go on. */
async function exchangeAgain(token) {
    const made = await api.signInWithToken(token);
    const who = await api.whoami(made.token);
    const was = session.me();
    // Names are not unique: another token of the same name may be another's.
    if (was && who.tokenId !== was.tokenId) {
        await endSession(made.token);
        throw new api.ApiError(who.name === was.name ? `This is another token, though it is named ${was.name} too. Use the one that you signed in with, or leave.`
            : `This is ${who.name}’s token. What is open here is ${was.name}’s: sign in as ${was.name}, or leave.`);
    }
    session.keep(made);
    session.know(who);
}

function card(...content) {
    return el('main', { class: 'signin' }, el('div', { class: 'signin-card' },
        el('div', { class: 'signin-brand' }, el('span', { class: 'mark', 'aria-hidden': 'true' }), 'Coffer'), content));
}

/** The sign-in in place of everything else. Resolves once somebody is signed in. */
export async function signInScreen(outlet) {
    let first = false;
    try {
        first = await api.codeIsOpen();
    } catch (problem) {
        if (problem.name !== 'ApiError') throw problem;
    }
    await new Promise((resolve) => {
        fill(outlet, first ? codeCard(outlet, resolve) : tokenCard(outlet, resolve));
        outlet.querySelector('[autofocus]')?.focus();
    });
}

function tokenCard(outlet, resolve) {
    const input = tokenField();
    const problem = problemLine();
    const go = button('Sign in', { kind: 'primary', type: 'submit' });
    return card(el('h1', {}, 'Sign in'), el('form', {
        novalidate: true, on: {
            async submit(event) {
                event.preventDefault();
                if (go.getAttribute('aria-disabled') === 'true') return;
                if (await withToken(exchange, input, problem, (is) => go.setAttribute('aria-disabled', String(is)))) resolve();
            },
        },
    }, field('Personal token', input, { hint: 'It is exchanged for a session of this tab and not kept.' }), problem.element, go),
    el('p', { class: 'hint' }, 'No token? Ask an admin, or run ', el('code', {}, 'coffer token create'), ' where the keys are.'));
}

function codeCard(outlet, resolve) {
    const code = textInput({ class: 'mono code-input', autofocus: true, placeholder: '7K2M-94QX', autocapitalize: 'characters' });
    const name = textInput({ autocomplete: 'off' });
    const problem = problemLine();
    const go = button('Make me the first admin', { kind: 'primary', type: 'submit' });
    async function submit(event) {
        event.preventDefault();
        if (go.getAttribute('aria-disabled') === 'true') return;
        if (code.value.trim() === '' || name.value.trim() === '') {
            problem.say('Code and name are needed');
            return;
        }
        problem.say('');
        go.setAttribute('aria-disabled', 'true');
        try {
            const answer = await api.signInWithCode(code.value.trim().toUpperCase(), name.value.trim());
            session.keep(answer.session);
            fill(outlet, newTokenCard(answer.token, resolve));
            outlet.querySelector('.button')?.focus();
        } catch (failed) {
            if (failed.name !== 'ApiError') throw failed;
            problem.say(failed.status === 401 || failed.status === 403 ? 'This is not the code. Type it once more; after ten minutes only a restart of the server makes a new one.' : wordsFor(failed));
        } finally {
            go.setAttribute('aria-disabled', 'false');
        }
    }
    return card(el('h1', {}, 'Welcome'), el('p', {}, 'This is the first start. The server printed a code that is good for ten minutes.'),
        el('form', { novalidate: true, on: { submit } }, field('Code', code), field('Your name', name, { hint: 'It stands beside what you change.' }),
            problem.element, go),
        el('p', { class: 'hint' }, button('I have a token', { kind: 'link', act: () => { fill(outlet, tokenCard(outlet, resolve)); outlet.querySelector('[autofocus]')?.focus(); } })));
}

function newTokenCard(token, resolve) {
    shownOnce = true;
    function kept() {
        shownOnce = false;
        resolve();
    }
    return card(el('h1', {}, 'Your personal token'),
        el('p', {}, 'Copy it now, into your password manager: with it you sign in the next time. Coffer keeps only a fingerprint.'),
        el('pre', { class: 'code token-shown', tabindex: '0' }, token),
        el('div', { class: 'panel-actions' }, copyButton('Copy token', () => token, 'Token'),
            button('I have kept it', { kind: 'primary', act: kept })));
}

/** A sign-in over whatever is open. Resolves once it is done; what was typed below stays. */
export function signInOver() {
    return askForToken({
        title: 'Your session has ended', label: 'Sign in',
        text: 'After 15 minutes without a request, or 8 hours. What you typed is still there, in this tab’s memory only.',
        act: exchangeAgain, may: false,
    });
}

/** Asks for the personal token again, for what needs it to be fresh. */
export function confirmWithToken() {
    return askForToken({
        title: 'Enter your personal token again', label: 'Confirm', may: true,
        text: 'This needs to be sure that it is you. It is good for 5 minutes.',
        act: api.confirm,
    });
}

const workIsLost = { title: 'Leave and lose what is typed below?', text: 'It is in this tab’s memory only: sign in, and it is still there.', yes: 'Leave', no: 'Back to the sign-in' };
const sessionIsOver = { title: 'Leave without signing in?', text: 'What is shown below is closed.', yes: 'Leave', no: 'Back to the sign-in' };

function askForToken({ title, text, label, act, may }) {
    const isWork = losesWork(); // nothing changes below while it is asked
    return new Promise((resolve, reject) => {
        const input = tokenField();
        const problem = problemLine();
        let done = false;
        const dialog = openDialog({
            title, kind: 'narrow', body: [el('p', {}, text), field('Personal token', input), problem.element],
            footer: [may ? button('Cancel', { act: () => dialog.close() }) : button('Leave', { kind: 'quiet', act: () => (isWork ? dialog.tryClose() : leave()) }),
                button(label, { kind: 'primary', type: 'submit' })],
            async submit() {
                if (await withToken(act, input, problem, dialog.busy)) {
                    done = true;
                    dialog.close();
                }
            },
            dirty: () => !may, losing: isWork ? workIsLost : sessionIsOver,
            closed() {
                if (!may) over = null;
                if (done) resolve();
                else if (may) reject(new api.ApiError('Not confirmed'));
                else leave();
            },
        });
        if (!may) over = dialog;
    });
}

/** Forgets the session and everything that is shown. */
export function leave() {
    left = true;
    session.forget();
    location.replace(location.pathname);
}

/** Ends a session at the server. One that ended already, or that can't be ended now, ends by itself. */
async function endSession(token) {
    try {
        await api.signOut(token);
    } catch (problem) {
        if (problem.name !== 'ApiError') throw problem;
    }
}

/** Ends the session, there and here. */
export async function signOut() {
    const token = session.token();
    if (token) await endSession(token);
    leave();
}
