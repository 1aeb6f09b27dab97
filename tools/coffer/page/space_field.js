// SPDX-License-Identifier: BSL-1.0
// Naming spaces by typing: of an environment's thousands, those that fit are asked for and offered.
import * as api from './api.js';
import * as world from './world.js';
import { el, fill, freshId, icon, named } from './el.js';
import { button, field, pictureButton, searchInput } from './controls.js';

const offered = 20;
const wait = 400; // after the last key: each question is written into the log

/**
 * A field for the name or the id of a space. `found(space)` is called with the one that is meant,
 * and with nothing where the field was emptied.
 */
export function spaceInput(environmentId, found) {
    const known = el('datalist', { id: freshId('spaces') });
    const problem = el('p', { class: 'problem', role: 'alert' });
    const input = searchInput({ placeholder: 'name or id', list: known.id, on: { input: () => { clearTimeout(timer); timer = setTimeout(look, wait); }, change: () => look() } });
    let timer = 0;

    async function look() {
        clearTimeout(timer);
        const wanted = input.value.trim();
        try {
            const { data: list, nearest } = wanted === '' ? { data: [] } : await api.spaces(environmentId, { search: wanted, pageNumber: 1, pageSize: offered });
            if (wanted !== input.value.trim()) return undefined;
            world.meetSpaces(environmentId, list);
            fill(known, list.map((one) => el('option', { value: one.name ?? one.id })));
            const called = list.filter((one) => one.name === wanted);
            const meant = list.find((one) => one.id === wanted) ?? (called.length === 1 ? called[0] : undefined);
            const lacking = wanted !== '' && !meant && (list.length === 0 || called.length > 1 || document.activeElement !== input);
            fill(problem, lacking && [icon('warning'), el('span', {}, called.length > 1
                ? `Several spaces are called “${wanted}”: type the id of the one that you mean` : `No space is called “${wanted}”`,
            nearest && ['. Did you mean ', button(nearest, { kind: 'link', act: () => take(nearest) }), '?'])]);
            if (!lacking) found?.(meant);
            return meant;
        } catch (refused) {
            if (refused.name !== 'ApiError') throw refused;
            fill(problem, icon('warning'), `Not looked up: ${refused.message}`);
            return undefined;
        }
    }
    function take(text) {
        input.value = text;
        input.focus();
        look();
    }
    return {
        input, known, problem, look,
        clear() {
            input.value = '';
            fill(problem);
        },
        close() { clearTimeout(timer); },
    };
}

/** Several spaces, added one by one: `chosen()` tells which. */
export function spacesField(environmentId, { label, hint, most, first = [] }) {
    const chosen = new Map(first.map((one) => [one.id, one]));
    const list = el('ul', { class: 'chosen', 'aria-label': label });
    const one = spaceInput(environmentId);
    const hintId = freshId('hint');
    one.input.setAttribute('aria-describedby', hintId);
    const add = button('Add', { act: take });
    one.input.addEventListener('keydown', (event) => {
        if (event.key !== 'Enter' || event.ctrlKey || event.metaKey || one.input.value.trim() === '') return;
        event.preventDefault();
        take();
    });
    async function take() {
        const meant = await one.look();
        if (!meant) return;
        if (chosen.size >= most) {
            fill(one.problem, icon('warning'), `At most ${most} spaces`);
            return;
        }
        chosen.set(meant.id, meant);
        one.clear();
        draw();
        one.input.focus();
    }
    function draw() {
        fill(list, [...chosen.values()].map((space) => el('li', {}, named(space.name ?? space.id),
            pictureButton('close', `Leave out ${space.name ?? space.id}`, () => { chosen.delete(space.id); draw(); one.input.focus(); }))));
    }
    draw();
    return {
        element: el('div', { class: 'spaces-field' }, field(label, one.input, { optional: true }), add, one.known,
            el('p', { class: 'hint', id: hintId }, hint), one.problem, list),
        chosen: () => [...chosen.values()],
        /** Whether something was typed that was not added. */
        unfinished: () => one.input.value.trim() !== '',
    };
}
