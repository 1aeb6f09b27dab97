// SPDX-License-Identifier: BSL-1.0
// The words of the page: what a state is called, what stands under a name, what a role may do. One
// meaning each; a badge is always a shape and a word, never a colour alone.
import { el, icon, named } from './el.js';
import { rolesWith } from './grants.js';
import { date, daysBetween, exactly, msOf, timeElement } from './time.js';

const states = {
    inherited: { shape: 'arrow-down', word: 'Inherited', tone: 'grey' },
    overridden: { shape: 'dot', word: 'Overridden', tone: 'blue' },
    own: { shape: 'diamond', word: 'Only here', tone: 'teal' },
    hidden: { shape: 'hidden', word: 'Hidden', tone: 'grey' },
    missing: { shape: 'bang', word: 'Missing', tone: 'red' },
    expired: { shape: 'clock', word: 'Expired', tone: 'red' },
    damaged: { shape: 'cross', word: 'Damaged', tone: 'red' },
    removed: { shape: 'dash', word: 'Removed', tone: 'grey' },
    deleted: { shape: 'dash', word: 'Removed', tone: 'grey' },
    value: { shape: 'dot', word: 'Set', tone: 'grey' },
};

function shaped(shape, word, tone, title) {
    return el('span', { class: `badge ${tone}`, title }, icon(shape), word);
}

/** The badge of a state. */
export function stateBadge(state) {
    const known = states[state] ?? { shape: 'bang', word: state, tone: 'red' };
    return shaped(known.shape, known.word, known.tone);
}
/** The word of a state alone. */
export function stateWord(state) {
    return states[state]?.word ?? state;
}
export function prodBadge() {
    return el('span', { class: 'badge prod' }, 'PROD');
}

/** Whether a day has come, or comes within two weeks. */
const isNear = (time) => Boolean(time) && daysBetween(Date.now(), msOf(time)) <= 14;
/** Whether the date by which a name was to be rotated has come, or comes soon. */
export const isToRotate = (row) => isNear(row.rotateBy);
/** The time at which a value ends, if that is to come. */
export const endOf = (row) => (msOf(row.expiresAt) > Date.now() ? row.expiresAt : undefined);
/** Whether a name wants to be replaced: it is to be rotated, or its value ends. */
export function isDue(row) {
    return isToRotate(row) || isNear(endOf(row));
}
/** Whether somebody has to do something about a name. */
export function needsAttention(row) {
    return ['missing', 'damaged', 'expired'].includes(row.state) || row.older || isDue(row) ||
        (row.usedBy?.older ?? 0) > 0;
}

/** How many people or agents have a value of their own in place of a row's. */
export const personalOf = (row) => row.personal ?? row.usedBy?.personal ?? 0;

/** What is to be said beside the state: older than the parent, due, its end, personal values. `show()` shows whose those are. */
export function extraBadges(row, show) {
    const personal = personalOf(row);
    const whose = 'People or agents who have a value of their own, which wins for them';
    return [
        row.older && shaped('triangle', 'older', 'amber', 'What it replaces was changed after this override'),
        (row.usedBy?.older ?? 0) > 0 && shaped('triangle', `${row.usedBy.older} older`, 'amber',
            'Overrides that are older than this version'),
        isToRotate(row) && (daysBetween(Date.now(), msOf(row.rotateBy)) < 0
            ? shaped('clock', `Overdue since ${date(row.rotateBy)}`, 'red', 'It was to be rotated by this date. It is still served: the date is a reminder')
            : shaped('clock', `Due ${date(row.rotateBy)}`, 'amber', 'Rotate by this date. It is still served: the date is a reminder')),
        endOf(row) && shaped('clock', `Expires ${date(row.expiresAt)}`, isNear(row.expiresAt) ? 'amber' : 'grey',
            `Served until ${exactly(row.expiresAt)}; from then on programs get an error, not another value`),
        personal > 0 && (show ? el('button', { type: 'button', class: 'badge violet', title: whose, 'aria-label': `${personal} personal: show whose`, 'data-focus': `personal:${row.name}`, on: { click: show } },
            icon('person'), `${personal} personal`) : shaped('person', `${personal} personal`, 'violet', whose)),
    ];
}

const names = (list) => list.map((name, i) => [i > 0 && ', ', named(name)]);
/** The version of an entry, where it may be known. */
const versionOf = (entry) => (entry?.version ? ` v${entry.version}` : '');
const setBy = (at, who) => [at && ['set ', timeElement(at)], who && [' by ', named(who)]];

/** Who wrote all of these rows, if it was one and is known: an inherited row tells only who set the parent's. */
export function oneAuthor(rows) {
    const all = new Set(rows.map((row) => (row?.own ? row.setBy : undefined)));
    return all.size === 1 ? [...all][0] : undefined;
}

/** The line under a name in a space. `parent` is the environment's name. */
export function lineOf(row, parent) {
    const above = row.parent;
    switch (row.state) {
    case 'inherited': {
        const told = setBy(above?.setAt ?? row.setAt, above?.setBy ?? row.setBy);
        return ['from ', named(parent), versionOf(above ?? row), told[0] && ', ', told];
    }
    case 'overridden':
        if (row.older && above) {
            const days = above.setAt ? daysBetween(msOf(row.setAt), msOf(above.setAt)) : 0;
            return [named(parent), days > 0 ? ` changed ${days} ${days === 1 ? 'day' : 'days'} after this override`
                : ' changed after this override', above.version && ` (now v${above.version})`];
        }
        return ['replaces ', named(parent), versionOf(above)];
    case 'own':
        return ['no value in ', named(parent)];
    case 'hidden':
        return above ? [named(parent), versionOf(above) || '’s value', ' is not given to this space']
            : 'not given to this space';
    case 'missing':
        return [row.requiredBy?.length > 0 ? ['required by ', names(row.requiredBy), '; '] : '',
            'neither here nor in ', named(parent)];
    case 'expired':
        return [row.expiresAt && ['expired ', timeElement(row.expiresAt), '; '],
            'programs get an error, not another value'];
    case 'damaged':
        return ['the stored record fails its check; not served, not replaced by ', named(parent), '’s'];
    default:
        return '';
    }
}

/** What each role may do, as the sign-in and the tokens say it. */
export const roles = {
    operator: ['operator', 'everything but values'],
    'env-admin': ['environment admin', 'list, set, hide and remove in one environment'],
    'space-admin': ['space admin', 'list, set, hide and remove in one space'],
    service: ['service', 'for programs, reads values'],
    auditor: ['auditor', 'reads names and the audit log'],
};
/** The names that two roles had, as lines of the log have them that were written then. */
const namesBefore = { environment_admin: 'env-admin', space_admin: 'space-admin' };
export const roleWord = (role) => roles[namesBefore[role] ?? role]?.[0] ?? role;

/** What each right is for, and who has it beside the roles that have it always. */
const rights = {
    list: ['see names and versions'],
    read: ['be given values'],
    reveal: ['be shown a value', 'an admin whose token may be shown values'],
    write: ['set, hide and remove values', 'service that may write'],
    spaces: ['make, rename and remove spaces'],
    tokens: ['make and revoke tokens'],
    keys: ['see the keys, make and remove environments'],
    audit: ['read the activity'],
    policy: ['say whether values may be shown'],
};
/** Why something is refused for want of a right. */
export function whyForbidden(right) {
    const [what, also] = rights[right] ?? ['do this'];
    const all = [...rolesWith(right).map(roleWord), also].filter(Boolean);
    return `this token has not the right ${right} here, to ${what}${all.length > 0 ? `; who has it: ${all.join(', ')}` : ''}`;
}

/** Why somebody may not change a scope. */
export function whyNotWrite(placeName, inSpace) {
    return `Changing ${placeName} needs the role ${inSpace ? 'space admin or ' : ''}environment admin`;
}

/** When and by whom, for a narrow column. */
export function whenAndWho(at, who) {
    if (!at) return '';
    return [timeElement(at), who && el('div', { class: 'line' }, named(who))];
}
