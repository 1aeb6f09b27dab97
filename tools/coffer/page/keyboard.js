// SPDX-License-Identifier: BSL-1.0
// Keys. Single letters are off inside fields and dialogs, and can be switched off altogether.
import { el } from './el.js';
import { checkbox } from './controls.js';
import { openDialog, topDialog } from './dialog.js';

const switchedOff = 'coffer.keys';
let screenKeys = {};
let pageKeys = {};
let pending = '';
let pendingTimer = 0;

/**
 * The keys of the screen that is shown: {key: function(row)}, where row is the data-row in focus. What it has for
 * j and k is done while they are held, too.
 */
export function setScreenKeys(keys) {
    screenKeys = keys ?? {};
}

/** Starts listening. `keys` work on every screen; those of two letters are typed one after the other. */
export function startKeyboard(keys) {
    pageKeys = keys;
    document.addEventListener('keydown', pressed);
}

/** Whether single-letter keys are switched off. */
export const isOff = () => localStorage.getItem(switchedOff) === 'off';
const isField = (element) =>
    element?.matches?.('input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]');

function pressed(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || topDialog() ||
        isField(event.target)) return;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
        if (event.target.closest?.('[data-row]') || event.target === document.body)
            step(event, event.key === 'ArrowDown' ? 1 : -1);
        return;
    }
    if (isOff()) return;
    const typed = pending + event.key;
    clearTimeout(pendingTimer);
    pending = '';
    if (event.key === '/') {
        const search = ['main [data-search]', '[data-search]'].map((one) => document.querySelector(one)).find((one) => one?.checkVisibility());
        if (search) {
            event.preventDefault();
            search.focus();
            search.select();
        }
    } else if ((event.key === 'j' || event.key === 'k') && !Object.hasOwn(screenKeys, event.key)) {
        step(event, event.key === 'j' ? 1 : -1);
    } else if (event.repeat && event.key !== 'j' && event.key !== 'k') {
        return; // held, a key does what it does once
    } else if (Object.hasOwn(pageKeys, typed)) {
        event.preventDefault();
        pageKeys[typed]();
    } else if (Object.hasOwn(screenKeys, event.key)) {
        event.preventDefault();
        screenKeys[event.key](event.target.closest?.('[data-row]')?.dataset.row);
    } else if (Object.keys(pageKeys).some((key) => key.length > 1 && key.startsWith(event.key))) {
        pending = `${event.key} `;
        pendingTimer = setTimeout(() => { pending = ''; }, 1500);
    }
}

/** Moves the focus to the next or previous row's first control. */
function step(event, by) {
    const rows = [...document.querySelectorAll('main [data-row]')].filter((row) => !row.hidden);
    if (rows.length === 0) return;
    event.preventDefault();
    const here = rows.indexOf(document.activeElement?.closest('[data-row]'));
    const next = here < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, here + by));
    const target = rows[next].querySelector('[data-focus]') ?? rows[next];
    target.focus();
    rows[next].scrollIntoView({ block: 'nearest' });
}

// Where they work, and what they do there.
const all = [
    ['Everywhere', [
        ['/', 'search or filter'], ['g e', 'environments'], ['g s', 'spaces'], ['g m', 'matrix'],
        ['n', 'new: a secret, a space, an environment or a token'], ['z', 'undo the last change'],
        ['Ctrl Enter', 'save'], ['Esc', 'close (asks if something was typed)'], ['?', 'this list'],
    ]],
    ['On a row, in the details and on a cell of the matrix', [
        ['↑ ↓  or  j k', 'the next row; in the details, with j k, the next name'], ['Enter', 'details'],
        ['o', 'override or replace'], ['h', 'hide in this space'],
        ['u', 'use the environment’s value again; remove what is only here'], ['y', 'copy the name'],
    ]],
    ['In the matrix', [
        ['← →', 'the next name'], ['Enter', 'on the head of a row its space, of a column its name in all spaces'],
        ['Space', 'select a cell; on the head of a column all of it'],
        ['Shift Space', 'select the row'], ['Ctrl Space', 'select the column'], ['Shift ↑ ↓ ← →', 'select up to there'],
    ]],
];
const keysOf = (text) => text.split('  ').map((part) => (part === 'or' ? ' or ' : part.split(' ').map((one) => el('kbd', {}, one))));

/** The list of all keys, and their switch. */
export function showKeys() {
    const box = checkbox('Single-letter keys are on', {
        checked: !isOff(),
        on: { change: (event) => localStorage.setItem(switchedOff, event.target.checked ? 'on' : 'off') },
    });
    openDialog({
        title: 'Keyboard', kind: 'narrow',
        body: [box.element, all.map(([where, keys]) => el('section', { class: 'part' }, el('h3', {}, where),
            el('dl', { class: 'keys' }, keys.map(([key, what]) => [el('dt', {}, keysOf(key)), el('dd', {}, what)]))))],
        dirty: () => false,
    });
}
