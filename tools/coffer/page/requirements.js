// SPDX-License-Identifier: BSL-1.0
// Requirements: which names a program needs. A name that is required and not there is shown as missing.
import * as api from './api.js';
import * as world from './world.js';
import { count, el, named, refill } from './el.js';
import { button, field, pictureButton, problemLine, textInput } from './controls.js';
import { attempt, whyNotNow } from './actions.js';
import { ask, openDialog } from './dialog.js';
import { crumbs, screenHead } from './head.js';
import { listFilter } from './list_filter.js';
import { keysThatDiffer, newsBar } from './news.js';
import { keepQuery } from './router.js';
import { live, panel } from './states.js';
import { saved } from './undo.js';

/** Whether two lists of needs are the same; either may be undefined. */
const isSame = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const needsOf = (all, program) => (Object.hasOwn(all, program) ? all[program] : undefined);

export function screen(place) {
    const { environmentId } = place;
    const name = world.environmentName(environmentId);
    const tools = el('div', { class: 'tools' });
    const whyNot = () => (world.may('write', environmentId) ? whyNotNow() : `Changing ${name} needs the role environment admin`);
    let all = {};
    const textsOf = (program) => [program, ...all[program].map((one) => one.name)];
    const filter = listFilter({
        label: 'Filter programs, names', what: 'program or name', value: place.query.filter, changed: () => view.redraw(),
        textsOf, meantOf: textsOf,
    });
    const view = live({
        rows: 3, cards: true,
        load: (signal) => api.requirements(environmentId, { signal }),
        draw(answer) {
            all = answer.requirements ?? {};
            news.shown();
            const reason = whyNot();
            drawTools();
            keepQuery({ filter: filter.text() });
            const programs = Object.keys(all).sort();
            if (programs.length === 0) {
                return panel('empty', 'No program says what it needs', el('p', {}, 'Write down the names that a program needs: a missing one is then shown, before the program finds out.'),
                    button('Add a program', { kind: 'primary', reason, act: () => edit() }));
            }
            const found = filter.matching(programs);
            return found.length === 0 ? filter.nothing(programs) : el('ul', { class: 'cards' }, found.map((program) => el('li', { class: 'card', 'data-row': program },
                el('div', { class: 'card-head' }, el('h2', {}, named(program)), el('span', { class: 'faint' }, count(all[program].length, 'name')),
                    button('Edit', { small: true, kind: 'quiet', reason, act: () => edit(program), more: { 'data-focus': `program:${program}` } }),
                    button('Remove', { small: true, kind: 'quiet', reason, act: () => remove(program) })),
                el('ul', { class: 'names' }, all[program].map((one) => el('li', { class: 'mono' }, named(one.name), one.pattern && el('span', { class: 'faint' }, ` ${one.pattern}`)))))));
        },
    });
    const news = newsBar((after, options) => api.watch({ environmentId }, after, options), { state: () => view.answer()?.generation, changed, show: () => view.refresh() });
    async function changed({ by }) {
        const texts = (needs) => new Map(Object.entries(needs).map(([program, list]) => [program, JSON.stringify(list)]));
        const shown = all;
        const now = (await api.requirements(environmentId, { unasked: true })).requirements ?? {};
        const others = shown === all ? keysThatDiffer(texts(shown), texts(now)) : [];
        return others.length > 0 && { what: `what ${count(others.length, 'program')} ${others.length === 1 ? 'needs' : 'need'}`, by, now: by !== undefined };
    }
    /**
     * Puts `list` in the place of what a program needed, which was `was`; either may be undefined. What
     * others change of other programs meanwhile stays; of this one it is a conflict.
     */
    async function replace(program, was, list) {
        for (let now = all; ; now = (await api.requirements(environmentId)).requirements ?? {}) {
            if (!isSame(needsOf(now, program), was)) throw new api.ApiError(`somebody changed what ${program} needs meanwhile`, { status: 409 });
            const next = { ...now, [program]: list }; // what is undefined is not sent
            try {
                return await api.setRequirements(environmentId, next, now);
            } catch (problem) {
                if (problem.name !== 'ApiError' || problem.status !== 409) throw problem;
            }
        }
    }
    async function store(program, was, list, text) {
        await replace(program, was, list);
        saved(text, async () => {
            await replace(program, list, was);
            view.refresh();
            return 'Requirements are as before.';
        });
        view.refresh();
    }
    async function remove(program) {
        const was = needsOf(all, program);
        if (!await ask({ title: ['Forget what ', named(program), ' needs'], yes: 'Remove', danger: true })) return;
        await attempt(() => store(program, was, undefined, `Requirements of ${program} removed.`));
    }
    function edit(program) {
        const was = program === undefined ? undefined : needsOf(all, program);
        const title = textInput({ value: program ?? '', disabled: Boolean(program), autofocus: !program, placeholder: 'billing' });
        const rows = el('div', { class: 'name-rows' });
        const problem = problemLine();
        const more = button('Add a name', { small: true, picture: 'plus', act: () => add({ name: '' }).focus() });
        for (const one of (program ? all[program] : [{ name: '' }])) add(one);
        const dialog = openDialog({
            title: program ? ['What ', named(program), ' needs'] : 'A program and what it needs', kind: 'set',
            body: [field('Program', title), el('fieldset', { class: 'plain-set' }, el('legend', {}, 'Names'), rows,
                more), problem.element],
            footer: [button('Cancel', { act: () => dialog.tryClose() }), button('Save', { kind: 'primary', type: 'submit' })],
            submit: send,
        });
        function add(one) {
            const input = textInput({ class: 'mono', value: one.name, 'aria-label': 'Name', placeholder: 'SLACK_TOKEN' });
            const pattern = textInput({ class: 'mono', value: one.pattern ?? '', 'aria-label': 'Pattern of the value', placeholder: 'pattern (optional)' });
            const row = el('div', { class: 'name-row' }, input, pattern, pictureButton('close', 'Remove this name', remove));
            function remove() {
                const next = row.nextElementSibling ?? row.previousElementSibling;
                row.remove();
                (next?.querySelector('button') ?? more).focus();
            }
            rows.append(row);
            return input;
        }
        async function send() {
            const key = title.value.trim();
            const list = [...rows.children].map((row) => {
                const [input, pattern] = row.querySelectorAll('input');
                return { name: input.value.trim(), ...(pattern.value.trim() ? { pattern: pattern.value.trim() } : {}) };
            }).filter((one) => one.name !== '');
            if (key === '' || list.length === 0) {
                problem.say('A program and at least one name are needed');
                return;
            }
            if (program === undefined && Object.hasOwn(all, key)) {
                problem.say(`What ${key} needs is written down already: edit it there`);
                return;
            }
            dialog.busy(true);
            try {
                await store(key, was, list, `Requirements of ${key} saved.`);
                dialog.busy(false);
                dialog.close();
            } catch (failed) {
                if (failed.name !== 'ApiError') throw failed;
                problem.say(`Not saved: ${failed.message}. What you typed is kept here.`);
            } finally {
                dialog.busy(false);
            }
        }
    }
    function drawTools() {
        refill(tools, button('Add a program', { kind: 'primary', picture: 'plus', reason: whyNot(), act: () => edit(), more: { 'data-focus': 'new' } }));
    }
    drawTools();
    const ready = view.refresh();
    return {
        title: 'Requirements', ready, refresh: view.refresh,
        nodes: [screenHead({
            way: crumbs(place, 'Requirements'), title: ['Requirements of ', named(name)], about: 'What programs need, so that what is missing is seen here first.',
            tools: [filter.element, tools],
        }), news.element, view.outlet],
        keys: { n: () => !whyNot() && edit() },
        close() {
            view.close();
            news.close();
        },
    };
}
