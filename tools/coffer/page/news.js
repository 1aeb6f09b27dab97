// SPDX-License-Identifier: BSL-1.0
// What others change while a list is shown: a thin bar says it, and it is shown once somebody wants that.
// No row moves by itself.
import { el, fill, icon, named } from './el.js';
import { button } from './controls.js';
import { pause } from './pause.js';
import { isNews, stateOf, watch } from './watch.js';

/** Two pieces of news as one: who did both, if it was one. */
const together = (a, b) => ({ ...b, names: [...new Set([...a.names ?? [], ...b.names ?? []])], by: a.by === b.by ? b.by : undefined });

/**
 * The bar of a list. `ask(after, options)` waits for what comes after a state of the list, `state()` is that of
 * what is shown: a generation or a revision, or nothing where it is not known. `changed(news)` looks, and shows nothing, what is other than that: {what, by, now} or nothing, where `what` are words, `by` who did all of
 * it, if that is known, and `now` whether the news tells all of it. `news` is all that came since. `show()` shows it. `busy()`: what changes is
 * one's own, and is shown at its end. `kind` is its class.
 */
export function newsBar(ask, { state, changed, show, busy = () => false, kind = 'news' }) {
    const element = el('div', { class: kind, hidden: true, role: 'status' });
    let told; // the state that it speaks of
    let unseen; // all that came since, if something of it is to be shown
    const isShown = (news) => state() === undefined || !isNews(stateOf(news), state());
    const watching = watch(ask, state, async (news) => {
        await pause(300); // a save of one's own is just being listed
        if (isShown(news) || busy()) return;
        const all = unseen ? together(unseen, news) : news;
        const found = await changed(all);
        if (isShown(news) || busy()) return;
        const justNow = found?.now && !unseen;
        unseen = found ? all : undefined;
        if (!found) return;
        fill(element, icon('refresh'), el('span', {}, named(found.by ?? 'Somebody'), ` changed ${found.what}${justNow ? ' just now' : ''}.`),
            button('Show', { small: true, act: show }));
        element.hidden = false;
        told = stateOf(news);
    });
    return {
        element, close: watching.close,
        /** The list shows what `state()` says: what was told is seen, unless it is known to be newer. */
        shown() {
            watching.from(state());
            if (typeof told === 'number' && isNews(told, state())) return;
            unseen = undefined;
            element.hidden = true;
            fill(element);
        },
    };
}

/** The keys by which two lists differ, each a map of keys to texts. */
export function keysThatDiffer(before, after) {
    return [...new Set([...before.keys(), ...after.keys()])].filter((key) => before.get(key) !== after.get(key));
}
