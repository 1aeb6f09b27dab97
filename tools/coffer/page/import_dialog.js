// SPDX-License-Identifier: BSL-1.0
// Paste a .env file or JSON: left the text, right what it would do. Nothing is saved before Save; then
// all of it or nothing.
import * as api from './api.js';
import * as world from './world.js';
import { count, el, fill, icon, named } from './el.js';
import { button, field, problemLine, textInput } from './controls.js';
import { openDialog } from './dialog.js';
import { entriesOf } from './dotenv.js';
import { lengthOf } from './hints.js';
import * as outcome from './outcome.js';
import { pause } from './pause.js';
import { reachOf } from './preview.js';
import { begunFrom, isOwn } from './rows.js';
import { date } from './time.js';
import { saved } from './undo.js';
import { heldEye, leftAlone } from './value_field.js';
import { endOf, oneAuthor } from './words.js';

const hides = (row) => row?.own === true && row.state === 'hidden';

/** When what is replaced would have ended: what is pasted says nothing of it, so it stays. */
const keptEnd = (row) => (isOwn(row) ? endOf(row) : undefined);

/** What saving an entry would do, in a word. */
function effectOf(row) {
    if (isOwn(row)) return 'replace';
    return !row || ['missing', 'removed'].includes(row.state) ? 'new' : 'override';
}

export function openImport({ where, list, done }) {
    const place = world.placeName(where);
    const byName = (answer) => new Map((answer?.rows ?? []).map((row) => [row.name, row]));
    let rows = byName(list);
    const isProd = world.environment(where.environmentId)?.isProd;
    const inProd = isProd && where.spaceId === undefined;
    const unticked = new Set();
    let entries = [];
    let over = false;
    let checking = false;

    const text = el('textarea', {
        class: 'paste mono veiled', rows: 14, wrap: 'off', ...leftAlone, autofocus: true,
        'aria-label': 'Text of a .env file, or JSON', placeholder: 'SLACK_TOKEN=xoxb-…\nDB_URL="postgres://…"\n\nor {"SLACK_TOKEN": "xoxb-…"}',
        on: { input: draw },
    });
    const eye = heldEye('Show the text while this is held', (is) => text.classList.toggle('veiled', !is));
    const summary = el('p', { class: 'paste-summary', role: 'status' });
    const outlet = el('div', { class: 'paste-table', tabindex: '0', role: 'region', 'aria-label': 'What would be saved' });
    const typed = inProd && textInput({ class: 'typed-name', on: { input: ready } });
    const problem = problemLine();
    const save = button('Save', { kind: 'primary', type: 'submit' });
    const dialog = openDialog({
        title: ['Paste .env or JSON into ', named(place)], kind: `wide${isProd ? ' is-prod' : ''}`,
        body: [el('div', { class: 'paste-sides' }, el('div', {}, el('div', { class: 'value-row' }, text, eye),
            el('p', { class: 'hint' }, 'Literal text: a $ is kept. The values are sent once, when you save.')),
        el('div', {}, summary, outlet)), typed && field(`This is production. Type ${place} to save`, typed), problem.element],
        footer: [button('Cancel', { act: () => dialog.tryClose() }), save],
        dirty: () => text.value !== '',
        submit: send,
        closed() {
            over = true;
            text.value = '';
            entries = [];
        },
    });

    const chosen = () => entries.filter((one) => !one.problem && !unticked.has(one.name));
    function draw() {
        entries = entriesOf(text.value);
        const good = entries.filter((one) => !one.problem);
        const bad = entries.filter((one) => one.problem);
        const of = (what) => good.filter((one) => effectOf(rows.get(one.name)) === what).length;
        const counts = [['new', of('new')], ['override', of('override')], ['replace', of('replace')]];
        fill(summary, entries.length === 0 ? 'Nothing pasted yet.' : [
            counts.filter(([what, n]) => n > 0 || what !== 'override').map(([what, n]) => `${what} ${n}`).join(' · '),
            bad.length > 0 && el('span', { class: 'bad' }, ` · invalid ${bad.length} (line ${bad[0].line}: ${bad[0].problem})`)]);
        fill(outlet, entries.length > 0 && el('table', { class: 'plain' }, el('thead', {}, el('tr', {},
            el('th', { scope: 'col' }, 'Save'), el('th', { scope: 'col' }, 'Name'), el('th', { scope: 'col' }, 'Effect'))),
        el('tbody', {}, entries.map((one) => (one.problem ? badRow(one) : goodRow(one))))));
        ready();
    }
    function badRow(one) {
        return el('tr', { class: 'bad' }, el('td', {}, icon('warning')),
            el('td', { class: 'mono' }, one.name ? named(one.name) : `line ${one.line}`),
            el('td', {}, one.problem));
    }
    function goodRow(one) {
        const row = rows.get(one.name);
        const effect = effectOf(row);
        return el('tr', {}, el('td', {}, el('input', {
            type: 'checkbox', checked: !unticked.has(one.name), 'aria-label': `Save ${one.name}`,
            on: {
                change(event) {
                    if (event.target.checked) unticked.delete(one.name);
                    else unticked.add(one.name);
                    ready();
                },
            },
        })), el('td', {}, named(one.name, { class: 'mono' }), el('div', { class: 'faint' }, count(lengthOf(one.value), 'character'))),
        el('td', {}, effect, effect === 'replace' && ` v${row.version}`, keptEnd(row) && `, still expires ${date(row.expiresAt)}`, where.spaceId === undefined && el('div', { class: 'faint' }, reachOf(where, row))));
    }
    function ready() {
        const n = chosen().length;
        fill(save, el('span', {}, n > 0 ? `Save ${n}` : 'Save'));
        save.setAttribute('aria-disabled', String(n === 0 || (Boolean(typed) && typed.value.trim() !== place)));
    }
    async function send() {
        const set = chosen().map(({ name, value }) => ({ name, value, ifVersion: begunFrom(rows.get(name)), expiresAt: keptEnd(rows.get(name)) }));
        if (checking || set.length === 0) return;
        if (typed && typed.value.trim() !== place) {
            problem.say(`Nothing saved: this is production. Type ${place} to save.`);
            typed.focus();
            return;
        }
        dialog.busy(true);
        problem.say('');
        try {
            finish(await api.batch(where, { set }));
        } catch (failed) {
            if (failed.name !== 'ApiError') throw failed;
            if (!failed.unknown) {
                problem.say(`Nothing saved: ${failed.status === 409 ? await changedSince(set, failed) : failed.message}`);
                return;
            }
            problem.say(outcome.checking);
            checking = true; // the dialog may be closed meanwhile, but nothing be sent
            dialog.busy(false);
            const answer = await lookedUp(set);
            checking = false;
            if (over) return;
            if (answer) finish(answer);
            else problem.say(moved ? 'Some of these names have changed since, by you or by somebody else. Close this, and look at the list.'
                : 'Not saved: all of it is still here.');
        } finally {
            dialog.busy(false);
        }
    }
    /** Who changed some of these names since the list was made, in words. What is there now is shown. */
    async function changedSince(set, conflict) {
        const before = rows;
        rows = byName(await api.secrets(where));
        draw();
        const key = (row) => `${row?.own} ${row?.state} ${row?.version}`;
        const others = set.filter(({ name }) => key(before.get(name)) !== key(rows.get(name)));
        if (others.length === 0) return `${conflict.data?.name}: ${outcome.whoWasFirst(conflict)}`; // it is gone again
        const who = oneAuthor(others.map(({ name }) => rows.get(name))) ?? 'Somebody';
        return `${who} changed ${others.map((one) => one.name).join(', ')} meanwhile. Look at the table, and save again.`;
    }
    function finish(answer) {
        dialog.busy(false);
        dialog.close();
        saved(`${answer.length} ${answer.length === 1 ? 'name' : 'names'} saved in ${place}.`, undoOf(answer));
        done?.();
    }
    /** What became of a save without an answer: it is all there, by who is signed in, or nothing is. */
    let moved = false;
    async function lookedUp(set) {
        let looks = 0;
        for (let wait = 500; looks < 3 && !over; wait = Math.min(wait * 2, 8000)) {
            await pause(wait);
            try {
                const answer = await api.secrets(where);
                const now = new Map(answer.rows.map((row) => [row.name, row]));
                const isNewer = ({ name }) => isOwn(now.get(name)) &&
                    (!isOwn(rows.get(name)) || now.get(name).version > rows.get(name).version);
                const isIn = (one) => isNewer(one) && now.get(one.name).yours === true;
                moved = set.some(isNewer); // another server may have saved it, which can't say whose it is
                if (set.every(isIn)) return set.map(({ name }) => ({ name, version: now.get(name).version }));
                // An older state can't know that it is not in.
                if (answer.stale) problem.say(outcome.notKnown);
                else looks += 1;
            } catch (failed) {
                if (failed.name !== 'ApiError') throw failed;
                problem.say(outcome.notKnown);
            }
        }
        return undefined;
    }
    /** Whether trying again would end the same way: the others must not wait for it. */
    const isFinal = ({ status, code }) => [404, 409, 410].includes(status) || code === 'tampered';
    /** Takes back what was made, but for names that somebody has changed since. */
    function undoOf(answer) {
        const before = rows;
        const left = answer.filter((one) => one.changed !== false);
        let back = 0;
        let kept = 0;
        let lost = 0;
        async function takeBack({ name, version }) {
            const row = before.get(name);
            // What was there is the version before: the very one that this replaced.
            if (isOwn(row)) await api.rollBack(where, name, version - 1, version);
            else if (hides(row)) await api.changeSecret('hide', where, name, version);
            else await api.removeSecret(where, name, version);
        }
        return async () => {
            while (left.length > 0) {
                try {
                    await takeBack(left[0]);
                    back += 1;
                } catch (failed) {
                    if (failed.name !== 'ApiError' || !isFinal(failed)) throw failed;
                    if (failed.status === 409) kept += 1;
                    else lost += 1;
                }
                left.shift();
            }
            done?.();
            return `${back} ${back === 1 ? 'name is' : 'names are'} as before in ${place}.` +
                (kept > 0 ? ` ${kept} changed since by somebody else: kept.` : '') +
                (lost > 0 ? ` ${lost} can’t be put back: what was there can’t be read.` : '');
        };
    }
    draw();
}
