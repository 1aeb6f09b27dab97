// SPDX-License-Identifier: BSL-1.0
// What a screen reader is told, politely: saves, ends of work, changes made by others.
import { topDialog } from './dialog.js';

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
