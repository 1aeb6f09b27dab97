// SPDX-License-Identifier: BSL-1.0
// What a screen reader is told, politely: saves, ends of work, changes made by others.

/** Says a sentence. Repeating the last one is said again. */
export function announce(text) {
    const region = document.getElementById('announcements');
    region.textContent = '';
    // A region whose text did not change says nothing.
    setTimeout(() => { region.textContent = text; }, 50);
}
