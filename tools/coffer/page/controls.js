// SPDX-License-Identifier: BSL-1.0
// Buttons, fields and the like, each made in one way.
import { el, fill, freshId, icon, unseen } from './el.js';
import { announce, tell } from './announce.js';
import { withoutToken } from './token_text.js';

/**
 * A button that says what it does. With `reason` it is there but can't be used, and says why, also when pressed.
 * `kind`: primary, danger, quiet or nothing.
 */
export function button(label, { kind, reason, picture, small, act, type = 'button', more = {} } = {}) {
    const classes = ['button', kind, small && 'small', picture && !label && 'only-picture'];
    const element = el('button', {
        type,
        class: classes.filter(Boolean).join(' '),
        'aria-disabled': reason ? 'true' : undefined,
        title: reason || undefined,
        on: {
            click(event) {
                if (reason) {
                    event.preventDefault();
                    tell(reason); // a tooltip is nothing to those who have no pointer
                } else act?.(event);
            },
        },
        ...more,
    }, picture && icon(picture), label && el('span', {}, label));
    if (reason) element.append(unseen(` (not possible: ${reason})`));
    return element;
}

/** A button that is only a picture; the label is for those who hear it and for the tooltip. */
export function pictureButton(picture, label, act, more = {}) {
    return el('button', {
        type: 'button', class: 'button quiet only-picture', 'aria-label': label, title: label,
        on: { click: act }, ...more,
    }, icon(picture));
}

/** A labelled control. Returns the whole; `control` gets the id that the label names. */
export function field(label, control, { hint, optional } = {}) {
    const id = control.id || freshId('field');
    control.id = id;
    const hintId = hint ? `${id}-hint` : undefined;
    if (hintId) control.setAttribute('aria-describedby', hintId);
    return el('div', { class: 'field' },
        el('label', { for: id }, label, optional && el('span', { class: 'faint' }, ' optional')),
        control, hint && el('p', { class: 'hint', id: hintId }, hint));
}

/**
 * A day to choose. Browsers write days as their language does: one that is chosen is told as year, month, day too.
 * `changed` is called with that, or with an empty text.
 */
export function dateField(label, { value = '', hint, optional, changed } = {}) {
    const said = el('span', { class: 'iso' });
    const input = el('input', { type: 'date', value, on: { input: say, change: () => changed?.(input.value) } });
    function say() {
        fill(said, input.value && `= ${input.value}${hint ? ' · ' : ''}`);
    }
    say();
    return {
        element: field(label, input, { optional, hint: [said, hint] }),
        get value() { return input.value; },
        set value(text) {
            input.value = text;
            say();
        },
    };
}

/** A text field in which browsers keep, guess and check nothing. */
export function textInput(attributes = {}) {
    return el('input', {
        type: 'text', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false', ...attributes,
    });
}

/** A text field for what is looked for: of a token that is put into it, say to find its row, the id is left. */
export function searchInput(attributes = {}) {
    const input = textInput({ type: 'search', ...attributes });
    input.addEventListener('input', () => {
        const kept = withoutToken(input.value);
        if (kept !== input.value) input.value = kept;
    }, { capture: true }); // before the one that looks for it
    return input;
}

/** A checkbox with its text. */
export function checkbox(label, attributes = {}) {
    const input = el('input', { type: 'checkbox', ...attributes });
    return { input, element: el('label', { class: 'check' }, input, el('span', {}, label)) };
}

/** A list to choose from; `options` are [value, text, attributes], or [the name of a group, its options]. */
export function select(options, attributes = {}) {
    const { value, ...rest } = attributes;
    const one = ([key, text, more]) => (Array.isArray(text) ? el('optgroup', { label: key }, text.map(one))
        : el('option', { value: key, selected: key === value, ...more }, text));
    return el('select', rest, options.map(one));
}

/** A filter of a list: a search field that `/` leads to. `search` gets the text. */
export function filterField(label, search, value = '') {
    const input = searchInput({
        class: 'filter', 'aria-label': label, placeholder: label, value,
        'data-search': true, 'aria-keyshortcuts': '/',
        on: {
            input: () => search(input.value),
            keydown(event) {
                if (event.key === 'Escape') {
                    event.preventDefault();
                    event.stopPropagation();
                    if (input.value === '') input.blur(); // the keys of rows are read again
                    else search(input.value = '');
                } else if (event.key === 'ArrowDown' || event.key === 'Enter') {
                    const first = document.querySelector('main [data-row] [data-focus]');
                    if (first) event.preventDefault();
                    first?.focus();
                }
            },
        },
    });
    return el('div', { class: 'filter-box' }, icon('search'), input, el('kbd', { 'aria-hidden': 'true' }, '/'));
}

/** One of several, as pressed buttons; `items` are {key, label, count}. */
export function chips(label, items, chosen, choose) {
    return el('div', { class: 'chips', role: 'group', 'aria-label': label }, items.map((item) =>
        el('button', {
            type: 'button', class: 'chip', 'data-focus': `chip:${item.key}`, 'aria-pressed': String(item.key === chosen),
            on: { click: () => choose(item.key) },
        }, item.label, item.count !== undefined && el('span', { class: 'chip-count' }, item.count))));
}

/** Puts text on the clipboard; whether that was done is said by `say`. */
export async function copyText(text, what, say = announce) {
    try {
        await navigator.clipboard.writeText(text);
        say(`${what} copied`);
        return true;
    } catch {
        say(`${what} could not be copied: select it by hand`);
        return false;
    }
}
/** A button that copies `text()`, and says whether it did; `copied` is called once it is on the clipboard. */
export function copyButton(label, text, what = label, copied = undefined) {
    const element = button(label, {
        picture: 'copy', kind: 'quiet', small: true,
        async act() {
            const done = await copyText(text(), what);
            if (done) copied?.();
            fill(element, icon(done ? 'check' : 'warning'),
                el('span', {}, done ? 'Copied' : 'Not copied: select it by hand'));
        },
    });
    return element;
}

/** Gives the browser a file to keep. */
export function saveFile(name, type, parts) {
    const url = URL.createObjectURL(new Blob(parts, { type }));
    const link = document.createElement('a');
    link.href = url;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** What went wrong, inside a form: empty until `say` is called. */
export function problemLine() {
    const element = el('p', { class: 'problem', role: 'alert' });
    return {
        element,
        say(text) { fill(element, text ? [icon('warning'), text] : []); },
    };
}
