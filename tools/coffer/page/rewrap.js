// SPDX-License-Identifier: BSL-1.0
// Wrapping data keys anew under the active key, one environment after the other.
import * as api from './api.js';
import * as world from './world.js';
import { button, problemLine } from './controls.js';
import { openDialog } from './dialog.js';
import { count, el, fill, icon, named } from './el.js';
import { saved } from './undo.js';

/** The button that wraps data keys anew under the active key: of an environment, or of all (undefined). */
export function rewrapButton(environmentId, { reason, done, ...more } = {}) {
    return button('Rewrap…', { reason, ...more, act: () => rewrapDialog(environmentId, done) });
}

/** One environment after the other; closed, it ends after the one that it is at. `before`: what was done before, in words. */
export function rewrapDialog(environmentId, done, before) {
    const place = environmentId === undefined ? 'all environments' : world.environmentName(environmentId);
    const told = el('p', { role: 'status' });
    const bar = el('progress', { 'aria-label': 'Rewrapped', hidden: true });
    const problem = problemLine();
    let stopped = false;
    const go = button('Rewrap', { kind: 'primary', type: 'submit' });
    const dialog = openDialog({
        title: ['Rewrap the data keys of ', named(place)], kind: 'narrow', role: 'alertdialog',
        body: [before && el('p', {}, icon('check'), ' ', before), el('p', {}, 'They are wrapped anew by the active key. No value is sealed anew, and nobody notices. Keys that wrap nothing any more can be disabled then.'), bar, told, problem.element],
        footer: [button('Close', { act: () => dialog.close() }), go],
        dirty: () => false, closed: () => { stopped = true; done?.(); },
        submit: run,
    });
    async function run() {
        if (go.getAttribute('aria-disabled') === 'true') return;
        go.setAttribute('aria-disabled', 'true');
        problem.say('');
        // The last step of all takes what nobody is shown: Coffer's own environment.
        const steps = environmentId === undefined ? [...world.environments().map((one) => one.id), undefined] : [environmentId];
        bar.hidden = false;
        bar.max = steps.length;
        let all = [];
        try {
            for (let i = 0; i < steps.length && !stopped; i += 1) {
                bar.value = i;
                fill(told, `Rewrapped ${i} of ${steps.length}`);
                all = await rewrapped(steps[i]);
            }
        } catch (failed) {
            if (failed.name !== 'ApiError') throw failed;
            problem.say(`Not finished: ${failed.message}. Rewrap again to go on.`);
            go.setAttribute('aria-disabled', 'false');
            return;
        }
        if (stopped) return;
        const failed = all.filter((one) => one.error);
        dialog.close();
        saved(failed.length === 0 ? `${count(all.length, 'environment')} rewrapped.`
            : `Rewrapped ${all.length - failed.length} of ${count(all.length, 'environment')}; not ${failed.map((one) => `${world.environmentName(one.environmentId)} (${one.error})`).join(', ')}.`, undefined, { failed: failed.length > 0 });
    }
    /** Of all, one that fails does not keep the others: the last step tells of it. */
    async function rewrapped(id) {
        try {
            return await api.rewrapKeys(id);
        } catch (failed) {
            if (failed.name !== 'ApiError' || environmentId !== undefined || id === undefined) throw failed;
            return [];
        }
    }
}
