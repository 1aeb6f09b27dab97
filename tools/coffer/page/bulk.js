// SPDX-License-Identifier: BSL-1.0
// The same change in several spaces: only for what was selected and as it is shown, space by space, with
// progress; it can be stopped and goes on where it stopped, ends with all that failed and why, and can be
// undone.
import * as api from './api.js';
import * as world from './world.js';
import { count, el, fill, icon, named, unseen } from './el.js';
import { button } from './controls.js';
import { ask } from './dialog.js';
import { announce } from './announce.js';
import { liveIf, whoWasFirst } from './outcome.js';
import { saved } from './undo.js';

const askAbove = 20; // cells; more have to be typed
const mostPreviewed = 200;

/**
 * What can be done: `does` in one space, all of its names or none, and `undo` takes it back, each
 * {list, from}: a list of the batch, and the version that a cell's change begins from, where `cell.made` is
 * the one that was made. `now` and `next` say what a cell has before and after.
 */
const kinds = {
    remove: {
        does: { list: 'remove', from: (where, { version }) => version },
        undo: { list: 'undelete', from: () => 0 },
        now: ({ version }) => `its own v${version}`, next: ({ parentVersion }, parent) => `${parent} v${parentVersion}`,
    },
    hide: {
        does: { list: 'hide', from: (where, { version }) => version },
        undo: { list: 'unhide', from: (where, { made }) => made },
        now: ({ version, parentVersion }, parent) => (version ? `its own v${version}` : parentVersion ? `${parent} v${parentVersion}` : 'no value'), next: () => 'hidden',
    },
    unhide: {
        does: { list: 'unhide', from: (where, { version }) => version },
        undo: { list: 'hide', from: (where, { name, made }) => liveIf(where, name, made) },
        now: () => 'hidden', next: () => 'given again',
    },
};

/**
 * The bar above the matrix: what is selected, and what can be done with it. `whyNot(cells)` says why they
 * may not be changed, or nothing; `details(cell)` shows one.
 */
export function bulkBar({ environmentId, whyNot, details, done }) {
    const element = el('div', { class: 'bulk', role: 'region', 'aria-label': 'Selection', hidden: true });
    const parent = world.environmentName(environmentId);
    let running = null;
    let closed = false;
    let outcome = false; // what became of a change is to be read

    /** `notShown`: how many of them the filter hides. */
    function show(cells, notShown) {
        if (running) return;
        outcome = false;
        element.hidden = cells.length === 0;
        if (cells.length === 0) return;
        // A value that is only here is none of them: nothing would take its place.
        const over = cells.filter(({ cell, parentVersion }) => ['overridden', 'expired'].includes(cell?.state) && parentVersion);
        const hidden = cells.filter(({ cell }) => cell?.state === 'hidden');
        const given = cells.filter(({ cell }) => cell?.state !== 'hidden');
        const no = whyNot(cells);
        const reason = (those, without) => no ?? (those.length === 0 ? without : undefined);
        const act = (label, what, those, without) => button(label, { small: true, reason: reason(those, without), act: () => start(label, kinds[what], those) });
        fill(element, el('span', {}, `selected: ${count(cells.length, 'cell')}${notShown > 0 ? `, ${notShown.toLocaleString('en')} not shown` : ''}`),
            cells.length === 1 && button('Details', { small: true, act: () => details(cells[0]) }),
            act(`Use ${parent}’s value again`, 'remove', over, `None of them replaces a value of ${parent}`),
            act('Hide', 'hide', given, 'All of them are hidden'),
            act('Show again', 'unhide', hidden, 'None of them is hidden'),
            no && el('span', { class: 'refused' }, no));
    }
    /** One unit of work a space, which is one write. */
    function bySpace(cells) {
        const spaces = new Map();
        for (const { space, name, cell, parentVersion, made } of cells) {
            if (!spaces.has(space.id)) spaces.set(space.id, { space, cells: [] });
            spaces.get(space.id).cells.push({ name, version: cell?.version ?? 0, parentVersion, made });
        }
        return [...spaces.values()];
    }
    function preview(kind, work) {
        const lines = work.flatMap(({ space, cells }) => cells.map((cell) => ({ space, cell })));
        return el('section', { class: 'preview bulk-preview', 'aria-label': 'What changes', tabindex: '0' }, el('h3', {}, 'What changes'),
            lines.slice(0, mostPreviewed).map(({ space, cell }) => el('div', { class: 'preview-line' },
                el('div', { class: 'preview-who' }, named(space.name ?? space.id), ' ', named(cell.name, { class: 'mono faint' })),
                el('div', { class: 'preview-what' }, kind.now(cell, parent), icon('arrow-right'), unseen(' becomes '), el('strong', {}, kind.next(cell, parent))))),
            lines.length > mostPreviewed && el('p', { class: 'faint' }, `and ${count(lines.length - mostPreviewed, 'more cell')}`));
    }
    async function start(label, kind, cells) {
        const work = bySpace(cells);
        // In production its name is typed as well as the count of many.
        const typed = [world.environment(environmentId)?.isProd && parent, cells.length > askAbove && String(cells.length)].filter(Boolean).join(' ');
        const sure = await ask({
            title: label, yes: `${label} in ${count(work.length, 'space')}`, danger: kind === kinds.hide, kind: `set${world.environment(environmentId)?.isProd ? ' is-prod' : ''}`,
            text: `${count(cells.length, 'cell')} in ${count(work.length, 'space')}. Space by space; it can be stopped, and undone.`,
            body: preview(kind, work), typed: typed || undefined,
        });
        if (sure) run({ label, work, does: kind.does, undo: kind.undo, failed: [], made: [] });
    }
    async function run(job, at = 0) {
        const { label, work } = job;
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
            await changeIn(work[i], job);
        }
        running = null;
        return finish(job, i);
    }
    /** Changes the names of a space, each from the version that is shown: all of them, or none. */
    async function changeIn({ space, cells }, { does, failed, made }) {
        const where = { environmentId, spaceId: space.id };
        try {
            const rows = [];
            for (const cell of cells) rows.push({ name: cell.name, ifVersion: await does.from(where, cell) });
            const answer = await api.batch(where, { [does.list]: rows });
            cells.forEach(({ name, version, parentVersion }, i) =>
                made.push({ space, name, cell: { version }, parentVersion, made: answer[i].version }));
        } catch (problem) {
            if (problem.name !== 'ApiError') throw problem;
            const { name } = problem.data ?? {};
            failed.push({ space, why: problem.status === 409 && name ? `${name}: ${whoWasFirst(problem)}` : problem.message });
        }
    }
    function finish(job, at) {
        const { label, work, failed } = job;
        const left = work.length - at;
        const text = `${label}: ${count(at - failed.length, 'space')} done${failed.length > 0 ? `, ${failed.length} failed` : ''}${left > 0 ? `, ${left} not begun` : ''}`;
        announce(text);
        if (job.undo && job.made.length > 0) saved(`${text}.`, () => takeBack(job), { failed: failed.length > 0 });
        else if (closed) saved(`${text}.`);
        if (closed) return text;
        if (left === 0 && failed.length === 0) { // the bar below has the words
            element.hidden = true;
            done();
            return text;
        }
        outcome = true;
        fill(element, icon(failed.length > 0 ? 'warning' : 'check'), el('span', {}, text),
            left > 0 && button('Go on', { small: true, act: () => run(job, at) }),
            failed.length > 0 && el('ul', { class: 'failures', tabindex: '0', 'aria-label': 'What failed' }, failed.map((one) => el('li', {}, named(one.space.name ?? one.space.id), `: ${one.why}`))),
            button('Done', { small: true, kind: 'primary', act: () => { outcome = false; element.hidden = true; done(); } }));
        return text;
    }
    /** Takes back what was done, with the same progress; what somebody changed since is kept, and said. */
    function takeBack({ label, undo, made }) {
        if (running) throw new api.ApiError('Another change is still under way.');
        return run({ label: `Undo “${label}”`, work: bySpace(made), does: undo, failed: [], made: [] });
    }
    return {
        element, show,
        /** Whether it is at work: who leaves then stops it. */
        running: () => running !== null && !closed,
        /** Whether it is, or says what failed: what it changed is shown after that. */
        busy: () => running !== null || outcome,
        close() {
            closed = true;
            if (running) running.stopped = true;
        },
    };
}
