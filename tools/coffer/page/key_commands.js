// SPDX-License-Identifier: BSL-1.0
// What changes the keys themselves, unless the server lets operators do it from here (key_changes.js): the
// command, where they are kept. Here is said which command, and what it does.
import { button, copyButton } from './controls.js';
import { openDialog } from './dialog.js';
import { el, icon, named } from './el.js';
import * as world from './world.js';

/** Where the keys of this server are changed, by what it says of where they are kept. */
const places = {
    file: 'In a shell on the server’s machine, as the user whose keyring file it is. This server sees it at once.',
    credential: 'This server has a copy of its keyring, which it can’t write. Change the file that the copy is made of (--keys file:PATH), then restart the service.',
};
/** Keys that no command changes. */
const fixed = {
    env: 'The key of this server comes from an environment variable, and no command rotates or disables it: give the server a new one, with the older one behind it (--keys env:NEW,OLD), restart it, and rewrap here.',
    passphrase: 'The key of this server is made from a passphrase: no command rotates or disables it.',
};

/** One word of a shell, whatever is in it. */
export function shellWord(text) {
    return /^[A-Za-z0-9._][A-Za-z0-9._-]*$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Why no command changes the keys; nothing where one does. */
export const fixedReason = (kept) => fixed[kept];

/** Shows commands, each with what it is for; `closed` is called when they were looked at. */
function show({ title, text, warning, commands, kept, closed }) {
    const dialog = openDialog({
        title, kind: 'set',
        body: [el('p', {}, text), warning && el('p', { class: 'list-note amber' }, icon('warning'), warning),
            commands.map(([what, command]) => el('div', { class: 'part' }, el('p', {}, what),
                el('pre', { class: 'code', tabindex: '0' }, command),
                el('div', { class: 'panel-actions' }, copyButton('Copy command', () => command, 'The command')))),
            el('p', { class: 'faint' }, places[kept] ?? 'Where the keys are kept. ',
                ' The command asks before it does anything. From here this server changes no keys: a stolen session must not reach them.')],
        footer: [button('Close', { kind: 'primary', act: () => dialog.close() })],
        dirty: () => false, closed,
    });
}

export function rotateKek(environmentId, { kept, closed }) {
    const place = world.environmentName(environmentId);
    show({
        title: 'Rotate the key', kept, closed,
        text: 'A new key becomes active and wraps the data keys from then on; what is there stays readable. Back up the keyring then, and rewrap here.',
        commands: [['A new key in the place of every active one:', 'coffer keys rotate-kek'],
            [['A key for ', named(place), ' alone:'], `coffer keys rotate-kek --env=${shellWord(environmentId)}`]],
    });
}

export function disableKek(kekId, environments, { kept, closed }) {
    show({
        title: ['Disable ', named(kekId)], kept, closed,
        text: 'Nothing under it can be opened any more, in other stores of the keyring either. It is undone by hand, in the keyring.',
        warning: environments.length > 0 && 'It still wraps data keys here, so the command refuses: rewrap all environments first.',
        commands: [['', `coffer keys disable ${shellWord(kekId)}`]],
    });
}

export function shredEnvironment(environmentId, { kept, closed }) {
    show({
        title: ['Shred ', named(world.environmentName(environmentId))], kept, closed,
        text: 'The environment is removed and the keys that speak for it alone are destroyed: nothing opens what was ever sealed of it, in no backup of the store. The command asks for the name of the environment and prints a receipt.',
        warning: 'It needs a key of its own (Rotate the key…, the second command; then rewrap and rotate the data key), else the command refuses. Copies of the keyring still open copies of the store: destroy those too.',
        commands: [['', `coffer keys shred --env=${shellWord(environmentId)}`]],
    });
}
