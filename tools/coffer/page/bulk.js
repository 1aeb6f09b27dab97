// SPDX-License-Identifier: BSL-1.0
// The same change in several spaces: only for what was selected, space by space, with progress; it can be
// stopped and goes on where it stopped, and ends with what failed and why.
import * as api from './api.js';
import { count, el, fill, icon, named } from './el.js';
import { button } from './controls.js';
import { ask } from './dialog.js';
import { announce } from './announce.js';

const askAbove = 20; // cells; more have to be typed

/** The bar above the matrix: what is selected, and what can be done with it. */
export function bulkBar({ environmentId, done }) {
    const element = el('div', { class: 'bulk', role: 'region', 'aria-label': 'Selection', hidden: true });
    let running = null;

    function show(cells, parent) {
        if (running) return;
        element.hidden = cells.length === 0;
        if (cells.length === 0) return;
        const own = cells.filter(({ cell }) => ['overridden', 'own', 'expired'].includes(cell?.state));
        const hidden = cells.filter(({ cell }) => cell?.state === 'hidden');
        const given = cells.filter(({ cell }) => cell?.state !== 'hidden');
        fill(element, el('span', {}, `selected: ${count(cells.length, 'cell')}`),
            button(`Use ${parent}’s value again`, { small: true, reason: own.length === 0 ? 'None of them has a value of its own' : undefined, act: () => start(`Use ${parent}’s value again`, 'remove', own) }),
            button('Hide', { small: true, reason: given.length === 0 ? 'All of them are hidden' : undefined, act: () => start('Hide', 'hide', given) }),
            button('Show again', { small: true, reason: hidden.length === 0 ? 'None of them is hidden' : undefined, act: () => start('Show again', 'unhide', hidden) }));
    }
    /** One unit of work a space: giving up overrides is one write, hiding is one a name. */
    function bySpace(cells) {
        const spaces = new Map();
        for (const { space, name, cell } of cells) {
            if (!spaces.has(space.id)) spaces.set(space.id, { space, names: [] });
            spaces.get(space.id).names.push({ name, version: cell?.version ?? 0 });
        }
        return [...spaces.values()];
    }
    async function start(label, what, cells) {
        const work = bySpace(cells);
        const sure = await ask({
            title: label, yes: `${label} in ${count(work.length, 'space')}`, danger: what !== 'unhide',
            text: `${count(cells.length, 'cell')} in ${count(work.length, 'space')}. Space by space; it can be stopped.`,
            typed: cells.length > askAbove ? String(cells.length) : undefined,
        });
        if (sure) run(label, what, work, []);
    }
    async function run(label, what, work, failed, at = 0) {
        const total = work.length;
        const mine = { stopped: false };
        running = mine;
        const text = el('span', { role: 'status' });
        const bar = el('progress', { max: total, value: at, 'aria-label': label });
        fill(element, text, bar, button('Stop', { small: true, act: () => { mine.stopped = true; } }));
        element.hidden = false;
        let i = at;
        for (; i < total && !mine.stopped; i += 1) {
            fill(text, `${label}: ${i.toLocaleString('en')} of ${total.toLocaleString('en')}`);
            bar.value = i;
            try {
                await one(what, work[i]);
            } catch (problem) {
                if (problem.name !== 'ApiError') throw problem;
                failed.push({ space: work[i].space, why: problem.message });
            }
        }
        running = null;
        finish(label, what, work, failed, i);
    }
    async function one(what, { space, names }) {
        const where = { environmentId, spaceId: space.id };
        if (what === 'remove') await api.batch(where, { set: [], remove: names.map(({ name }) => name) });
        else for (const { name, version } of names) await api.changeSecret(what, where, name, version);
    }
    function finish(label, what, work, failed, at) {
        const left = work.length - at;
        const text = `${label}: ${count(at - failed.length, 'space')} done${failed.length > 0 ? `, ${failed.length} failed` : ''}${left > 0 ? `, ${left} not begun` : ''}`;
        announce(text);
        fill(element, icon(failed.length > 0 ? 'warning' : 'check'), el('span', {}, text),
            left > 0 && button('Go on', { small: true, act: () => run(label, what, work, failed, at) }),
            failed.length > 0 && el('ul', { class: 'failures' }, failed.slice(0, 10).map((one_) => el('li', {}, named(one_.space.name ?? one_.space.id), `: ${one_.why}`))),
            button('Done', { small: true, kind: 'primary', act: () => { element.hidden = true; done(); } }));
    }
    return { element, show, stop() { if (running) running.stopped = true; } };
}
