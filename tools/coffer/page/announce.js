// SPDX-License-Identifier: BSL-1.0
// What a screen reader is told, politely: saves, ends of work, changes made by others; and what everybody
// is shown for a moment.
import { topDialog } from './dialog.js';
import { el, fill } from './el.js';

const shownFor = 4000;
let note = null;
let timer = 0;
/** Says it, and shows it for a moment, over whatever is open: for what else would leave no trace. */
export function tell(text) {
    announce(text);
    note ??= el('div', { class: 'told', popover: 'manual', 'aria-hidden': 'true' });
    if (!note.isConnected) document.body.append(note);
    fill(note, text);
    if (note.matches(':popover-open')) note.hidePopover(); // the one on top is the last that was shown
    note.showPopover();
    clearTimeout(timer);
    timer = setTimeout(() => note.hidePopover(), shownFor);
}

/** Says a sentence. Repeating the last one is said again. */
export function announce(text) {
    const region = document.getElementById('announcements');
    // Outside of an open dialog nothing is heard.
    const parent = topDialog()?.element ?? document.body;
    if (region.parentNode !== parent) parent.append(region);
    region.textContent = '';
    // A region whose text did not change says nothing.
    setTimeout(() => { region.textContent = text; }, 50);
}
