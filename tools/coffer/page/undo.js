// SPDX-License-Identifier: BSL-1.0
// The bar after a save: 30 seconds in which one press takes it back.
import { el, fill, icon } from './el.js';
import { button, pictureButton } from './controls.js';
import { announce } from './announce.js';
import { rememberFocus, topDialog } from './dialog.js';
import { whoWasFirst } from './outcome.js';

const shownFor = 30_000;
let bar = null;
let timer = 0;
let back = null; // the focus to where it was before it came into the bar
let current = null;
let madeOn = null; // the screen that `current` knows
let shown = 0; // how many saves were told
let askAnew = null; // of the screen that is shown

/** Takes note that a screen is shown: `refresh` asks anew for what it has. */
export function screenShown(refresh) {
    askAnew = refresh;
}

function place() {
    bar ??= el('div', {
        class: 'undo-bar', hidden: true, role: 'region', 'aria-label': 'Last change', 'data-survives': true, on: { focusin: cameIn },
    });
    // What is outside of an open dialog can't be reached: the bar goes into it, and comes out again.
    const parent = topDialog()?.element ?? document.body;
    if (bar.parentNode !== parent) parent.append(bar);
    return bar;
}

/**
 * Shows what was saved. `undo`, if there is one, takes it back, shows that where the save was made, and says
 * what is now. `failed`: it is not saved, or not all of it, and the bar says so.
 */
export function saved(text, undo, { failed = false } = {}) {
    announce(text);
    current = undo;
    madeOn = undo && askAnew;
    shown += 1;
    const outlet = place();
    fill(outlet, icon(failed ? 'warning' : 'check'), el('span', { class: 'undo-text' }, text),
        undo && button('Undo', { small: true, act: undoLast, more: { 'aria-keyshortcuts': 'z' } }),
        pictureButton('close', 'Dismiss', hide));
    outlet.hidden = false;
    clearTimeout(timer);
    timer = setTimeout(hide, shownFor);
}

function cameIn({ relatedTarget }) {
    if (!bar.contains(relatedTarget)) back = rememberFocus(relatedTarget);
}

function hide() {
    clearTimeout(timer);
    const outlet = place();
    const had = outlet.contains(document.activeElement);
    if (had) {
        back?.();
        if (outlet.contains(document.activeElement))
            (topDialog()?.element.querySelector('[tabindex], button') ?? document.querySelector('main h1'))?.focus({ preventScroll: true });
    }
    outlet.hidden = true;
    current = null;
}

/** Takes the last save back, while its bar is there. What was saved meanwhile keeps its bar; what failed can be tried again. */
export async function undoLast() {
    const undo = current;
    if (!undo) return;
    current = null;
    const mine = shown;
    const from = madeOn;
    const tell = (text, again, more) => (shown === mine ? saved(text, again, more) : announce(text));
    const failed = { failed: true };
    try {
        tell(await undo());
        if (askAnew !== from) askAnew?.(); // another is shown by now, or the same once more
    } catch (problem) {
        if (problem.name !== 'ApiError') throw problem;
        if (problem.status === 409) tell(`Not undone: ${whoWasFirst(problem)} It is kept.`, undefined, failed);
        else tell(problem.unknown ? 'The connection ended before the answer: look whether it is undone.' : `Not undone: ${problem.message}`, undo, failed);
    }
}
