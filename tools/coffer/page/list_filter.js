// SPDX-License-Identifier: BSL-1.0
// The filter of a list: its field, what it leaves, and what stands in the place of the rows where that is
// nothing.
import { el, named } from './el.js';
import { button, filterField } from './controls.js';
import { didYouMean } from './hints.js';
import { panel } from './states.js';

/**
 * What stands where no `what` ("name", "token") contains a text: `near` is what was probably meant, `look(text)`
 * looks for another text, `more` are further things to do.
 */
export function nothingContains({ what, text, near, look, mono }, ...more) {
    return panel('search', [`No ${what} contains “`, named(text), '”.'],
        near && el('p', {}, 'Did you mean ', button(near, { kind: mono ? 'link mono' : 'link', act: () => look(near) }), '?'),
        button('Clear filter', { act: () => look('') }), more);
}

/**
 * The filter of a list that is here as a whole. `textsOf(item)` are those in which it looks, `meantOf(item)` those
 * that can have been meant, without it the first; `changed()` is called with each key, and `looked()` before it
 * where the text is set by what stands in place of the rows. `value` is the text to begin with.
 */
export function listFilter({ label, what, mono, textsOf, meantOf = (item) => textsOf(item).slice(0, 1), changed, looked, value = '' }) {
    let text = value;
    const element = filterField(label, (typed) => { text = typed.trim(); changed(); }, value);
    function look(other) {
        text = other;
        element.querySelector('input').value = other;
        looked?.();
        changed();
    }
    return {
        element,
        text: () => text,
        /** The items that have the text somewhere; all, without one. */
        matching(items) {
            const wanted = text.toLowerCase();
            return wanted === '' ? items : items.filter((item) => textsOf(item).some((one) => one?.toLowerCase().includes(wanted)));
        },
        nothing: (items, ...more) => nothingContains({ what, mono, text, look, near: didYouMean(text, items.flatMap(meantOf)) }, ...more),
    };
}
