// SPDX-License-Identifier: BSL-1.0
// Changes of a name that need no value: hide, show again, use the environment's value again, remove,
// put back, an older version. Each says what it does before, and can be undone after.
import * as api from './api.js';
import * as world from './world.js';
import { el, fill, named } from './el.js';
import { button, problemLine, textInput } from './controls.js';
import { openDialog } from './dialog.js';
import { shellWord } from './key_commands.js';
import { asOfNow, previewOfHiding, previewOfRemoval, previewOfSet, previewOfShowing } from './preview.js';
import { liveIf, whoWasFirst } from './outcome.js';
import { begunFrom } from './rows.js';
import { date, msOf } from './time.js';
import { saved } from './undo.js';

/**
 * Does something, tells it, and offers to undo it: `undo` gets the version that was made. The result's
 * `listed` waits until the list has it.
 */
async function carryOut(act, text, undo, undone, done) {
    const answer = await act();
    saved(text, undo && (async () => {
        await undo(answer.version);
        done?.();
        return undone;
    }));
    return { listed: done?.() };
}

/**
 * A dialog that shows what will change and does it; resolves to what `act` did once it is closed. `preview`
 * draws that, and once more with what asOfNow says. Of a production environment's own its name must be
 * typed first; where it is dangerous, Enter alone does nothing.
 */
function confirmed({ where, name, title, preview, label, danger, act }) {
    const isProd = world.environment(where.environmentId)?.isProd;
    const shown = el('div', {}, preview());
    asOfNow(where, name).then((now) => fill(shown, preview(now)));
    const typed = isProd && where.spaceId === undefined ? world.placeName(where) : undefined;
    const problem = problemLine();
    const word = typed && textInput({ 'aria-label': `Type ${typed} to go on`, on: { input: check } });
    let done;
    let over;
    const closed = new Promise((resolve) => { over = resolve; });
    const go = button(label, { kind: danger ? 'danger' : 'primary', type: 'submit', more: { autofocus: !typed && !danger } });
    function check() {
        if (typed) go.setAttribute('aria-disabled', String(word.value.trim() !== typed));
    }
    const dialog = openDialog({
        title, kind: isProd ? 'is-prod' : '', body: [shown, typed && el('p', { class: 'typed' }, 'Type ', el('strong', {}, typed), ' to go on.'), word, problem.element],
        footer: [button('Cancel', { act: () => dialog.close(), more: { autofocus: !typed && danger } }), go],
        dirty: () => false,
        async submit() {
            if (typed && word.value.trim() !== typed) return;
            dialog.busy(true);
            try {
                done = await act();
                dialog.busy(false);
                dialog.close();
            } catch (failed) {
                if (failed.name !== 'ApiError') throw failed;
                problem.say(failed.status === 409 ? `${whoWasFirst(failed)} Close, look, and do it again.`
                    : failed.unknown ? 'The connection ended before the answer. Close and look whether it is done.'
                        : `Not done: ${failed.message}`);
            } finally {
                dialog.busy(false);
            }
        },
        closed: () => over(done),
    });
    check();
    return closed;
}
/** The same in production; elsewhere it is done at once. */
function confirmedInProduction(change) {
    return world.environment(change.where.environmentId)?.isProd ? confirmed(change) : change.act();
}

export function hide(where, row, done) {
    const place = world.placeName(where);
    return confirmedInProduction({
        where, name: row.name, title: ['Hide ', named(row.name, { class: 'mono' }), ' in ', named(place)],
        preview: (now) => previewOfHiding(where, now?.row ?? row, now), label: `Hide in ${place}`, danger: true,
        act: () => carryOut(() => api.changeSecret('hide', where, row.name, begunFrom(row)),
            `${row.name} is hidden in ${place}: its programs find no such name.`,
            (made) => api.changeSecret('unhide', where, row.name, made), `${row.name} is given to ${place} again.`, done),
    });
}

/** Shows what is hidden here; what is not hidden any more is left as it is. */
export function showAgain(where, row, done) {
    const place = world.placeName(where);
    return confirmedInProduction({
        where, name: row.name, title: ['Show ', named(row.name, { class: 'mono' }), ' in ', named(place), ' again'],
        preview: (now) => previewOfShowing(where, now?.row ?? row, now), label: `Show again in ${place}`,
        act: () => carryOut(() => api.changeSecret('unhide', where, row.name), `${row.name} is given to ${place} again.`,
            async (made) => api.changeSecret('hide', where, row.name, await liveIf(where, row.name, made)), `${row.name} is hidden in ${place} again.`, done),
    });
}

/** Takes the scope's own value away: in a space the environment's is used again, if there is one. */
export function takeAway(where, row, done) {
    const place = world.placeName(where);
    const parent = world.environmentName(where.environmentId);
    const again = where.spaceId !== undefined && row.parent;
    return confirmed({
        where, name: row.name, title: again ? [`Use ${parent}’s value of `, named(row.name, { class: 'mono' }), ' again in ', named(place)]
            : ['Remove ', named(row.name, { class: 'mono' }), ' from ', named(place)],
        // What is taken away is what the list shows: another version since is a conflict.
        preview: (now) => previewOfRemoval(where, now?.row ? { ...row, usedBy: now.row.usedBy, parent: now.row.parent } : row, now),
        label: again ? `Use ${parent}’s value again` : `Remove from ${place}`, danger: !again,
        act: () => carryOut(() => api.removeSecret(where, row.name, row.version),
            again ? `${place} uses ${parent}’s value of ${row.name} again.` : `${row.name} removed from ${place}.`,
            () => api.changeSecret('undelete', where, row.name, 0), `${row.name} is as it was in ${place}.`, done),
    });
}

export function putBack(where, row, done) {
    const place = world.placeName(where);
    return confirmedInProduction({
        where, name: row.name, title: ['Put ', named(row.name, { class: 'mono' }), ' back into ', named(place)],
        preview: (now) => previewOfSet(where, now?.row ?? row, now), label: `Put back into ${place}`,
        act: () => carryOut(() => api.changeSecret('undelete', where, row.name, 0), `${row.name} is back in ${place}.`,
            (made) => api.removeSecret(where, row.name, made), `${row.name} is removed from ${place} again.`, done),
    });
}

/** What an older version's end means for the new one that is made of it. */
function endAgain({ version, expiresAt }) {
    if (!expiresAt) return '';
    return msOf(expiresAt) > Date.now() ? ` It expires ${date(expiresAt)}, as v${version} did.`
        : ` v${version} expired ${date(expiresAt)}, and so has this: programs get an error until it is replaced.`;
}

/** Makes an older version, {version, expiresAt}, current again, as a new version. `row.version` is the one in force, `row.live` what is there: 0 if it was removed. */
export function makeCurrent(where, row, older, done) {
    const { version } = older;
    const place = world.placeName(where);
    return confirmed({
        where, name: row.name, title: [`Make v${version} of `, named(row.name, { class: 'mono' }), ' current again'],
        preview: (now) => [el('p', {}, `The value of v${version} becomes a new version in `, named(place), '; nothing is lost.', endAgain(older)),
            previewOfSet(where, now?.row ? { ...row, ...now.row } : row, now)],
        label: `Make v${version} current again`,
        act: () => carryOut(() => api.rollBack(where, row.name, version, row.live),
            `${row.name} in ${place} has the value of v${version} again.`,
            row.version && row.version !== version ? (made) => api.rollBack(where, row.name, row.version, made) : undefined,
            `${row.name} in ${place} has the value of v${row.version} again.`, done),
    });
}

/** What can be done about a record that fails its check. */
export function explainDamage(where, row) {
    openDialog({
        title: [named(row.name, { class: 'mono' }), ' is damaged'],
        body: [
            el('p', {}, 'What is stored for it does not match what its page says: bytes are missing or were changed. ' +
                'It is not served, and programs get an error, never another scope’s value. The rest of the environment works.'),
            el('p', {}, 'Find out what is damaged, and put the store back from a backup:'),
            el('pre', { class: 'code' }, `coffer verify --env=${shellWord(where.environmentId)}`),
            el('p', {}, 'Or set a new value: it replaces the damaged one.'),
        ],
        footer: [button('Close', { kind: 'primary', act: (event) => event.target.closest('dialog').querySelector('.dialog-head button').click() })],
    });
}
