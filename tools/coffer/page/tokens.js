// SPDX-License-Identifier: BSL-1.0
// Tokens: who and which programs may do what. A new one is shown once.
import * as api from './api.js';
import * as session from './session.js';
import * as world from './world.js';
import { count, el, fill, icon, named, refill, unseen } from './el.js';
import { whyNotNow } from './actions.js';
import { button, checkbox, copyButton, dateField, field, problemLine, select, textInput } from './controls.js';
import { ask, openDialog } from './dialog.js';
import { whyNotGive } from './grants.js';
import { crumbs, screenHead } from './head.js';
import { listFilter } from './list_filter.js';
import { keysThatDiffer, newsBar } from './news.js';
import { withConfirmation } from './reveal.js';
import { keepQuery } from './router.js';
import { leave } from './signin.js';
import { spacesField } from './space_field.js';
import { live, panel, whomToAsk } from './states.js';
import { date, endOfDay, fieldOfDate, timeElement } from './time.js';
import { saved } from './undo.js';
import { roles, roleWord } from './words.js';

function scopeText(grant) {
    if (!grant.environmentId) return 'everything';
    const environment = named(world.environmentName(grant.environmentId));
    return grant.spaceId ? [environment, ' › ', named(world.spaceName(grant.environmentId, grant.spaceId))] : environment;
}
function grantLine(grant) {
    const flags = [grant.write && grant.role === 'service' && 'may write', grant.reveal && 'may reveal', grant.actorId && `for ${grant.actorId}`].filter(Boolean);
    return el('div', { class: 'grant' }, el('span', { class: 'badge grey' }, roleWord(grant.role)), ' ', scopeText(grant),
        grant.names?.length > 0 && [' · ', el('span', { class: 'mono' }, grant.names.join(' '))],
        flags.length > 0 && el('span', { class: 'faint' }, ` · ${flags.join(', ')}`));
}

/** Whether it is the one that the session was begun with. */
const isMine = (one) => one.id === session.me()?.tokenId;

function tokenRow(one, revoke, reason) {
    const over = one.expiresAt && new Date(one.expiresAt) < Date.now();
    const state = one.unreadable ? el('span', { class: 'badge red' }, icon('cross'), 'Unreadable') : one.revokedAt ? el('span', { class: 'badge red' }, icon('cross'), 'Revoked')
        : over ? el('span', { class: 'badge red' }, icon('clock'), 'Expired') : null;
    return el('tr', { role: 'row', class: `row${state ? ' over' : ''}`, 'data-row': one.id },
        el('td', { role: 'cell', class: 'what' }, el('span', { class: 'name', tabindex: '-1', 'data-focus': `token:${one.id}` }, named(one.name || one.id)), ' ', state,
            isMine(one) && el('span', { class: 'badge blue' }, 'you'), el('div', { class: 'line mono' }, one.id)),
        el('td', { role: 'cell', class: 'grants' }, (one.grants ?? []).map(grantLine)),
        el('td', { role: 'cell', 'data-label': 'expires' }, one.expiresAt ? timeElement(one.expiresAt, date(one.expiresAt)) : one.unreadable ? 'not known' : 'never'),
        el('td', { role: 'cell', 'data-label': 'last used' }, one.lastUsedAt ? [timeElement(one.lastUsedAt), one.lastUsedFrom && el('div', { class: 'line' }, `from ${one.lastUsedFrom}`)] : el('span', { class: 'faint' }, 'not known')),
        el('td', { role: 'cell', class: 'act' }, !one.revokedAt && button('Revoke', { small: true, kind: 'quiet', reason, act: () => revoke(one), more: { 'data-focus': `act:${one.id}` } })));
}

function tokensTable(label, rows) {
    return el('table', { role: 'table', class: 'rows tokens-rows', 'aria-label': label, 'aria-rowcount': rows.length + 1 },
        el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, ['Name', 'May', 'Expires', 'Last used', ''].map((head) =>
            el('th', { role: 'columnheader', scope: 'col' }, head || unseen('Actions'))))),
        el('tbody', { role: 'rowgroup' }, rows));
}

/** What a token is looked for by: what it is called, its id, what it may do and where. */
const textsOf = (one) => [one.name || one.id, one.id, ...(one.grants ?? []).flatMap((grant) => [roleWord(grant.role), ...(grant.names ?? []),
    grant.environmentId && world.environmentName(grant.environmentId), grant.spaceId && world.spaceName(grant.environmentId, grant.spaceId)])];

export function screen(place) {
    const where = { environmentId: place.environmentId, spaceId: place.spaceId };
    const name = world.placeName(where);
    const tools = el('div', { class: 'tools' });
    const denied = world.may('tokens', place.environmentId) ? undefined : 'Making tokens needs the role operator or an admin’s';
    const reason = () => denied ?? whyNotNow();
    const filter = listFilter({ label: 'Filter tokens', what: 'token', textsOf, changed: () => view.redraw(), value: place.query.filter });
    const view = live({
        async load(signal) {
            const answer = await api.tokens(where, { signal });
            learnNames(answer.data);
            return answer;
        },
        head: () => tokensTable('', []),
        draw({ data: list }) {
            news.shown();
            drawTools();
            keepQuery({ filter: filter.text() });
            if (list.length === 0) {
                return denied ? panel('denied', 'None that you may see', [el('p', {}, `${denied}.`), whomToAsk()])
                    : panel('empty', 'No tokens for this yet', el('p', {}, 'A listener needs a service token; a person needs one to sign in.'), button('New token', { kind: 'primary', reason: reason(), act: make }));
            }
            const found = filter.matching(list);
            return found.length === 0 ? filter.nothing(list) : tokensTable(`Tokens of ${name}`, found.map((one) => tokenRow(one, revoke, whyNotNow())));
        },
    });
    const news = newsBar((after, options) => api.watchTokens(where, after, options), { state: () => view.answer()?.revision, changed, show: () => view.refresh() });
    /** Draws it again when names of its spaces are known. */
    const learnNames = (list) => world.learnSpaceNames(list.flatMap((one) => one.grants ?? []), view);
    /** Uses are no changes. */
    async function changed() {
        const texts = ({ data }) => new Map(data.map(({ id, name: called, grants, expiresAt }) => [id, JSON.stringify([called, grants, expiresAt])]));
        const shown = view.answer();
        const now = await api.tokens(where, { unasked: true });
        if (!shown || shown !== view.answer()) return undefined;
        const others = keysThatDiffer(texts(shown), texts(now));
        return others.length > 0 && { what: count(others.length, 'token') };
    }
    function make() {
        newToken(where, view.refresh);
    }
    async function revoke(one) {
        const mine = isMine(one);
        const sure = await ask({
            title: ['Revoke ', named(one.name || one.id)], danger: true, yes: 'Revoke',
            text: `${mine ? 'This is the token that you are signed in with: you are signed out. ' : ''}` +
                'Its next request is refused; other instances of the server follow within moments. This can’t be undone: make a new one.',
        });
        if (!sure) return;
        try {
            await api.revokeToken(one.id);
            if (mine) {
                leave();
                return;
            }
            saved(`Token ${one.name || one.id} revoked.`);
        } catch (problem) {
            if (problem.name !== 'ApiError') throw problem;
            saved(`Not revoked: ${problem.message}`, undefined, { failed: true });
        }
        view.refresh();
    }
    function drawTools() {
        refill(tools, button('New token', { kind: 'primary', picture: 'plus', reason: reason(), act: make, more: { 'data-focus': 'new' } }));
    }
    drawTools();
    const ready = view.refresh();
    return {
        title: `Tokens of ${name}`, ready, refresh: view.refresh,
        nodes: [screenHead({
            way: crumbs(place, 'Tokens'), title: ['Tokens of ', named(name)], about: 'Coffer keeps a fingerprint of each, never the token.',
            tools: [filter.element, tools],
        }), news.element, view.outlet],
        keys: { n: () => !reason() && make() },
        close() {
            view.close();
            news.close();
        },
    };
}

const mostGrants = 16;

/** The roles that a token for this place can have; those that the holder can't give say why. */
function rolesFor(where) {
    const keys = where.spaceId !== undefined ? ['service', 'space-admin'] : ['service', 'env-admin', 'space-admin', 'auditor', 'operator'];
    return keys.map((key) => {
        const why = whyNotGive(session.me()?.grants ?? [], key === 'operator' ? { role: key } : { role: key, ...where });
        return [key, `${roles[key][0]}: ${why ? `not possible, ${why}` : roles[key][1]}`, { disabled: Boolean(why) }];
    });
}

function newToken(where, done) {
    const place = world.placeName(where);
    const offered = rolesFor(where);
    const name = textInput({ autofocus: true, placeholder: 'listener-prod' });
    const role = select(offered, { value: offered.find(([, , { disabled }]) => !disabled)?.[0], on: { change: shape } });
    const spaces = spacesField(where.environmentId, {
        label: 'Only these spaces', most: mostGrants, first: where.spaceId === undefined ? [] : [{ id: where.spaceId, name: place }],
        hint: 'A name or an id, then Add. None: the environment and all its spaces.',
    });
    const names = textInput({ class: 'mono', placeholder: 'SLACK_* STRIPE_KEY' });
    const ownEnd = Date.parse(session.me()?.expiresAt ?? '') || Infinity; // no token outlives the one that makes it
    const expires = dateField('Expires', {
        value: fieldOfDate(Math.min(Date.now() + 89 * 86_400_000, ownEnd)), hint: 'At most 90 days for people, a year for services, and no longer than your own token.',
    });
    const write = checkbox('may also write values (for programs that use @flatfile/api)');
    const noReveal = whyNotGive(session.me()?.grants ?? [], { role: where.spaceId === undefined ? 'env-admin' : 'space-admin', reveal: true, ...where });
    const reveal = checkbox(`may be shown values, where the environment allows it${noReveal ? ` (not possible: ${noReveal})` : ''}`, { disabled: Boolean(noReveal) });
    const problem = problemLine();
    const scope = el('p', { class: 'hint' });
    const dialog = openDialog({
        title: ['New token for ', named(place)], kind: 'set',
        body: [field('Name', name, { hint: 'Who or what holds it.' }), field('Role', role), scope, spaces.element,
            field('Only these names', names, { optional: true, hint: 'Patterns with *, parted by spaces. Empty: all.' }),
            expires.element, el('div', { class: 'checks' }, write.element, reveal.element), problem.element],
        footer: [button('Cancel', { act: () => dialog.tryClose() }), button('Create token', { kind: 'primary', type: 'submit' })],
        submit: send,
    });
    shape();
    function shape() {
        write.element.hidden = role.value !== 'service';
        reveal.element.hidden = !['env-admin', 'space-admin'].includes(role.value);
        names.closest('.field').hidden = role.value !== 'service';
        spaces.element.hidden = !['service', 'space-admin'].includes(role.value);
        fill(scope, role.value === 'operator' ? 'For the whole instance, not only this environment.'
            : role.value === 'space-admin' ? 'For the spaces that are named below.' : ['For ', named(world.environmentName(where.environmentId)), role.value === 'service' ? ' and all its spaces, or for those that are named below.' : '.']);
    }
    /** One grant a space: a token has several. */
    function grants() {
        const given = { role: role.value };
        if (role.value === 'operator') return [given];
        given.environmentId = where.environmentId;
        if (role.value === 'service') {
            given.write = write.input.checked;
            const globs = names.value.split(/\s+/).filter(Boolean);
            if (globs.length > 0) given.names = globs;
        } else if (!reveal.element.hidden) {
            given.reveal = reveal.input.checked;
        }
        const chosen = spaces.element.hidden ? [] : spaces.chosen();
        return chosen.length > 0 ? chosen.map(({ id }) => ({ ...given, spaceId: id })) : [given];
    }
    function whyNotYet() {
        if (name.value.trim() === '') return 'A name is needed';
        if (spaces.element.hidden) return undefined;
        if (spaces.unfinished()) return 'Add the space that you typed, or take it out';
        if (spaces.chosen().length === 0 && (role.value === 'space-admin' || where.spaceId !== undefined)) return 'A space is needed';
        return undefined;
    }
    async function send() {
        const why = whyNotYet();
        if (why) {
            problem.say(why);
            return;
        }
        dialog.busy(true);
        problem.say('');
        try {
            const fields = { name: name.value.trim(), grants: grants(), expiresAt: endOfDay(expires.value) };
            const made = await withConfirmation(() => api.makeToken(fields));
            dialog.busy(false);
            dialog.close();
            showOnce(made, fields.grants[0].role);
            done();
        } catch (failed) {
            if (failed.name !== 'ApiError') throw failed;
            problem.say(failed.unknown ? 'The connection ended before the answer. If it is in the list, revoke it: its text is lost.' : failed.message);
        } finally {
            dialog.busy(false);
        }
    }
}

/** The only time that a token is seen: it is not closed unasked before it was copied. */
function showOnce(made, role) {
    const service = role === 'service';
    const lines = `export AGENT_INTERNAL_URL=${location.origin}\nexport FLATFILE_BEARER_TOKEN=${made.token}`;
    let kept = false;
    const keep = () => { kept = true; };
    const dialog = openDialog({
        title: ['Token ', named(made.name)], kind: 'set',
        body: [el('p', { class: 'once' }, icon('warning'), 'Copy it now; Coffer keeps only a fingerprint.'),
            el('pre', { class: 'code token-shown', tabindex: '0' }, service ? lines : made.token),
            el('div', { class: 'panel-actions' }, copyButton('Copy token', () => made.token, 'Token', keep), service && copyButton('Copy both lines', () => lines, 'Two lines', keep))],
        footer: [button('I have kept it', { kind: 'primary', act: () => dialog.close() })],
        dirty: () => !kept,
        losing: { title: 'Close without the token?', text: 'It was not copied, and it is never shown again: a new one would have to be made.', yes: 'Close', no: 'Back to the token' },
    });
}
