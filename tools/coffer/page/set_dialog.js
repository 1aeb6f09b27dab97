// SPDX-License-Identifier: BSL-1.0
// The one dialog that sets a value: new, replaced or overriding, here or in the environment. It stays
// open, with what was typed, until the value is saved or thrown away.
import * as api from './api.js';
import * as world from './world.js';
import { el, fill, icon, named } from './el.js';
import { button, dateField, field, problemLine, textInput } from './controls.js';
import { openDialog } from './dialog.js';
import { ago, endOfDay, fieldOfDate } from './time.js';
import { didYouMean, whyNotName } from './hints.js';
import { valueField } from './value_field.js';
import { asOfNow, previewOfSet } from './preview.js';
import { begunFrom, isOwn } from './rows.js';
import * as outcome from './outcome.js';
import { saved } from './undo.js';
import { endOf } from './words.js';

function verbFor(where, row) {
    if (!row) return 'Set';
    if (isOwn(row)) return 'Replace';
    return where.spaceId !== undefined && (row.parent || !['missing', 'removed'].includes(row.state)) ? 'Override' : 'Set';
}

/** How to take a save back: the row was `row` before and has `version` now; `also` says what besides the value was sent. */
function undoOf(where, name, row, version, also) {
    const place = world.placeName(where);
    if (row?.own && row.state === 'hidden') {
        return async () => {
            await api.changeSecret('hide', where, name, version);
            return `${name} is hidden again in ${place}.`;
        };
    }
    if (isOwn(row) && row.state !== 'damaged') {
        return async () => {
            // What the save left alone is as it was.
            await api.rollBack(where, name, row.version, version, {
                note: also.note ? row.note ?? '' : undefined, rotateBy: also.rotateBy ? row.rotateBy ?? '' : undefined,
            });
            return `${name} in ${place} has the value of v${row.version} again.`;
        };
    }
    return async () => {
        await api.removeSecret(where, name, version);
        return `${name} is no longer set in ${place}.`;
    };
}

/**
 * Opens the dialog. `row` is the row of the name, absent for a new one; `rows` all rows of the list,
 * to recognise a name that is there; `done` is called after each save.
 */
export function openSet({ where, row, rows = [], done }) {
    const place = world.placeName(where);
    const isProd = world.environment(where.environmentId)?.isProd;
    const inProd = isProd && where.spaceId === undefined;
    let target = row;
    let version = begunFrom(row);
    let over = false;
    let looking = 0;
    let known = {};

    const name = textInput({ class: 'mono', value: row?.name ?? '', autofocus: !row, on: { input: renamed } });
    const nameNote = el('p', { class: 'hint', 'aria-live': 'polite' });
    const value = valueField({ changed: ready });
    const note = textInput();
    const rotateBy = dateField('Rotate by', { optional: true, hint: 'A reminder; it never stops a read.' });
    const expires = dateField('Expires', { optional: true, hint: 'After that day programs get an error.', changed: ended });
    let filled = { note: '', rotateBy: '', expires: '' }; // with what is there; what differs from it was typed
    fillFromTarget();
    const preview = el('div', {});
    const typed = inProd && textInput({ on: { input: ready }, class: 'typed-name' });
    const problem = problemLine();
    const conflict = el('div', { class: 'conflict', role: 'alert', hidden: true });
    const save = button(`${verbFor(where, row)} in ${place}`, { kind: 'primary', type: 'submit', more: { 'aria-keyshortcuts': 'Control+Enter' } });
    const dialog = openDialog({
        title: row ? [`${verbFor(where, row)} `, named(row.name, { class: 'mono' }), ' in ', named(place)]
            : ['New secret in ', named(place)],
        kind: `set${isProd ? ' is-prod' : ''}`,
        body: [
            !row && el('div', {}, field('Name', name), nameNote),
            value.element,
            field('Note', note, { optional: true }),
            el('div', { class: 'two' }, rotateBy.element, expires.element),
            preview,
            inProd && field(`This is production. Type ${place} to save`, typed),
            conflict, problem.element,
        ],
        footer: [button('Cancel', { act: () => dialog.tryClose() }), save],
        submit: send,
        closed: () => { over = true; value.clear(); },
    });
    // The one to start in: a name if there is none yet.
    if (row) value.focus();
    label(`${verbFor(where, row)} in ${place}`);
    look();
    ready();

    function fillFromTarget() {
        const of = isOwn(target) ? target : {};
        const end = endOf(of); // a new value has nothing of one that is over
        const there = { note: of.note ?? '', rotateBy: fieldOfDate(of.rotateBy), expires: fieldOfDate(end), expiresAt: end };
        if (note.value === filled.note) note.value = there.note;
        if (rotateBy.value === filled.rotateBy) rotateBy.value = there.rotateBy;
        if (expires.value === filled.expires) expires.value = there.expires;
        filled = there;
    }
    /** When the value is to end: as it is shown, to the second where it was left alone. */
    function expiresAt() {
        return expires.value === filled.expires ? filled.expiresAt : endOfDay(expires.value);
    }
    function ended() {
        drawPreview();
        ready();
    }
    function currentName() {
        return row ? row.name : name.value.trim();
    }
    function renamed() {
        const text = currentName();
        target = rows.find((one) => one.name === text);
        version = begunFrom(target);
        fillFromTarget();
        conflict.hidden = true; // it was about another name
        const why = text === '' ? undefined : whyNotName(text);
        const like = rows.find((one) => one.name !== text && one.name.toUpperCase() === text.toUpperCase());
        const near = !target && text.length > 4 && didYouMean(text, rows.filter((one) =>
            Math.abs(one.name.length - text.length) <= 2).map((one) => one.name));
        fill(nameNote, why ?? (target ? ['There is already ', named(target.name, { class: 'mono' }), `: this is ${verbFor(where, target).toLowerCase()}.`]
            : like ? ['There is ', named(like.name, { class: 'mono' }), ', which differs only in case.']
                : near ? ['A name like ', named(near, { class: 'mono' }), ' is there.'] : []));
        drawPreview({});
        clearTimeout(looking);
        looking = setTimeout(look, 300); // while it is typed nothing is asked
        label(`${verbFor(where, target)} in ${place}`);
        ready();
    }
    function label(text) {
        fill(save, el('span', {}, text), el('kbd', { 'aria-hidden': 'true' }, '⌃↵'));
    }
    /** Shows what changes, as far as `now` knows it: what asOfNow says, or nothing yet. */
    function drawPreview(now = known) {
        known = now;
        fill(preview, previewOfSet(where, now.row ?? target, { ...now, expiresAt: expiresAt() }));
    }
    /** Shows what changes as the list has it, then as it is. */
    async function look() {
        const of = currentName();
        drawPreview({});
        if (over || of === '' || whyNotName(of)) return;
        const now = await asOfNow(where, of);
        if (!over && of === currentName()) drawPreview(now);
    }
    function whyNotYet() {
        const bad = row ? undefined : whyNotName(currentName());
        if (bad) return bad;
        if (value.isEmpty()) return 'A value is needed';
        if (Date.parse(expiresAt()) <= Date.now()) return 'The day that it expires is over';
        if (typed && typed.value.trim() !== place) return `Type ${place} to save`;
        return undefined;
    }
    function ready() {
        const why = whyNotYet();
        save.setAttribute('aria-disabled', String(Boolean(why)));
        save.title = why ?? 'Ctrl+Enter';
    }
    /** The newest version when it was sent; what a save makes is newer. */
    let before = 0;
    let also = {}; // no more than that of what was sent: the value is gone from here once it is saved
    let checking = false; // what became of a save: the dialog may be closed meanwhile, but nothing be sent
    async function send() {
        if (checking) return;
        const why = whyNotYet();
        if (why) {
            problem.say(why);
            return;
        }
        problem.say('');
        conflict.hidden = true;
        dialog.busy(true);
        name.readOnly = true; // what is said of the save, and its undo, are of this name
        // A note or a reminder that was left alone is left out: it stays as it is. An end is the value's own.
        const typedOf = (input, was) => (input.value === was ? undefined : input.value);
        const sent = { value: value.value(), note: typedOf(note, filled.note), rotateBy: typedOf(rotateBy, filled.rotateBy), expiresAt: expiresAt(), ifVersion: version };
        also = { note: sent.note !== undefined, rotateBy: sent.rotateBy !== undefined };
        try {
            const now = await outcome.standingOf(where, currentName());
            before = now.newest;
            const answer = await api.setSecret(where, currentName(), sent);
            finished(answer.version, answer.changed);
        } catch (failed) {
            if (failed.name !== 'ApiError') throw failed;
            await notSaved(failed);
        } finally {
            dialog.busy(false);
            name.readOnly = false;
        }
    }
    function finished(now, changed = true) {
        const done_ = { Override: 'overridden', Replace: 'replaced', Set: 'set' }[verbFor(where, target)];
        const undo = changed ? undoOf(where, currentName(), target, now, also) : undefined;
        const text = changed ? `${currentName()} ${done_} in ${place}: v${now}.`
            : `${currentName()} has the value that you gave it last: no new version.`;
        over = true;
        value.clear();
        dialog.close();
        saved(text, undo && (async () => {
            const said = await undo();
            done?.(currentName());
            return said;
        }));
        done?.(currentName());
    }
    async function notSaved(failed) {
        if (failed.unknown) {
            problem.say(outcome.checking);
            checking = true;
            dialog.busy(false);
            const became = await outcome.whatBecameOf(where, currentName(), before, () => over, () => problem.say(outcome.notKnown));
            checking = false;
            if (over) return;
            if (became.saved) finished(became.saved);
            else if (became.other) inConflict(became.other);
            else {
                problem.say('Not saved. Your value is still here.');
                label('Save again');
            }
        } else if (failed.status === 409) {
            inConflict(failed.data ?? await outcome.thereNow(where, currentName()));
        } else {
            problem.say(`Not saved: ${failed.message}${failed.requestId ? ` (request ${failed.requestId})` : ''}`);
        }
    }
    function inConflict(there) {
        problem.say('');
        const who = there?.setBy ?? 'Somebody else';
        const name_ = named(currentName(), { class: 'mono' });
        const when = there?.setAt ? ` ${ago(there.setAt)}` : '';
        // A browser sends a request again whose connection broke: this may be our own save.
        const mine = there?.yours === true && there.version === version + 1;
        const what = !there ? ['Somebody else changed ', name_]
            : there.version ? [named(who), ` set v${there.version} of `, name_, when] : [named(who), ' removed ', name_, when];
        fill(conflict, icon('warning'), el('div', {},
            el('p', {}, what, version > 0 ? ` (you began from v${version}). ` : '. ',
                mine ? 'That is you: this very save, or another tab. ' : '', 'Your value is kept here.'),
            el('div', { class: 'panel-actions' },
                button(there?.version ? `Replace ${who}’s v${there.version}` : 'Save mine', {
                    kind: 'danger', small: true,
                    act() {
                        version = there?.version ?? 0;
                        target = { ...(target ?? { name: currentName() }), version, own: version > 0,
                            state: version === 0 ? 'missing' : where.spaceId === undefined ? 'value' : 'overridden' };
                        send();
                    },
                }),
                button(mine ? 'Keep what is there' : 'Discard mine', { small: true, act: () => { value.clear(); dialog.close(); done?.(currentName()); } }))));
        conflict.hidden = false;
        look(); // from what is there now
    }
}
