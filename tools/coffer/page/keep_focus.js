// SPDX-License-Identifier: BSL-1.0
// Where the focus goes when what had it is taken out of the page: a bar that was pressed away, the last
// page of a list. Whoever draws something anew puts it back first; this is for what is gone.

let last = null;

function toTitle() {
    if (!last || last.isConnected || document.activeElement !== document.body) return;
    last = null;
    document.querySelector('main h1')?.focus({ preventScroll: true });
}

/** Begins to look after the focus. */
export function keepFocus() {
    addEventListener('focusin', (event) => { last = event.target; });
    // Pressed on nothing, it is meant to be nowhere.
    addEventListener('pointerdown', (event) => { if (!event.target.closest('button, a, input, select, textarea, [tabindex]')) last = null; }, { capture: true });
    // What puts it back may do so in the next frame.
    new MutationObserver(() => { if (last && !last.isConnected) requestAnimationFrame(() => requestAnimationFrame(toTitle)); }).observe(document.body, { childList: true, subtree: true });
}
