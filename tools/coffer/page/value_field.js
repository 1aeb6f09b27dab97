// SPDX-License-Identifier: BSL-1.0
// The field that a value is typed into: dots until the eye is held, one line or several, with what can
// be said about it here. The value is nowhere else in the page.
import { el, fill, freshId, icon, unseen } from './el.js';
import { button, checkbox } from './controls.js';
import { generated, hasOuterSpace, hintsFor, lengthOf } from './hints.js';

/** What browsers and password managers must not do with a field that holds values. */
export const leftAlone = {
    autocomplete: 'off', spellcheck: 'false', autocapitalize: 'off',
    'data-lpignore': 'true', 'data-1p-ignore': 'true', 'data-form-type': 'other',
};

/** The eye beside a veiled field: `show(true)` while it is held, by pointer or key. */
export function heldEye(label, show) {
    return el('button', {
        type: 'button', class: 'button quiet only-picture', title: 'Show while held', 'aria-label': label,
        on: {
            pointerdown: (event) => { event.preventDefault(); show(true); },
            pointerup: () => show(false), pointerleave: () => show(false), blur: () => show(false),
            keydown: (event) => { if (event.key === ' ' || event.key === 'Enter') { event.preventDefault(); show(true); } },
            keyup: () => show(false),
        },
    }, icon('eye'));
}

/** {element, value(), isEmpty(), clear(), focus()} */
export function valueField({ changed } = {}) {
    const id = freshId('value');
    const aboutId = `${id}-about`;
    let trim = false;
    const common = {
        class: 'value', 'aria-describedby': aboutId, ...leftAlone, on: { input: typed },
    };
    const one = el('input', { ...common, id, type: 'password', autofocus: true });
    const many = el('textarea', { ...common, class: 'value veiled', rows: 6, wrap: 'off', hidden: true });
    const several = checkbox('multi-line', { on: { change: () => showMany(several.input.checked) } });
    // The length changes with each key: it is there to be read, not to be spoken.
    const size = el('span', { class: 'value-size' });
    const hints = el('div', { class: 'value-hints', 'aria-live': 'polite' });
    let hinted = 'false';
    const about = el('div', { class: 'about-value', id: aboutId }, size, hints);
    const kept = el('p', { class: 'hint-line', role: 'status' });
    const eye = heldEye('Show the value while this is held', show);
    // A single-line field would drop the line breaks of what is pasted.
    one.addEventListener('paste', (event) => {
        const text = event.clipboardData?.getData('text/plain') ?? '';
        if (!/[\r\n]/.test(text.replace(/\s+$/, ''))) return;
        event.preventDefault();
        const start = one.selectionStart ?? one.value.length;
        const whole = one.value.slice(0, start) + text + one.value.slice(one.selectionEnd ?? start);
        several.input.checked = true;
        showMany(true);
        many.value = whole;
        typed();
    });

    const current = () => (many.hidden ? one : many);
    const raw = () => current().value;
    function value() {
        return trim ? raw().trim() : raw();
    }
    function show(is) {
        one.type = is ? 'text' : 'password';
        many.classList.toggle('veiled', !is);
    }
    function showMany(is) {
        if (!is && /[\r\n]/.test(many.value)) {
            several.input.checked = true; // one line would drop the line breaks
            fill(kept, 'It has line breaks: it stays multi-line.');
            return;
        }
        fill(kept);
        if (is) many.value = one.value;
        else one.value = many.value;
        (is ? one : many).value = '';
        one.hidden = is;
        many.hidden = !is;
        one.id = is ? '' : id;
        many.id = is ? id : '';
        current().focus();
        typed();
    }
    function typed() {
        trim = false;
        describe();
        changed?.();
    }
    function describe() {
        const text = value();
        fill(size, text !== '' && `${lengthOf(text).toLocaleString('en')} ${lengthOf(text) === 1 ? 'character' : 'characters'}`);
        const now = [hasOuterSpace(text), ...hintsFor(text)].join('\n');
        if (now === hinted) return;
        hinted = now;
        fill(hints,
            hasOuterSpace(text) && el('span', { class: 'outer-space' }, icon('warning'),
                'begins or ends with white space: ',
                button('Trim it', { small: true, act: () => { trim = true; describe(); current().focus(); changed?.(); } }),
                ' or leave it: it is kept'),
            hintsFor(text).map((hint) => el('p', { class: 'hint-line' }, icon('bulb'), hint)));
    }
    function generate() {
        if (!many.hidden) {
            several.input.checked = false;
            showMany(false);
        }
        one.value = generated(32);
        typed();
        one.focus();
    }
    const element = el('div', { class: 'field value-field' },
        el('label', { for: id }, 'Value'),
        el('div', { class: 'value-row' }, one, many, eye),
        el('div', { class: 'value-tools' }, several.element,
            button('Generate 32 bytes', { small: true, kind: 'quiet', picture: 'dice', act: generate })),
        kept, about, unseen('The value is sent once and can’t be fetched again.'));
    return {
        element, value,
        isEmpty: () => value() === '',
        clear() {
            one.value = '';
            many.value = '';
            describe();
        },
        focus: () => current().focus(),
    };
}
