// SPDX-License-Identifier: BSL-1.0
// The rows of a long table of which only those in view exist. Between them stand gaps as high as what is
// left out, so that the page scrolls as if all were there. A short table is whole.
import { el } from './el.js';
import { timesNow } from './time.js';

const mostWhole = 200; // as many are made at once, and found by the browser's own search
const beyond = 480; // px above and below the view in which rows exist, so that a step shows no gap
const usualHeight = 60;

/**
 * Gives a table its body. `keyOf(item)` is what `rowOf(item)` has as its data-row. The first and the last
 * row always exist, as do the one that has or last had the focus and its neighbours: keys that go from
 * row to row, and what gives the focus back, find theirs. Printed, and looked through by the browser's own
 * search, the table is whole.
 */
export function rowsWindow(table, { keyOf, rowOf }) {
    const body = el('tbody', { role: 'rowgroup' });
    const closed = new AbortController();
    const made = new Map(); // key → row, of one answer
    const heights = new Map(); // key → px, as they were last seen
    let madeOf;
    let items = [];
    let placed = []; // the indexes of the rows that exist
    let long = false;
    let whole = false;
    let kept; // the key of the row that has or last had the focus
    let width = 0;
    let scheduled = 0;

    table.append(body);
    const observer = new ResizeObserver(([{ contentRect }]) => {
        if (contentRect.width !== width) heights.clear(); // texts wrap in other places
        width = contentRect.width;
        schedule();
    });
    observer.observe(table);
    const on = (target, event, f) => target.addEventListener(event, f, { signal: closed.signal, passive: true });
    on(window, 'scroll', schedule);
    on(window, 'resize', schedule);
    on(window, 'beforeprint', () => render(true));
    on(window, 'afterprint', () => render());
    on(window, 'keydown', ({ key, ctrlKey, metaKey }) => {
        if (key !== 'F3' && !((ctrlKey || metaKey) && key.toLowerCase() === 'f')) return;
        whole = true;
        render();
    });
    on(body, 'focusin', ({ target }) => {
        kept = target.closest('[data-row]').dataset.row;
        render();
    });

    function schedule() {
        if (!long || !table.isConnected) return;
        scheduled ||= requestAnimationFrame(() => {
            scheduled = 0;
            render();
        });
    }
    /** How high each row is, as far as it is known: the others are as high as those are on average. */
    function heightOf() {
        let sum = 0;
        for (const one of heights.values()) sum += one;
        const usual = heights.size > 0 ? sum / heights.size : usualHeight;
        return (i) => heights.get(keyOf(items[i])) ?? usual;
    }
    /** The rows that have to exist, in order. */
    function wanted() {
        const height = heightOf();
        const from = table.isConnected ? -body.getBoundingClientRect().top : 0; // the edge of the view
        const found = new Set([0, items.length - 1]);
        const here = items.findIndex((item) => keyOf(item) === kept);
        if (here >= 0) for (const one of [here - 1, here, here + 1]) found.add(one);
        for (let i = 0, top = 0; i < items.length && top < from + innerHeight + beyond; i += 1) {
            top += height(i);
            if (top > from - beyond) found.add(i);
        }
        return [...found].filter((i) => i >= 0 && i < items.length).sort((a, b) => a - b);
    }
    function rowAt(i) {
        const key = keyOf(items[i]);
        if (!made.has(key)) made.set(key, rowOf(items[i]));
        const row = made.get(key);
        row.setAttribute('aria-rowindex', i + 2);
        if (!row.isConnected) timesNow(row);
        return row;
    }
    function gap(from, to) {
        const height = heightOf();
        let sum = 0;
        for (let i = from; i < to; i += 1) sum += height(i);
        const cell = el('td'); // one: spanning columns that are not shown would make them
        cell.style.height = `${sum}px`;
        return el('tr', { class: 'gap', 'aria-hidden': 'true' }, cell);
    }
    /** Puts these rows into the body; those that are there already are not touched. */
    function place(indexes) {
        const parts = [];
        let next = 0;
        for (const i of indexes) {
            if (i > next) parts.push(gap(next, i));
            parts.push(rowAt(i));
            next = i + 1;
        }
        if (!parts.some((one) => one.parentNode === body)) {
            // At once: a browser that lays out between two removals, as it may where the focus was, scrolls.
            body.replaceChildren(...parts);
            return;
        }
        const stays = new Set(parts);
        for (const one of [...body.children]) if (!stays.has(one)) one.remove();
        parts.forEach((one, i) => { if (body.children[i] !== one) body.insertBefore(one, body.children[i] ?? null); });
    }
    function measure() {
        for (const i of placed) {
            const { height } = rowAt(i).getBoundingClientRect();
            if (height > 0) heights.set(keyOf(items[i]), height);
        }
    }
    /** What is seen at the top of the view: it stays where it is when rows above it come and go. */
    function seenFirst() {
        for (const row of placed.length > 0 ? body.querySelectorAll('[data-row]') : []) {
            const { top, bottom } = row.getBoundingClientRect();
            if (bottom > 0 && top < innerHeight) return { row, top };
        }
        return undefined;
    }
    function render(all = whole) {
        const some = long && !all;
        const first = some ? seenFirst() : undefined;
        // Rows that are seen for the first time may be higher or lower than thought, and others be in view then.
        for (let turn = 0; turn < 3; turn += 1) {
            const now = some ? wanted() : items.map((_, i) => i);
            if (now.length === placed.length && now.every((one, i) => one === placed[i])) break;
            place(now);
            placed = now;
            if (some) measure();
            if (first?.row.isConnected) scrollBy(0, first.row.getBoundingClientRect().top - first.top);
        }
    }
    return {
        /** Shows items of an answer that has `most` of them: what is made of the same answer is not made anew. */
        show(shown, { of, most }) {
            if (madeOf !== of) made.clear();
            madeOf = of;
            items = shown;
            placed = [];
            long = most > mostWhole;
            whole = false;
            table.classList.toggle('long', long);
            table.setAttribute('aria-rowcount', items.length + 1);
            render();
        },
        /** What has to be known to show the same part again, to be given to `restore`. */
        look: () => ({ kept, heights: [...heights] }),
        /** Goes on where `look` was, once items are shown. */
        restore(seen) {
            kept = seen.kept;
            for (const [key, height] of seen.heights) heights.set(key, height);
        },
        close() {
            closed.abort();
            observer.disconnect();
            cancelAnimationFrame(scheduled);
        },
    };
}
