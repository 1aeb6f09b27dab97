// SPDX-License-Identifier: BSL-1.0
// The same change in several spaces: only for what was selected and as it is shown, space by space, with
// progress; it can be stopped and goes on where it stopped, and ends with what failed and why.
import * as api from './api.js';
import { count, el, fill, icon, named } from './el.js';
import { button } from './controls.js';
import { ask } from './dialog.js';
import { announce } from './announce.js';
import { whoWasFirst } from './outcome.js';

const askAbove = 20; // cells; more have to be typed

/**
 * The bar above the matrix: what is selected, and what can be done with it. `whyNot()` says why nothing may
 * be changed, or nothing.
 */
export function bulkBar({ environmentId, whyNot, done }) {
    const element = el('div', { class: 'bulk', role: 'region', 'aria-label': 'Selection', hidden: true });
    let running = null;

    function show(cells, parent) {
        if (running) return;
        element.hidden = cells.length === 0;
        if (cells.length === 0) return;
        // A value that is only here is none of them: nothing would take its place.
        const over = cells.filter(({ cell, parentVersion }) => ['overridden', 'expired'].includes(cell?.state) && parentVersion);
        const hidden = cells.filter(({ cell }) => cell?.state === 'hidden');
        const given = cells.filter(({ cell }) => cell?.state !== 'hidden');
        const no = whyNot();
        const reason = (those, without) => no ?? (those.length === 0 ? without : undefined);
        const act = (label, what, those, without) => button(label, { small: true, reason: reason(those, without), act: () => start(label, what, those) });
        fill(element, el('span', {}, `selected: ${count(cells.length, 'cell')}`),
            act(`Use ${parent}’s value again`, 'remove', over, `None of them replaces a value of ${parent}`),
            act('Hide', 'hide', given, 'All of them are hidden'),
            act('Show again', 'unhide', hidden, 'None of them is hidden'),
            no && el('span', { class: 'refused' }, no));
    }
    /** One unit of work a space, one write a name. */
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
            const why = await changeIn(work[i], what);
            if (why) failed.push({ space: work[i].space, why });
        }
        running = null;
        finish(label, what, work, failed, i);
    }
    /** Changes the names of a space, each from the version that is shown; answers what failed, or nothing. */
    async function changeIn({ space, names }, what) {
        const where = { environmentId, spaceId: space.id };
        const failed = [];
        for (const { name, version } of names) {
            try {
                if (what === 'remove') await api.removeSecret(where, name, version);
                else await api.changeSecret(what, where, name, version);
            } catch (problem) {
                if (problem.name !== 'ApiError') throw problem;
                failed.push(`${name}: ${problem.status === 409 ? whoWasFirst(problem) : problem.message}`);
            }
        }
        return failed.join('; ');
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
