// SPDX-License-Identifier: BSL-1.0
// What changes the keys themselves, for operators, where the server was started with --manage-keys. Each
// does what the command of key_commands.js does, and is refused where that is.
import * as api from './api.js';
import * as world from './world.js';
import { announce } from './announce.js';
import { button, copyButton, field, problemLine, saveFile, select, textInput } from './controls.js';
import { openDialog } from './dialog.js';
import { el, fill, icon, named } from './el.js';
import { withConfirmation } from './reveal.js';
import { rewrapDialog } from './rewrap.js';
import { go } from './router.js';
import { saved } from './undo.js';

/** A change that waits for the server: its dialog stays open where that refuses, and says why. */
async function change(dialog, problem, act) {
    dialog.busy(true);
    problem.say('');
    try {
        return await withConfirmation(act);
    } catch (failed) {
        if (failed.name !== 'ApiError') throw failed;
        problem.say(failed.unknown ? `${failed.message}. It may have been done: look at the keys before you do it again.` : failed.message);
        return undefined;
    } finally {
        dialog.busy(false);
    }
}

const reaches = {
    all: 'A new key takes the place of every active one. The older ones open what is under them until that is rewrapped, and wrap nothing more; they can be disabled then.',
    alone: 'It gets a key that no other environment has, and can be shredded then. A key that others need too stays as it is.',
};

/** New keys, then the data keys under them: in two steps, since the new keyring is to be backed up in between. */
export function rotateKek(environmentId, { closed }) {
    const place = world.environmentName(environmentId);
    const which = select([['all', 'in the place of every active one'], ['alone', `one for ${place} alone`]], { value: 'all', on: { change: tell } });
    const meaning = el('p', { class: 'hint' });
    const problem = problemLine();
    const dialog = openDialog({
        title: 'Rotate the key', kind: 'narrow',
        body: [el('p', {}, 'A new key becomes active and wraps data keys from then on. What is there stays readable, and no value changes.'),
            field('New keys', which), meaning, problem.element],
        footer: [button('Cancel', { act: () => dialog.close() }), button('Rotate', { kind: 'primary', type: 'submit' })],
        dirty: () => false, closed, submit,
    });
    tell();
    function tell() {
        fill(meaning, reaches[which.value]);
    }
    async function submit() {
        const only = which.value === 'alone' ? environmentId : undefined;
        const made = await change(dialog, problem, () => api.rotateKeks(only));
        if (!made) return;
        dialog.close();
        rewrapDialog(only, closed, [made.map((one, i) => [i > 0 && ', ', named(one.to)]), made.length === 1 ? ' is active.' : ' are active.',
            ' Back up the keyring now: without it nothing opens that is rewrapped.']);
    }
}

export function disableKek(kekId, environments, { closed }) {
    const problem = problemLine();
    const dialog = openDialog({
        title: ['Disable ', named(kekId)], kind: 'narrow', role: 'alertdialog',
        body: [el('p', {}, 'Nothing under it can be opened any more, in other stores of the keyring either. It is undone by hand, in the keyring.'),
            environments.length > 0 && el('p', { class: 'list-note amber' }, icon('warning'), 'It still wraps data keys here, so this is refused: rewrap all environments first.'),
            problem.element],
        footer: [button('Cancel', { act: () => dialog.close(), more: { autofocus: true } }), button('Disable', { kind: 'danger', type: 'submit' })],
        dirty: () => false, closed,
        async submit() {
            if (!await change(dialog, problem, () => api.disableKek(kekId))) return;
            dialog.close();
            saved(`${kekId} is disabled.`);
        },
    });
}

export function shredEnvironment(environmentId, { closed }) {
    const place = world.environmentName(environmentId);
    const typed = textInput({ autofocus: true });
    const problem = problemLine();
    const dialog = openDialog({
        title: ['Shred ', named(place)], kind: 'set', role: 'alertdialog',
        body: [el('p', {}, 'The environment is removed and the keys that speak for it alone are destroyed: nothing opens what was ever sealed of it, in no backup of the store. This can’t be undone.'),
            el('p', { class: 'list-note amber' }, icon('warning'), 'It needs a key of its own (Rotate the key…, for it alone; then rewrap and rotate the data key), else this is refused. Copies of the keyring still open copies of the store: destroy those too.'),
            field(`Type ${place}`, typed), problem.element],
        footer: [button('Cancel', { act: () => dialog.close() }), button('Shred', { kind: 'danger', type: 'submit' })],
        dirty: () => false, closed,
        async submit() {
            if (typed.value.trim() === '') {
                problem.say(`Type ${place} to go on`);
                return;
            }
            const receipt = await change(dialog, problem, () => api.shredEnvironment(environmentId, typed.value.trim()));
            if (!receipt) return;
            dialog.close();
            announce(`${place} is shredded`);
            showReceipt(place, receipt);
        },
    });
}

/** The only time that the receipt is seen: it is not closed unasked before it was copied or saved. */
function showReceipt(place, { environmentId, receipt }) {
    let kept = false;
    const keep = () => { kept = true; };
    const dialog = openDialog({
        title: [named(place), ' is shredded'], kind: 'set',
        body: [el('p', { class: 'once' }, icon('warning'), 'Keep the receipt now; Coffer does not.'),
            el('pre', { class: 'code receipt', tabindex: '0' }, receipt),
            el('div', { class: 'panel-actions' }, copyButton('Copy receipt', () => receipt, 'The receipt', keep),
                button('Save receipt', { kind: 'quiet', small: true, act: () => { saveFile(`shredded-${environmentId}.txt`, 'text/plain', [receipt]); keep(); } }))],
        footer: [button('I have kept it', { kind: 'primary', act: () => dialog.close() })],
        dirty: () => !kept,
        losing: { title: 'Close without the receipt?', text: 'It was not copied or saved, and it is not shown again.', yes: 'Close', no: 'Back to the receipt' },
        async closed() {
            await world.refresh();
            go({ screen: 'environments' });
        },
    });
}
