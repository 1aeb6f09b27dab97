// SPDX-License-Identifier: BSL-1.0
// Activity: who did what, when, where and with which result; never a value. The log is a chain that
// can be checked. It is filtered where it is kept: the page never has all of it.
import * as api from './api.js';
import * as world from './world.js';
import { count, el, fill, icon, named } from './el.js';
import { button, field, problemLine, select, textInput } from './controls.js';
import { crumbs, screenHead } from './head.js';
import { live, panel } from './states.js';
import { timeElement, timeOfDay } from './time.js';
import { saved } from './undo.js';

const pageSize = 200;
const exportSize = 1000;
const mostAsked = 20; // names of spaces, for one page of records
const isGood = (one) => one.result === 'ok';

/** What a record may be about; others are found by typing them into the address. */
const kinds = [
    ['', 'Everything'], ['secret.set', 'set'], ['secrets.change', 'several set or removed'], ['secret.remove', 'removed'], ['secret.hide', 'hidden'],
    ['secret.unhide', 'shown again'], ['secret.rollback', 'older version again'], ['secret.undelete', 'put back'], ['secret.reveal', 'value shown'],
    ['secrets.list', 'values read'], ['secret.read', 'one value read'], ['token.mint', 'token made'], ['token.revoke', 'token revoked'],
    ['session.begin', 'signed in'], ['requirements.set', 'requirements'], ['space.make', 'space made'], ['space.remove', 'space removed'],
    ['environment.change', 'environment changed'],
];
const results = [['', 'Any result'], ['ok', 'ok'], ['denied', 'denied'], ['conflict', 'conflict'], ['not_found', 'not found'], ['unavailable', 'unavailable'], ['tampered', 'tampered']];

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
        one.reason && el('div', { class: 'line' }, '“', named(one.reason), '”')];
}
function activityRow(one) {
    return el('tr', { role: 'row', class: 'row', 'data-row': String(one.seq) },
        el('td', { role: 'cell', class: 'when' }, timeElement(one.time), el('div', { class: 'line' }, timeOfDay(one.time))),
        el('td', { role: 'cell' }, named(one.who ?? '—'), one.peer && el('div', { class: 'line' }, one.peer)),
        el('td', { role: 'cell', class: 'mono what-done' }, one.what),
        el('td', { role: 'cell', 'data-label': 'in' }, one.environmentId ? scopeText(one) : ''),
        el('td', { role: 'cell' }, namesOf(one)),
        el('td', { role: 'cell' }, el('span', { class: `badge ${isGood(one) ? 'grey' : 'red'}` }, icon(isGood(one) ? 'check' : 'cross'), String(one.result))));
}

export function screen(place) {
    const where = { environmentId: place.environmentId, spaceId: place.spaceId };
    const { who = '', what = '', name = '', result = '' } = place.query;
    const filter = { who, what, name, result };
    let records = [];
    let next;
    let timer = 0;
    const state = el('div', { class: 'chain', role: 'status' });
    const more = el('div', { class: 'pager' });
    const problem = problemLine();
    const view = live({
        load: async (signal) => {
            const answer = await api.activity(where, { ...filter, limit: pageSize }, { signal });
            records = answer.data;
            next = answer.next;
            learnNames(records);
            return records;
        },
        draw() {
            problem.say('');
            fill(more, next !== undefined && next !== null && button('Older', { act: older }), problem.element);
            if (records.length === 0 && Object.values(filter).every((one) => one === ''))
                return panel('empty', 'Nothing has happened yet', el('p', {}, 'Every request that reads or changes something is written here.'));
            if (records.length === 0) return panel('search', 'Nothing of that kind', null, button('Clear filter', { act: clear }));
            return el('table', { role: 'table', class: 'rows activity-rows', 'aria-label': 'Activity' },
                el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, ['Time', 'Who', 'What', 'Where', 'Name', 'Result'].map((head) => el('th', { role: 'columnheader', scope: 'col' }, head)))),
                el('tbody', { role: 'rowgroup' }, records.map(activityRow)));
        },
        onProblem(refused) {
            fill(more);
            if (refused.status === 501 || refused.code === 'unsupported') {
                return panel('empty', 'No audit log is kept', [el('p', {}, 'This server was started without one. With it, every read and every change is written down before it is answered:'),
                    el('pre', { class: 'code' }, 'coffer serve --audit DIR')]);
            }
            return undefined;
        },
    });

    // Asked a moment after the last key: each question is written into the log as well.
    const asks = (key, wait) => (event) => {
        filter[key] = event.target.value.trim();
        clearTimeout(timer);
        timer = setTimeout(view.refresh, wait);
    };
    const kindsHere = kinds.some(([key]) => key === what) ? kinds : [...kinds, [what, what]];
    const whoBox = textInput({ type: 'search', value: who, placeholder: 'exactly: Ana', 'data-search': true, on: { input: asks('who', 400) } });
    const nameBox = textInput({ type: 'search', class: 'mono', value: name, placeholder: 'exactly: SLACK_TOKEN', on: { input: asks('name', 400) } });
    const whatBox = select(kindsHere, { value: what, on: { change: asks('what', 0) } });
    const resultBox = select(results, { value: result, on: { change: asks('result', 0) } });

    function clear() {
        for (const key of Object.keys(filter)) filter[key] = '';
        for (const box of [whoBox, nameBox, whatBox, resultBox]) box.value = '';
        view.refresh();
    }
    async function older() {
        try {
            const answer = await api.activity(where, { ...filter, limit: pageSize, after: next });
            records.push(...answer.data);
            next = answer.next;
            view.redraw();
            learnNames(answer.data);
        } catch (refused) {
            if (refused.name !== 'ApiError') throw refused;
            problem.say(`Not loaded: ${refused.message}`);
        }
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
        } catch (refused) {
            if (refused.name !== 'ApiError') throw refused;
            fill(state, icon('warning'), `Not checked: ${refused.message}`);
        }
    }
    /** All records that fit the filter, not only those that are shown. */
    async function exportLines() {
        const lines = [];
        const stop = new AbortController();
        const told = el('span', {});
        state.className = 'chain';
        fill(state, told, button('Stop', { small: true, act: () => stop.abort() }));
        try {
            for (let after; after !== null;) {
                fill(told, `Exporting: ${count(lines.length, 'record')} so far`);
                const answer = await api.activity(where, { ...filter, limit: exportSize, after }, { signal: stop.signal });
                lines.push(...answer.data.map((one) => `${JSON.stringify(one)}\n`));
                after = answer.next ?? null;
            }
        } catch (refused) {
            fill(state, icon('warning'), refused.name === 'AbortError' ? 'Not exported: stopped' : `Not exported: ${refused.message}`);
            if (!['AbortError', 'ApiError'].includes(refused.name)) throw refused;
            return;
        }
        const url = URL.createObjectURL(new Blob(lines, { type: 'application/jsonl' }));
        const link = document.createElement('a');
        link.href = url;
        link.download = 'activity.jsonl';
        link.click();
        setTimeout(() => URL.revokeObjectURL(url), 1000);
        fill(state);
        saved(`${count(lines.length, 'record')} exported as JSON lines.`);
    }
    const ready = view.refresh();
    return {
        title: 'Activity', ready,
        nodes: [screenHead({
            way: crumbs(place, 'Activity'), title: ['Activity of ', named(world.placeName(where))],
            tools: [button('Verify', { picture: 'check', act: verify }), button('Export', { act: exportLines })],
        }), el('form', { class: 'filter-row', role: 'search', 'aria-label': 'Filter', on: { submit: (event) => { event.preventDefault(); clearTimeout(timer); view.refresh(); } } },
            field('Who', whoBox), field('What', whatBox), field('Name', nameBox), field('Result', resultBox)), state, view.outlet, more],
        close() {
            clearTimeout(timer);
            view.close();
        },
    };
}
