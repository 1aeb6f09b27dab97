// SPDX-License-Identifier: BSL-1.0
// The one place that renders rows of secrets: in the environment, in a space, in the search. A value
// is eight dots, always: no length, no beginning.
import * as world from './world.js';
import { count, el, icon, named, unseen } from './el.js';
import { button } from './controls.js';
import { addressOf } from './router.js';
import { rowsWindow } from './rows_window.js';
import { date } from './time.js';
import { extraBadges, isToRotate, lineOf, stateBadge, whenAndWho } from './words.js';

/** Whether a scope has a value of its own of the name: what its row says is of that one. */
export const isOwn = (row) => row?.own === true && row.state !== 'hidden';
/** Whether a row of a space is the environment's value, also one that programs are not given any more. */
export const isInherited = (row) => !row.own && ['inherited', 'expired', 'damaged'].includes(row.state);
/** The version that a change of a row begins from: the scope's own, a hiding's too; 0 if it has none. */
export const begunFrom = (row) => (row?.own ? row.version : 0);

const hasValue = (row) => ['value', 'inherited', 'overridden', 'own'].includes(row.state);

/** Eight dots. */
export function dots() {
    return el('span', { class: 'dots' }, el('span', { 'aria-hidden': 'true' }, '••••••••'), unseen('a value, not shown'));
}

function valueCell(row) {
    if (hasValue(row)) return dots();
    if (row.state === 'hidden') return el('span', { class: 'faint' }, 'not given');
    return el('span', { class: 'faint' }, '—');
}

function nameButton(row, open) {
    return el('button', {
        type: 'button', class: `name mono${row.state === 'hidden' || row.state === 'removed' ? ' struck' : ''}`,
        'data-focus': `name:${row.name}`, title: row.name, on: { click: () => open(row.name) },
    }, named(row.name));
}

function actionCell(row, actions) {
    const first = actions.find((one) => !one.also);
    return el('td', { role: 'cell', class: 'act' }, first && button(first.label, {
        small: true, reason: first.reason, act: first.act,
        kind: ['Set', 'Review'].includes(first.label) ? undefined : 'quiet',
        more: { 'data-focus': `act:${row.name}` },
    }));
}

function cell(name, label, ...content) {
    return el('td', { role: 'cell', class: name, 'data-label': label }, content);
}

/** How many spaces see an environment's value, as a link to those that differ. */
function usedBy(row, where) {
    if (row.state === 'missing') {
        return row.requiredBy?.length > 0 && ['required by ', row.requiredBy.map((one, i) => [i > 0 && ', ', named(one)])];
    }
    const used = row.usedBy;
    if (!used) return null;
    const parts = [
        row.state !== 'removed' && used.inherit > 0 && `${used.inherit.toLocaleString('en')} inherit`,
        used.over > 0 && `${used.over.toLocaleString('en')} over`,
        used.hidden > 0 && `${used.hidden.toLocaleString('en')} hidden`,
    ].filter(Boolean);
    if (parts.length === 0) return row.state !== 'removed' && el('span', { class: 'faint' }, 'no space yet');
    return el('a', {
        href: addressOf({ environmentId: where.environmentId, screen: 'matrix', query: { name: row.name } }),
    }, parts.map((part, i) => [i > 0 && ' · ', el('span', {}, part)]));
}

function environmentRow(row, where, open, actions) {
    const noted = [row.note, row.rotateBy && !isToRotate(row) && `rotate by ${date(row.rotateBy)}`].filter(Boolean).join(' · ');
    return el('tr', { role: 'row', 'data-row': row.name, class: `row env-row state-${row.state}` },
        cell('what', '', nameButton(row, open), el('span', { class: 'extras' },
            ['value'].includes(row.state) ? null : stateBadge(row.state), extraBadges(row, () => open(row.name)))),
        cell('val', '', valueCell(row)),
        cell('ver', '', row.version && row.state !== 'missing' ? `v${row.version}` : '—'),
        cell('set', '', whenAndWho(row.setAt, row.setBy)),
        cell('used', '', usedBy(row, where)),
        cell('note', '', noted && el('span', { class: 'note-text', title: noted }, noted)),
        actionCell(row, actions));
}

function spaceRow(row, where, parent, open, actions) {
    return el('tr', { role: 'row', 'data-row': row.name, class: `row space-row state-${row.state}` },
        cell('state', '', stateBadge(row.state)),
        cell('what', '', nameButton(row, open), el('span', { class: 'extras' }, extraBadges(row, () => open(row.name))),
            el('div', { class: 'line' }, lineOf(row, parent))),
        cell('val', '', valueCell(row)),
        cell('ver', '', (hasValue(row) || row.state === 'expired') && (row.version ?? row.parent?.version) ? `v${row.version ?? row.parent.version}` : '—'),
        cell('set', '', isOwn(row) && whenAndWho(row.setAt, row.setBy)),
        actionCell(row, actions));
}

function table(label, kind, heads) {
    return el('table', { role: 'table', class: `rows ${kind}`, 'aria-label': label },
        el('thead', { role: 'rowgroup' }, el('tr', { role: 'row', 'aria-rowindex': 1 }, heads.map((head) =>
            el('th', { role: 'columnheader', scope: 'col' }, head || unseen('Actions'))))));
}

/** The table of a scope, without rows. */
function scopeTable(where, label) {
    return where.spaceId === undefined ? table(label, 'env-rows', ['Name', 'Value', 'Version', 'Set', 'Used by', 'Note', ''])
        : table(label, 'space-rows', ['State', 'Name', 'Value', 'Version', 'Set', '']);
}

/** What stands over the rows of a scope while they are awaited. */
export const rowsHead = (where) => scopeTable(where, '');

/**
 * A table of the rows of a scope, however many. `open(name)` shows the details; `actions(row)` gives what
 * can be done; `parent` is the environment's name, for rows of a space. It has no rows until some are shown.
 */
export function rowsTable({ where, label, parent, open, actions }) {
    const inEnvironment = where.spaceId === undefined;
    const element = scopeTable(where, label);
    const rows = rowsWindow(element, {
        keyOf: ({ name }) => name,
        rowOf: (row) => (inEnvironment ? environmentRow(row, where, open, actions(row)) : spaceRow(row, where, parent, open, actions(row))),
    });
    return { element, ...rows };
}

/** A name that was found, with where it is. */
export function foundRow(row, where) {
    const place = { ...where, screen: 'secrets', query: { show: row.name } };
    const environment = world.environmentName(where.environmentId);
    return el('tr', { role: 'row', 'data-row': row.name, class: 'row found-row' },
        cell('what', '', el('a', { class: 'name mono', href: addressOf(place), 'data-focus': `found:${addressOf(place)}` }, named(row.name))),
        cell('state', '', row.state === 'value' ? null : stateBadge(row.state)),
        cell('val', '', valueCell(row)),
        cell('used', '', icon('layers'), ' ', named(environment), where.spaceId !== undefined && [' › ', named(world.placeName(where))]),
        cell('ver', '', row.version ? `v${row.version}` : '—'),
        cell('note', '', row.note));
}
export function foundTable(found) {
    const element = table(`${count(found.length, 'place')} found`, 'found-rows', ['Name', 'State', 'Value', 'Where', 'Version', 'Note']);
    element.append(el('tbody', { role: 'rowgroup' }, found));
    return element;
}
