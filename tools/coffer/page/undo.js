// SPDX-License-Identifier: BSL-1.0
// The bar after a save: 30 seconds in which one press takes it back.
import { el, fill, icon } from './el.js';
import { button, pictureButton } from './controls.js';
import { announce } from './announce.js';
import { topDialog } from './dialog.js';
import { whoWasFirst } from './outcome.js';

const shownFor = 30_000;
let bar = null;
let timer = 0;
let current = null;

function place() {
    bar ??= el('div', {
        class: 'undo-bar', hidden: true, role: 'region', 'aria-label': 'Last change', 'data-survives': true,
    });
    // What is outside of an open dialog can't be reached: the bar goes into it, and comes out again.
    const parent = topDialog()?.element ?? document.body;
    if (bar.parentNode !== parent) parent.append(bar);
    return bar;
}

/** Shows what was saved. `undo`, if there is one, takes it back and says what is now. */
export function saved(text, undo) {
    announce(text);
    current = undo;
    const outlet = place();
    fill(outlet, icon('check'), el('span', { class: 'undo-text' }, text),
        undo && button('Undo', { small: true, act: undoLast, more: { 'aria-keyshortcuts': 'z' } }),
        pictureButton('close', 'Dismiss', hide));
    outlet.hidden = false;
    clearTimeout(timer);
    timer = setTimeout(hide, shownFor);
}

function hide() {
    clearTimeout(timer);
    place().hidden = true;
    current = null;
}

/** Takes the last save back, while its bar is there. */
export async function undoLast() {
    const undo = current;
    if (!undo) return;
    current = null;
    try {
        saved(await undo());
    } catch (problem) {
        if (problem.name !== 'ApiError') throw problem;
        saved(problem.status === 409 ? `Not undone: ${whoWasFirst(problem)} It is kept.`
            : problem.unknown ? 'The connection ended before the answer: look whether it is undone.' : `Not undone: ${problem.message}`);
    }
}
