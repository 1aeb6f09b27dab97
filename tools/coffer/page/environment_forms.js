// SPDX-License-Identifier: BSL-1.0
// Making, renaming and removing environments and spaces.
import * as api from './api.js';
import * as session from './session.js';
import * as world from './world.js';
import { count, el, named } from './el.js';
import { whyNotNow } from './actions.js';
import { button, checkbox, field, problemLine, select, textInput } from './controls.js';
import { openDialog } from './dialog.js';
import { go } from './router.js';
import { saved } from './undo.js';

/** What an environment holds, as far as it is told: nothing of one that can't be read, and its names to who may list them. */
export const heldBy = ({ names, spaces }) => [names !== undefined && count(names, 'name'), spaces !== undefined && count(spaces, 'space')].filter(Boolean).join(' · ');

/** A dialog with a form: `save()` does it and says what was done; its refusal is shown in the dialog, in the words of `refused`. */
function formDialog({ title, body, label, danger, ready, save, refused = (failed) => failed.message }) {
    const problem = problemLine();
    const submit = button(label, { kind: danger ? 'danger' : 'primary', type: 'submit' });
    const dialog = openDialog({
        title, kind: 'narrow', body: [body, problem.element],
        footer: [button('Cancel', { act: () => dialog.tryClose() }), submit],
        dirty: danger ? () => false : undefined, // a typed confirmation is no work
        async submit() {
            const why = ready?.();
            if (why) {
                problem.say(why);
                return;
            }
            dialog.busy(true);
            try {
                const text = await save();
                dialog.busy(false);
                dialog.close();
                saved(text);
            } catch (failed) {
                if (failed.name !== 'ApiError') throw failed;
                problem.say(failed.unknown ? 'The connection ended before the answer. Close and look whether it is done.' : refused(failed));
            } finally {
                dialog.busy(false);
            }
        },
    });
    return dialog;
}

const idHint = 'Programs name it. Empty: the server makes one.';
/** The words for an id that is taken already: nobody wrote it meanwhile, it was there. */
const taken = (id) => (failed) => (failed.status === 409 ? `There is already one with the id ${id.value.trim()}.` : failed.message);
const needed = (name) => () => (name.value.trim() === '' ? 'A name is needed' : undefined);

/** Why the holder may not make an environment, or nothing. */
export const whyNoEnvironment = () => (session.holdsAnywhere('keys') ? whyNotNow() : 'Making an environment needs the role operator');

export function newEnvironment() {
    const name = textInput({ autofocus: true });
    const id = textInput({ class: 'mono' });
    const prod = checkbox('Production: saving always shows what changes, and asks for its name');
    formDialog({
        title: 'New environment', label: 'Create environment', ready: needed(name), refused: taken(id),
        body: [field('Name', name), field('Id', id, { optional: true, hint: idHint }), prod.element],
        async save() {
            const made = await api.makeEnvironment({ name: name.value.trim(), isProd: prod.input.checked, id: id.value.trim() || undefined });
            await world.refresh();
            go({ environmentId: made.id, screen: 'secrets' });
            return `Environment ${made.name} created.`;
        },
    });
}

export function editEnvironment(one, done) {
    const name = textInput({ value: one.name, autofocus: true });
    const prod = checkbox('Production: saving always shows what changes, and asks for its name', { checked: Boolean(one.isProd) });
    const mayPolicy = (one.rights ?? []).includes('policy');
    const was = one.reveal ?? 'never';
    const policy = select([['never', 'never'], ['allowed', 'allowed, to tokens with reveal']], { value: was, disabled: !mayPolicy });
    formDialog({
        title: ['Change ', named(one.name)], label: 'Save', ready: needed(name),
        body: [field('Name', name), prod.element, field('Values may be shown', policy, { hint: 'Only where the server runs with --reveal reason. Until it is chosen here: never in production.' })],
        async save() {
            // What was not changed is not sent: it may be a default, and somebody may have changed it since.
            const fields = {};
            if (name.value.trim() !== one.name) fields.name = name.value.trim();
            if (prod.input.checked !== Boolean(one.isProd)) fields.isProd = prod.input.checked;
            if (policy.value !== was) fields.reveal = policy.value;
            if (Object.keys(fields).length === 0) return `Environment ${one.name} is as it was.`;
            await api.changeEnvironment(one.id, fields);
            await world.refresh();
            done?.();
            return `Environment ${name.value.trim()} saved.`;
        },
    });
}

export function removeEnvironment(one) {
    const typed = textInput({ autofocus: true });
    formDialog({
        title: ['Remove ', named(one.name)], label: `Remove ${one.name} and all in it`, danger: true,
        ready: () => (typed.value.trim() === one.name ? undefined : `Type ${one.name} to go on`),
        body: [el('p', {}, heldBy(one) ? `It holds ${heldBy(one)}, gone` : 'What it holds is not known; it is gone', ' for every program at its next read. This can’t be undone here: only a backup brings it back.'),
        field(`Type ${one.name}`, typed)],
        async save() {
            await api.removeEnvironment(one.id);
            await world.refresh();
            go({ screen: 'environments' });
            return `Environment ${one.name} removed.`;
        },
    });
}

export function newSpace(environmentId, done) {
    const name = textInput({ autofocus: true });
    const id = textInput({ class: 'mono' });
    formDialog({
        title: ['New space in ', named(world.environmentName(environmentId))], label: 'Create space', ready: needed(name), refused: taken(id),
        body: [field('Name', name), field('Id', id, { optional: true, hint: idHint })],
        async save() {
            const made = await api.makeSpace(environmentId, { name: name.value.trim(), id: id.value.trim() || undefined });
            world.meetSpaces(environmentId, [made]);
            await world.refresh();
            done(made);
            return `Space ${made.name ?? made.id} created: it inherits everything.`;
        },
    });
}

export function renameSpace(where, done) {
    const name = textInput({ value: world.placeName(where), autofocus: true });
    formDialog({
        title: ['Rename ', named(world.placeName(where))], label: 'Rename', ready: needed(name), body: field('Name', name),
        async save() {
            await api.changeSpace(where, { name: name.value.trim() });
            world.meetSpaces(where.environmentId, [{ id: where.spaceId, name: name.value.trim() }]);
            done();
            return `Renamed to ${name.value.trim()}.`;
        },
    });
}

/** `held`: what goes with it, in words. */
export function removeSpace(where, held, done) {
    const place = world.placeName(where);
    const typed = textInput({ autofocus: true });
    formDialog({
        title: ['Remove ', named(place)], label: `Remove ${place}`, danger: true,
        ready: () => (typed.value.trim() === place ? undefined : `Type ${place} to go on`),
        body: [el('p', {}, held.length > 0 ? `With it go ${new Intl.ListFormat('en-GB').format(held)}. ` : '',
            'Its programs find nothing at their next read. This can’t be undone here.'), field(`Type ${place}`, typed)],
        async save() {
            await api.removeSpace(where);
            await world.refresh();
            done();
            return `Space ${place} removed.`;
        },
    });
}
