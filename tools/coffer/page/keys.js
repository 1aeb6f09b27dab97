// SPDX-License-Identifier: BSL-1.0
// Keys: which key-encryption key wraps the data keys of which environment. Data keys are rewrapped and
// rotated here; the keys that wrap them are changed where they are kept, with the command
// (key_commands.js), or from here where the server lets it (key_changes.js).
import * as api from './api.js';
import * as world from './world.js';
import { whyNotNow } from './actions.js';
import { announce } from './announce.js';
import { button, problemLine } from './controls.js';
import { openDialog } from './dialog.js';
import { count, el, fill, icon, named } from './el.js';
import { crumbs, screenHead } from './head.js';
import * as changes from './key_changes.js';
import * as commands from './key_commands.js';
import { rewrapButton } from './rewrap.js';
import { live, panel } from './states.js';
import { timeElement } from './time.js';

const states = {
    active: ['check', 'teal', 'Active', 'wraps new data keys and opens old ones'],
    decrypt_only: ['clock', 'amber', 'Decrypt-only', 'opens what it sealed; rewrap, then disable it'],
    disabled: ['hidden', 'red', 'Disabled', 'opens nothing: what is under it can’t be read'],
    destroyed: ['cross', 'red', 'Destroyed', 'gone for good, and with it what only it could open'],
};

/**
 * Where a key is known to hold nothing. Which environments are on it is known of those that can be read: a disabled
 * key is why one can't, and so those that can't for that reason are named.
 */
function holdsNone({ state }, unread) {
    if (unread.length === 0) return 'none';
    const why = { disabled: 'not known while it is disabled', destroyed: 'not known: it is destroyed' }[state];
    if (!why) return 'none that can be read';
    const stopped = unread.filter((one) => one.error === 'key_disabled');
    return [why, stopped.length > 0 && ['; it may be under it: ', stopped.map((one, i) => [i > 0 && ', ', named(world.environmentName(one.id))])]];
}

function keyRow(one, { kept, by, reason, done, unread }) {
    const [shape, tone, word, meaning] = states[one.state] ?? ['dash', 'grey', one.state ?? 'In use', ''];
    const environments = (one.environments ?? []).map((item) => (typeof item === 'string' ? { id: item } : item));
    return el('tr', { role: 'row', class: 'row', 'data-row': one.kekId },
        el('td', { role: 'cell', class: 'what' }, el('span', { class: 'name mono', tabindex: '-1', 'data-focus': `key:${one.kekId}` }, one.kekId)),
        el('td', { role: 'cell' }, el('span', { class: `badge ${tone}` }, icon(shape), word), el('div', { class: 'line' }, meaning)),
        el('td', { role: 'cell', 'data-label': 'made' }, one.createdAt && timeElement(one.createdAt)),
        el('td', { role: 'cell', 'data-label': 'environments' }, environments.length === 0 ? el('span', { class: 'faint' }, holdsNone(one, unread))
            : environments.map((item) => el('div', {}, named(world.environmentName(item.id)),
                item.dek !== undefined && el('span', { class: 'faint' }, ` data key ${item.dek}`),
                item.seals !== undefined && el('span', { class: 'faint' }, `, ${count(item.seals, 'seal')}`)))),
        el('td', { role: 'cell', class: 'act' }, ['active', 'decrypt_only'].includes(one.state) && button('Disable…', {
            small: true, reason, act: () => by.disableKek(one.kekId, environments, { kept, closed: done }),
        })));
}

function keysTable(rows) {
    return el('table', { role: 'table', class: 'rows keys-rows', 'aria-label': 'Keys' },
        el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, ['Key', 'State', 'Made', 'Environments on it', 'Change'].map((head) => el('th', { role: 'columnheader', scope: 'col' }, head)))),
        el('tbody', { role: 'rowgroup' }, rows));
}

/** A new data key, and everything sealed under it anew, part by part; closed, it goes on where it stopped. */
function rotateDialog(environmentId, done) {
    const place = world.environmentName(environmentId);
    const told = el('p', { role: 'status' });
    const problem = problemLine();
    let stopped = false;
    const go = button('Rotate the data key', { kind: 'primary', type: 'submit' });
    const dialog = openDialog({
        title: ['Rotate the data key of ', named(place)], kind: 'narrow',
        body: [el('p', {}, 'New values are sealed under a new data key at once; then what is there is sealed anew, part by part. Do it after a leak, with new values for what leaked.'), told, problem.element],
        footer: [button('Close', { act: () => dialog.close() }), go],
        dirty: () => false, closed: () => { stopped = true; done(); },
        submit: run,
    });
    async function run() {
        if (go.getAttribute('aria-disabled') === 'true') return;
        go.setAttribute('aria-disabled', 'true');
        problem.say('');
        try {
            for (let sealed = 0, more = true; more && !stopped;) {
                const part = await api.rotateDataKey(environmentId);
                sealed += part.resealed;
                more = part.more;
                fill(told, `Data key ${part.dek}: ${count(sealed, 'record')} sealed anew${more ? ', going on…' : '. Done.'}`,
                    part.damaged > 0 && ` ${count(part.damaged, 'record')} could not be opened and stay as they are.`);
                if (!more) announce(`The data key of ${place} is rotated`);
            }
        } catch (failed) {
            if (failed.name !== 'ApiError') throw failed;
            problem.say(`Not finished: ${failed.message}. Rotate again to go on where it stopped.`);
            go.setAttribute('aria-disabled', 'false');
        }
    }
}

export function screen(place) {
    const whyNot = () => (world.may('keys', place.environmentId) ? whyNotNow() : 'Changing keys needs the role operator');
    const done = () => view.refresh();
    const view = live({
        rows: 3,
        head: () => keysTable([]),
        load: (signal) => api.keys(place.environmentId, { signal }),
        draw: ({ data: list, unread = [], kept, managed }) => {
            const reason = whyNot();
            const by = managed ? changes : commands;
            const keyReason = reason ?? commands.fixedReason(kept);
            return [
                unread.map((one) => el('p', { class: 'list-note amber' }, icon('warning'), named(world.environmentName(one.id)),
                    ' can’t be read', one.error === 'key_disabled' ? ': its key is disabled.' : ` (${one.error}).`)),
                list.some((one) => one.state === 'decrypt_only' && one.environments?.length > 0) && el('p', { class: 'list-note amber' }, icon('warning'),
                    'A key that only decrypts still holds environments: rewrap them.'),
                list.length === 0 ? panel('empty', 'No keys to show', el('p', {}, 'The key provider of this server does not list its keys.'))
                    : keysTable(list.map((one) => keyRow(one, { kept, by, reason: keyReason, done, unread }))),
                el('section', { class: 'part boxed' }, el('h2', {}, 'Change'),
                    el('p', {}, 'Rewrap after a new key became active; rotate the data key after a leak.'),
                    commands.fixedReason(kept) && el('p', { class: 'faint' }, commands.fixedReason(kept)),
                    el('div', { class: 'panel-actions' },
                        button('Rotate the key…', { reason: keyReason, act: () => by.rotateKek(place.environmentId, { kept, closed: done }) }),
                        rewrapButton(place.environmentId, { reason, done }),
                        button('Rotate the data key…', { reason, act: () => rotateDialog(place.environmentId, done) }),
                        button('Shred…', { reason: keyReason, kind: 'quiet', act: () => by.shredEnvironment(place.environmentId, { kept, closed: done }) }))),
            ];
        },
    });
    const ready = view.refresh();
    return {
        title: 'Keys', ready, refresh: view.refresh,
        nodes: [screenHead({
            way: crumbs(place, 'Keys'), title: ['Keys of ', named(world.environmentName(place.environmentId))],
            about: 'The store holds sealed data keys; these keys, which open them, are kept elsewhere.',
        }), view.outlet],
        close: view.close,
    };
}
