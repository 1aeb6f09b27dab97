// SPDX-License-Identifier: BSL-1.0
// Activity: who did what, when, where and with which result; never a value. The log is a chain that
// can be checked. It is filtered where it is kept: the page never has all of it.
import * as api from './api.js';
import * as world from './world.js';
import { count, el, fill, freshId, icon, named, refill } from './el.js';
import { button, chips, dateField, field, problemLine, saveFile, searchInput, select } from './controls.js';
import { crumbs, screenHead } from './head.js';
import { keepQuery } from './router.js';
import { spaceInput } from './space_field.js';
import { live, panel } from './states.js';
import { startOfDay, startOfNextDay, timeElement, timeOfDay } from './time.js';
import { saved } from './undo.js';
import { roleWord } from './words.js';

const pageSize = 200;
const exportSize = 1000;
const isGood = (one) => ['ok', 'begun'].includes(one.result);

/** Every action that is written down, in the words of the rows and of the filter. */
const groups = [
    ['Values', [['secret.set', 'set'], ['secrets.change', 'several set or removed'], ['secret.remove', 'removed'], ['secret.hide', 'hidden'],
        ['secret.unhide', 'shown again'], ['secret.rollback', 'older version again'], ['secret.undelete', 'put back'], ['secret.reveal', 'value shown'],
        ['secrets.read', 'values read'], ['secret.read', 'one value read']]],
    ['Tokens and sign-ins', [['token.mint', 'token made'], ['token.revoke', 'token revoked'], ['token.narrow', 'token narrowed'], ['tokens.list', 'tokens listed'], ['session.begin', 'signed in'],
        ['session.end', 'signed out'], ['session.confirm', 'token entered again'], ['session.first', 'first admin made'], ['login.refused', 'unknown token refused']]],
    ['Environments and spaces', [['environment.make', 'environment made'], ['environment.change', 'environment changed'],
        ['environment.remove', 'environment removed'], ['space.make', 'space made'], ['space.change', 'space changed'], ['space.remove', 'space removed'],
        ['spaces.remove', 'spaces removed'], ['requirements.set', 'requirements set']]],
    ['Keys', [['keys.rewrap', 'keys rewrapped'], ['keys.rotate', 'data key rotated'], ['kek.rotate', 'key rotated'], ['kek.disable', 'key disabled'],
        ['environment.shred', 'environment shredded'], ['keys.list', 'keys listed']]],
    ['Looked at', [['states.list', 'names listed'], ['secrets.list', 'names resolved'], ['admins.list', 'admins named'], ['secret.explain', 'details of a name'], ['matrix.show', 'matrix'], ['requirements.get', 'requirements read'],
        ['environments.list', 'environments listed'], ['environment.get', 'environment read'], ['spaces.list', 'spaces listed'], ['space.get', 'space read']]],
    ['Log and events', [['audit.read', 'activity read'], ['audit.verify', 'chain checked'], ['audit.resumed', 'log written again'],
        ['event.post', 'event handed on'], ['events.follow', 'events followed']]],
];
/** What is not one action. The first is what most look for: the page's own reads are in the log as well. */
const kinds = [['changes', 'Changes'], ['everything', 'Everything']];
const words = new Map(groups.flatMap(([, list]) => list));
const results = [['', 'Any result'], ['ok', 'ok'], ['begun', 'begun'], ['denied', 'denied'], ['conflict', 'conflict'], ['not_found', 'not found'], ['unavailable', 'unavailable'], ['tampered', 'tampered']];

/** Where it was; with the environment, where records of all are shown. */
function scopeText(one, everywhere) {
    const environment = named(world.environmentName(one.environmentId) ?? '');
    return one.spaceId ? [everywhere && [environment, ' › '], named(world.spaceName(one.environmentId, one.spaceId))] : environment;
}
/** What a token may do, or which members of an environment changed, and to what. */
function detailsOf({ grants = [], changed = [] } = {}) {
    const flags = (grant) => [roleWord(grant.role), grant.write && 'writes', grant.reveal && 'is shown values'].filter(Boolean).join(', ');
    const parts = [...new Set(grants.map(flags)), ...changed.map(({ member, now }) => (now === undefined ? member : `${member}: ${now}`))];
    return parts.length > 0 && el('div', { class: 'line' }, named(parts.join('; ')));
}
const mostNames = 3;
/** The names that it was about, the reason that was typed, the version that it made. */
function namesOf(one) {
    const all = one.names ?? (one.name ? [one.name] : []);
    const rest = Math.max(0, all.length - mostNames) + (one.leftOut ?? 0);
    return [all.slice(0, mostNames).map((name, i) => [i > 0 && ', ', named(name, { class: 'mono' })]),
        rest > 0 && ` and ${rest} more`,
        all.length === 0 && one.count > 0 && el('span', { class: 'faint' }, count(one.count, 'row')),
        one.version && el('span', { class: 'faint' }, ` v${one.version}`),
        detailsOf(one.details),
        one.reason && el('div', { class: 'line' }, '“', named(one.reason), '”')];
}
function activityRow(one, everywhere) {
    return el('tr', { role: 'row', class: 'row', 'data-row': String(one.seq) },
        el('td', { role: 'cell', class: 'when' }, timeElement(one.time), el('div', { class: 'line' }, timeOfDay(one.time))),
        el('td', { role: 'cell' }, named(one.who ?? '—'), one.peer && el('div', { class: 'line' }, one.peer)),
        el('td', { role: 'cell', class: 'what-done' }, words.get(one.what) ?? one.what, el('div', { class: 'line mono' }, one.what)),
        el('td', { role: 'cell', class: 'where', 'data-label': 'in' }, one.environmentId ? scopeText(one, everywhere) : el('span', { class: 'faint' }, 'the server')),
        el('td', { role: 'cell', class: 'on' }, namesOf(one)),
        el('td', { role: 'cell', class: 'result' }, el('span', { class: `badge ${isGood(one) ? 'grey' : 'red'}` }, icon(one.result === 'begun' ? 'clock' : isGood(one) ? 'check' : 'cross'), String(one.result))));
}

function activityTable(rows) {
    return el('table', { role: 'table', class: 'rows activity-rows', 'aria-label': 'Activity' },
        el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, ['Time', 'Who', 'What', 'Where', 'Name', 'Result'].map((head) => el('th', { role: 'columnheader', scope: 'col' }, head)))),
        el('tbody', { role: 'rowgroup' }, rows));
}

export function screen(place) {
    const where = { environmentId: place.environmentId, spaceId: place.spaceId };
    const everywhere = place.environmentId === undefined;
    const { who = '', what = kinds[0][0], name = '', result = '', since = '', until = '', environment = '', space = '' } = place.query;
    const filter = { who, what, name, result, since: '', until: '' };
    if (everywhere) filter.environmentId = environment;
    else if (place.spaceId === undefined) filter.spaceId = space;
    /** The filter as the server takes it. */
    function asked() {
        const { what: chosen, ...rest } = filter;
        return { ...rest, ...(chosen === 'changes' ? { kind: 'changes' } : chosen === 'everything' ? {} : { what: chosen }) };
    }
    const isKind = (key) => kinds.some(([one]) => one === key);
    let records = [];
    let next;
    let timer = 0;
    let stop = new AbortController(); // of the export
    const state = el('div', { class: 'chain', role: 'status' });
    const more = el('div', { class: 'pager' });
    const problem = problemLine();
    const view = live({
        head: () => activityTable([]),
        load: async (signal) => {
            problem.say('');
            drawKinds();
            keepQuery({ who: filter.who, what: filter.what === kinds[0][0] ? '' : filter.what, name: filter.name, result: filter.result, since: sinceBox.value, until: untilBox.value, environment: filter.environmentId, space: filter.spaceId });
            const answer = await api.activity(where, { ...asked(), limit: pageSize }, { signal });
            records = answer.data;
            next = answer.next;
            learnNames(records);
            return records;
        },
        draw() {
            refill(more, next !== undefined && next !== null && button('Older', { act: older, more: { 'data-focus': 'older' } }), problem.element);
            if (records.length === 0) return nothing();
            return activityTable(records.map((one) => activityRow(one, everywhere)));
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

    function nothing() {
        const { what: chosen, ...rest } = filter;
        if (more.querySelector('[data-focus="older"]'))
            return panel('search', 'Nothing of that kind in the newest part of the log', el('p', {}, 'Older looks further back.'), button('Clear filter', { act: clear }));
        if (!isKind(chosen) || Object.values(rest).some((one) => one !== ''))
            return panel('search', 'Nothing of that kind', null, button('Clear filter', { act: clear }));
        return chosen === 'everything' ? panel('empty', 'Nothing has happened yet', el('p', {}, 'Every request that reads or changes something is written here.'))
            : panel('empty', 'Nothing has changed yet', el('p', {}, 'Reads and sign-ins are written here too.'), button('Everything', { act: () => show('everything') }));
    }
    function drawKinds() {
        refill(kindChips, chips('Show', kinds.map(([key, label]) => ({ key, label })), filter.what, show));
    }
    function show(kind) {
        whatBox.value = kind;
        ask('what', 0, kind);
    }

    // Asked a moment after the last key: each question is written into the log as well.
    function ask(key, wait, text) {
        filter[key] = text;
        clearTimeout(timer);
        timer = setTimeout(view.refresh, wait);
    }
    const asks = (key, wait) => (event) => ask(key, wait, event.target.value.trim());
    const kindChips = el('div');
    const whoBox = searchInput({ value: who, placeholder: 'whole name', 'data-search': true, on: { input: asks('who', 400) } });
    const nameBox = searchInput({ value: name, placeholder: 'whole name', on: { input: asks('name', 400) } });
    const whatBox = select([...kinds, ...groups, ...(isKind(what) || words.has(what) ? [] : [[what, what]])], { value: what, on: { change: asks('what', 0) } });
    const resultBox = select(results, { value: result, on: { change: asks('result', 0) } });

    const sinceBox = dateField('From', { value: since, changed: (day) => ask('since', 0, startOfDay(day)) });
    const untilBox = dateField('To', { value: until, changed: (day) => ask('until', 0, startOfNextDay(day)) });
    const spaceBox = spaceInput(place.environmentId, (space) => { filter.spaceId = space?.id ?? ''; view.refresh(); });
    const scopeBox = everywhere ? select([['', 'Everywhere'], ...world.environments().map((one) => [one.id, one.name])], { value: environment, on: { change: asks('environmentId', 0) } })
        : spaceBox.input;
    if (space) spaceBox.input.value = world.spaceName(place.environmentId, space);
    filter.since = startOfDay(sinceBox.value);
    filter.until = startOfNextDay(untilBox.value);

    // Where there is little room, what the log is filtered by would stand in place of its records.
    const fold = el('button', { type: 'button', class: 'chip filter-fold', 'aria-controls': freshId('filter'), 'aria-expanded': String(Object.keys(place.query).length > 0), on: { click: unfold } },
        'Filter', icon('chevron-down'));
    function unfold() {
        fold.setAttribute('aria-expanded', String(fold.getAttribute('aria-expanded') === 'false'));
    }

    function clear() {
        for (const key of Object.keys(filter)) if (key !== 'what' || !isKind(filter.what)) filter[key] = '';
        filter.what ||= kinds[0][0];
        whatBox.value = filter.what;
        for (const box of [whoBox, nameBox, resultBox, sinceBox, untilBox, scopeBox]) box.value = '';
        spaceBox.clear();
        view.refresh();
    }
    async function older() {
        const mine = records;
        const from = next;
        const isOver = () => records !== mine || next !== from; // another list, or they are there already
        problem.say('');
        try {
            const answer = await api.activity(where, { ...asked(), limit: pageSize, after: from });
            if (isOver()) return;
            records.push(...answer.data);
            next = answer.next;
            view.redraw();
            learnNames(answer.data);
        } catch (refused) {
            if (refused.name !== 'ApiError') throw refused;
            if (!isOver()) problem.say(`Not loaded: ${refused.message}`);
        }
    }
    /** Draws it again when names of its spaces are known. */
    const learnNames = (list) => world.learnSpaceNames(list, view);
    async function verify() {
        state.className = 'chain'; // what was found before says nothing of now
        fill(state, 'Checking the chain…');
        try {
            const first = await api.verifyActivity(place.environmentId);
            // Old files may have been put away: what is here is checked, and that older is not is said.
            const later = first.why === 'missing' && !first.records && first.begins;
            const answer = later ? await api.verifyActivity(place.environmentId, later) : first;
            fill(state, answer.intact
                ? [icon(later ? 'warning' : 'check'), later && `No record before ${later} is here. From there on: `, `Chain intact${answer.upTo ? ` up to ${timeOfDay(answer.upTo)}` : ''}`, answer.records !== undefined && ` · ${count(answer.records, 'record')}`, answer.anchoredAt && ` · anchored ${timeOfDay(answer.anchoredAt)}`]
                : [icon('cross'), `The log was changed: record ${answer.firstBad ?? '?'} is the first that does not fit${answer.why ? ` (${answer.why})` : ''}`]);
            state.className = `chain ${answer.intact ? (later ? '' : 'good') : 'bad'}`;
        } catch (refused) {
            if (refused.name !== 'ApiError') throw refused;
            state.className = 'chain bad';
            fill(state, icon('warning'), `Not checked: ${refused.message}`);
        }
    }
    /** All records that fit the filter, not only those that are shown. */
    async function exportLines() {
        const lines = [];
        stop.abort();
        stop = new AbortController();
        const { signal } = stop;
        const told = el('span', {});
        state.className = 'chain';
        fill(state, told, button('Stop', { small: true, act: () => stop.abort() }));
        try {
            for (let after; after !== null;) {
                fill(told, `Exporting: ${count(lines.length, 'record')} so far`);
                const answer = await api.activity(where, { ...asked(), limit: exportSize, after }, { signal });
                lines.push(...answer.data.map((one) => `${JSON.stringify(one)}\n`));
                after = answer.next ?? null;
            }
        } catch (refused) {
            if (signal !== stop.signal) return; // it was begun anew
            fill(state, icon('warning'), refused.name === 'AbortError' ? 'Not exported: stopped' : `Not exported: ${refused.message}`);
            if (!['AbortError', 'ApiError'].includes(refused.name)) throw refused;
            return;
        }
        saveFile('activity.jsonl', 'application/jsonl', lines);
        fill(state);
        saved(`${count(lines.length, 'record')} exported as JSON lines.`);
    }
    const ready = view.refresh();
    return {
        title: 'Activity', ready, refresh: view.refresh,
        nodes: [screenHead({
            way: !everywhere && crumbs(place, 'Activity'), title: everywhere ? 'Activity everywhere' : ['Activity of ', named(world.placeName(where))],
            about: everywhere && 'Sign-ins and tokens that reach further than one environment are only here.',
            tools: [button('Verify', { picture: 'check', act: verify }), button('Export', { act: exportLines })],
        }), el('div', { class: 'filters' }, kindChips, fold), el('form', { id: fold.getAttribute('aria-controls'), class: 'filter-row', role: 'search', 'aria-label': 'Filter', on: { submit: (event) => { event.preventDefault(); clearTimeout(timer); view.refresh(); } } },
            field('Who', whoBox), field('What', whatBox), place.spaceId === undefined && field(everywhere ? 'Environment' : 'Space', scopeBox),
            field('Name', nameBox), field('Result', resultBox), sinceBox.element, untilBox.element, spaceBox.known), spaceBox.problem, state, view.outlet, more],
        close() {
            clearTimeout(timer);
            stop.abort();
            spaceBox.close();
            view.close();
        },
    };
}
