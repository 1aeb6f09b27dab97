// SPDX-License-Identifier: BSL-1.0
// The one way in which this page makes elements. Text only ever becomes text: nothing here takes
// markup, so a name or a message can't become an element, a script or a link to one.

/**
 * An element. `attributes` may hold `on: {event: function}`; true stands for an attribute without
 * a value; false, null and undefined leave it out. Children are nodes, texts, numbers, lists of
 * these, or nothing (false, null, undefined).
 */
export function el(name, attributes = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
        if (key === 'on') {
            for (const [event, f] of Object.entries(value)) element.addEventListener(event, f);
        } else if (value !== false && value !== null && value !== undefined) {
            set(element, key, value);
        }
    }
    append(element, children);
    return element;
}

function set(element, key, value) {
    const text = value === true ? '' : String(value);
    if (key === 'style' || key.startsWith('on') || key === 'srcdoc' || key === 'src')
        throw new Error(`el: no attribute ${key} here`);
    if (key === 'href' && !text.startsWith('#')) throw new Error('el: links stay in the page');
    element.setAttribute(key, text);
}

function append(element, children) {
    for (const child of children) {
        if (Array.isArray(child)) append(element, child);
        else if (child instanceof Node) element.append(child);
        else if (child !== false && child !== null && child !== undefined)
            element.append(document.createTextNode(String(child)));
    }
}

/** Replaces what is in an element. */
export function fill(element, ...children) {
    element.replaceChildren();
    append(element, children);
    return element;
}

/** What puts the focus back on what it is on in there, by data-focus, once that was drawn anew; nothing is scrolled for it. */
export function focusIn(element) {
    const focused = document.activeElement;
    const key = element.contains(focused) ? focused.closest('[data-focus]')?.dataset.focus : undefined;
    return () => {
        if (key !== undefined) element.querySelector(`[data-focus="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
    };
}

/** Replaces what is in an element, and keeps the focus. */
export function refill(element, ...children) {
    const back = focusIn(element);
    fill(element, ...children);
    back();
    return element;
}

/** A small picture that says nothing to those who can't see it: the text beside it does. */
export function icon(name) {
    return el('span', { class: `icon icon-${name}`, 'aria-hidden': 'true' });
}

/** Text for screen readers alone. */
export function unseen(text) {
    return el('span', { class: 'unseen' }, text);
}

/** The name of a secret, space or person: kept apart from the direction of the text around it. */
export function named(text, attributes = {}) {
    return el('bdi', attributes, text);
}

/** `n` of something, with its plural. */
export function count(n, one, many = `${one}s`) {
    return `${n.toLocaleString('en')} ${n === 1 ? one : many}`;
}

let ids = 0;
/** An id that no other element has, for labels and descriptions. */
export function freshId(what) {
    ids += 1;
    return `${what}-${ids}`;
}
