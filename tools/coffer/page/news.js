// SPDX-License-Identifier: BSL-1.0
// What others change while a list is shown: a thin bar says it, and it is shown once somebody wants that.
// No row moves by itself.
import * as api from './api.js';
import { el, fill, icon, named } from './el.js';
import { button } from './controls.js';
import { watch } from './watch.js';

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/**
 * The bar of a list of a scope. `generation()` is that of what is shown; `changed(news)` looks, and shows
 * nothing, what is other than that: {what, by, now} or nothing, where `what` are words, `by` who did all of
 * it, if that is known, and `now` whether it was a moment ago. `show()` shows it. `busy()`: what changes is
 * one's own, and is shown at its end.
 */
export function newsBar(where, { generation, changed, show, busy = () => false }) {
    const element = el('div', { class: 'news', hidden: true, role: 'status' });
    let told = 0; // the generation that it speaks of
    const isShown = (news) => !(generation() < news.generation);
    const watching = watch(where, generation, async (news) => {
        await pause(300); // a save of one's own is just being listed
        if (isShown(news) || busy()) return;
        const found = await changed(news);
        if (!found || isShown(news) || busy()) return;
        fill(element, icon('refresh'), el('span', {}, named(found.by ?? 'Somebody'), ` changed ${found.what}${found.now ? ' just now' : ''}.`),
            button('Show', { small: true, act: show }));
        element.hidden = false;
        told = news.generation;
    });
    return {
        element, close: watching.close,
        /** The list shows what `generation()` says: what was told is seen, unless it is newer. */
        shown() {
            watching.from(generation());
            if (generation() < told) return;
            element.hidden = true;
            fill(element);
        },
    };
}

/** The generation of an environment, for a list whose answer does not have it: to be asked for before that. Nothing, where it can't be known. */
export async function generationOf(environmentId, signal) {
    try {
        return (await api.watch({ environmentId }, undefined, { signal })).generation;
    } catch (problem) {
        if (problem.name !== 'ApiError') throw problem;
        return undefined;
    }
}

/** The keys by which two lists differ, each a map of keys to texts. */
export function keysThatDiffer(before, after) {
    return [...new Set([...before.keys(), ...after.keys()])].filter((key) => before.get(key) !== after.get(key));
}
