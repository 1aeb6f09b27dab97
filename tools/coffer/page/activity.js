// SPDX-License-Identifier: BSL-1.0
// Activity: who did what, when, where and with which result; never a value. The log is a chain that
// can be checked.
import * as api from './api.js';
import * as world from './world.js';
import { count, el, fill, icon, named } from './el.js';
import { button, filterField, select } from './controls.js';
import { crumbs, screenHead } from './head.js';
import { live, panel } from './states.js';
import { timeElement, timeOfDay } from './time.js';
import { saved } from './undo.js';

const pageSize = 200;
const mostAsked = 20; // names of spaces, for one page of records
const isBad = (one) => !['ok', 'allowed', 'value', 'success', '200', '201', '204'].includes(String(one.result));

function scopeText(one) {
    return one.spaceId ? named(world.spaceName(one.environmentId, one.spaceId)) : named(world.environmentName(one.environmentId) ?? '');
}
const mostNames = 3;
/** The names that it was about, the reason that was typed, the version that it made. */
function namesOf(one) {
    const all = one.names ?? (one.name ? [one.name] : []);
    return [all.slice(0, mostNames).map((name, i) => [i > 0 && ', ', named(name, { class: 'mono' })]),
        all.length > mostNames && ` and ${all.length - mostNames} more`,
        all.length === 0 && one.count > 0 && el('span', { class: 'faint' }, count(one.count, 'row')),
        one.version && el('span', { class: 'faint' }, ` v${one.version}`),
        one.reason && el('div', { class: 'line' }, `“${one.reason}”`)];
}
function activityRow(one) {
    return el('tr', { role: 'row', class: 'row', 'data-row': String(one.seq) },
        el('td', { role: 'cell', class: 'when' }, timeElement(one.time), el('div', { class: 'line' }, timeOfDay(one.time))),
        el('td', { role: 'cell' }, named(one.who ?? '—'), one.peer && el('div', { class: 'line' }, one.peer)),
        el('td', { role: 'cell', class: 'mono what-done' }, one.what),
        el('td', { role: 'cell', 'data-label': 'in' }, one.environmentId ? scopeText(one) : ''),
        el('td', { role: 'cell' }, namesOf(one)),
        el('td', { role: 'cell' }, el('span', { class: `badge ${isBad(one) ? 'red' : 'grey'}` }, icon(isBad(one) ? 'cross' : 'check'), String(one.result))));
}

export function screen(place) {
    const where = { environmentId: place.environmentId, spaceId: place.spaceId };
    let filter = place.query.name ?? '';
    let what = '';
    let records = [];
    let next;
    const state = el('div', { class: 'chain', role: 'status' });
    const kinds = el('span', {});
    const more = el('div', { class: 'pager' });
    const view = live({
        load: async (signal) => {
            const answer = await api.activity(where, { limit: pageSize }, { signal });
            records = answer.data;
            next = answer.next;
            learnNames(records);
            return records;
        },
        draw() {
            const shown = records.filter(matches);
            drawKinds();
            fill(more, next !== undefined && next !== null && button('Older', { act: older }));
            if (records.length === 0) return panel('empty', 'Nothing has happened yet', el('p', {}, 'Every request that reads or changes something is written here.'));
            if (shown.length === 0) return panel('search', 'Nothing of that kind', null, button('Clear filter', { act: () => { filter = ''; what = ''; filterBox.querySelector('input').value = ''; view.redraw(); } }));
            return el('table', { role: 'table', class: 'rows activity-rows', 'aria-label': 'Activity' },
                el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, ['Time', 'Who', 'What', 'Where', 'Name', 'Result'].map((head) => el('th', { role: 'columnheader', scope: 'col' }, head)))),
                el('tbody', { role: 'rowgroup' }, shown.map(activityRow)));
        },
        onProblem(problem) {
            fill(more);
            if (problem.status === 501 || problem.code === 'unsupported') {
                return panel('empty', 'No audit log is kept', [el('p', {}, 'This server was started without one. With it, every read and every change is written down before it is answered:'),
                    el('pre', { class: 'code' }, 'coffer serve --audit DIR')]);
            }
            return undefined;
        },
    });
    const filterBox = filterField('Filter who, name, result', (text) => { filter = text.trim(); view.redraw(); }, filter);

    function matches(one) {
        const wanted = filter.toLowerCase();
        return (what === '' || one.what === what) && (wanted === '' ||
            [one.who, one.name, ...(one.names ?? []), one.result, one.reason, one.spaceId, one.peer].some((text) => String(text ?? '').toLowerCase().includes(wanted)));
    }
    function drawKinds() {
        const all = [...new Set(records.map((one) => one.what))].sort();
        fill(kinds, select([['', 'Everything'], ...all.map((one) => [one, one])], {
            value: what, 'aria-label': 'What', on: { change: (event) => { what = event.target.value; view.redraw(); } },
        }));
    }
    async function older() {
        const answer = await api.activity(where, { limit: pageSize, after: next });
        records.push(...answer.data);
        next = answer.next;
        view.redraw();
        learnNames(answer.data);
    }
    /** Asks for the names of the spaces that are mentioned; drawn again once they are known. */
    async function learnNames(list) {
        const ids = [...new Set(list.map((one) => one.spaceId).filter(Boolean))].slice(0, mostAsked);
        const asked = await Promise.allSettled(ids.map((id) => world.learnSpaceName(place.environmentId, id)));
        if (asked.some((one) => one.status === 'fulfilled')) view.redraw();
    }
    async function verify() {
        fill(state, 'Checking the chain…');
        try {
            const answer = await api.verifyActivity(place.environmentId);
            fill(state, answer.intact
                ? [icon('check'), `Chain intact${answer.upTo ? ` up to ${timeOfDay(answer.upTo)}` : ''}`, answer.records !== undefined && ` · ${count(answer.records, 'record')}`, answer.anchoredAt && ` · anchored ${timeOfDay(answer.anchoredAt)}`]
                : [icon('cross'), `The log was changed: record ${answer.firstBad ?? '?'} is the first that does not fit${answer.why ? ` (${answer.why})` : ''}`]);
            state.className = `chain ${answer.intact ? 'good' : 'bad'}`;
        } catch (problem) {
            if (problem.name !== 'ApiError') throw problem;
            fill(state, icon('warning'), `Not checked: ${problem.message}`);
        }
    }
    function exportLines() {
        const lines = records.filter(matches).map((one) => `${JSON.stringify(one)}\n`).join('');
        const url = URL.createObjectURL(new Blob([lines], { type: 'application/jsonl' }));
        const link = document.createElement('a');
        link.href = url;
        link.download = 'activity.jsonl';
        link.click();
        setTimeout(() => URL.revokeObjectURL(url), 1000);
        saved('Activity exported as JSON lines.');
    }
    const ready = view.refresh();
    return {
        title: 'Activity', ready,
        nodes: [screenHead({
            way: crumbs(place, 'Activity'), title: ['Activity of ', named(world.placeName(where))],
            tools: [filterBox, kinds, button('Verify', { picture: 'check', act: verify }), button('Export', { act: exportLines })],
        }), state, view.outlet, more],
        close: view.close,
    };
}
