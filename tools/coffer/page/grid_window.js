// SPDX-License-Identifier: BSL-1.0
// A grid of any size of which only the cells in view exist. Its first row and column stay put; it says
// its real size to screen readers; arrows move through it.
import { el } from './el.js';

const rowHeight = 36;
const margin = 3; // rows and columns made beyond the edge, so that a step shows no gap

/**
 * `size()` → {rows, columns}, without the heads. `rowHead(r)`, `columnHead(c)` and `cell(r, c)` give
 * nodes or texts; `state(r, c)` gives {class, label, selected} of a cell. `key(event, r, c)` hears keys
 * that the grid does not take, `pressed(event, r, c, {extend, from})` presses: Shift was held since the
 * cell `from`, or an arrow went on from it. Both indexes are -1 in the heads.
 */
export function gridWindow({ label, size, rowHead, columnHead, cell, state, key, pressed }) {
    const sizer = el('div', { class: 'grid-sizer', role: 'presentation' });
    const head = el('div', { class: 'grid-row grid-head', role: 'row', 'aria-rowindex': '1' });
    const body = el('div', { class: 'grid-body', role: 'rowgroup' });
    const scroller = el('div', {
        class: 'grid', role: 'grid', 'aria-label': label, 'aria-multiselectable': 'true', tabindex: '0',
        on: { scroll: () => schedule(), keydown: keyed, click: clicked, focus: () => { if (document.activeElement === scroller) focusActive(); } },
    }, sizer);
    sizer.append(el('div', { role: 'rowgroup', class: 'grid-head-group' }, head), body);
    const made = new Map(); // r → {element, cells: Map(c → element)}
    let active = { r: 0, c: -1 };
    let anchor = null; // where a selection with Shift begins
    let scheduled = 0;
    let heads = new Map();

    const observer = new ResizeObserver(() => schedule());
    observer.observe(scroller);

    function measure() {
        const style = getComputedStyle(scroller);
        return { column: parseFloat(style.getPropertyValue('--column')) || 116, first: parseFloat(style.getPropertyValue('--first')) || 220 };
    }
    function schedule() {
        scheduled ||= requestAnimationFrame(() => {
            scheduled = 0;
            render();
        });
    }
    function range(offset, extent, step, count) {
        const from = Math.max(0, Math.floor(offset / step) - margin);
        return [from, Math.min(count, Math.ceil((offset + extent) / step) + margin)];
    }
    function render() {
        const { rows, columns } = size();
        const { column, first } = measure();
        scroller.setAttribute('aria-rowcount', rows + 1);
        scroller.setAttribute('aria-colcount', columns + 1);
        sizer.style.width = `${first + columns * column}px`;
        sizer.style.height = `${(rows + 1) * rowHeight}px`;
        const [r0, r1] = range(scroller.scrollTop, scroller.clientHeight, rowHeight, rows);
        const [c0, c1] = range(scroller.scrollLeft, scroller.clientWidth - first, column, columns);
        renderHead(c0, c1, column, first);
        for (const [r, row] of made) {
            if (r < r0 || r >= r1) {
                if (r === active.r && row.element.contains(document.activeElement)) continue;
                row.element.remove();
                made.delete(r);
            }
        }
        for (let r = r0; r < r1; r += 1) renderRow(r, c0, c1, column, first);
        // Where the focus may come to has to be one place, and it must be there.
        scroller.tabIndex = sizer.querySelector('[tabindex="0"]') ? -1 : 0;
    }
    function renderHead(c0, c1, column, first) {
        if (!heads.has(-1)) heads.set(-1, place(el('div', { class: 'grid-cell grid-corner', role: 'columnheader', 'aria-colindex': '1' }, columnHead(-1)), 0, first, head));
        for (const [c, element] of heads) {
            if (c >= 0 && (c < c0 || c >= c1) && element !== document.activeElement) {
                element.remove();
                heads.delete(c);
            }
        }
        for (let c = c0; c < c1; c += 1) {
            if (!heads.has(c)) {
                heads.set(c, place(el('div', { class: 'grid-cell', role: 'columnheader', 'aria-colindex': c + 2, 'data-r': -1, 'data-c': c, tabindex: tabOf(-1, c) }, columnHead(c)), first + c * column, column, head));
            }
        }
    }
    function place(element, left, width, parent) {
        if (left > 0) element.style.left = `${left}px`;
        element.style.width = `${width}px`;
        parent.append(element);
        return element;
    }
    const tabOf = (r, c) => (r === active.r && c === active.c ? '0' : '-1');
    function renderRow(r, c0, c1, column, first) {
        let row = made.get(r);
        if (!row) {
            const element = el('div', { class: 'grid-row', role: 'row', 'aria-rowindex': r + 2 });
            element.style.top = `${(r + 1) * rowHeight}px`;
            row = { element, cells: new Map() };
            row.cells.set(-1, place(el('div', { class: 'grid-cell grid-first', role: 'rowheader', 'aria-colindex': '1', 'data-r': r, 'data-c': -1, tabindex: tabOf(r, -1) }, rowHead(r)), 0, first, element));
            made.set(r, row);
            body.append(element);
        }
        for (const [c, element] of row.cells) {
            if (c >= 0 && (c < c0 || c >= c1) && element !== document.activeElement) {
                element.remove();
                row.cells.delete(c);
            }
        }
        for (let c = c0; c < c1; c += 1) {
            if (row.cells.has(c)) continue;
            const about = state(r, c);
            row.cells.set(c, place(el('div', {
                class: `grid-cell ${about.class}`, role: 'gridcell', 'aria-colindex': c + 2, 'data-r': r, 'data-c': c, 'data-focus': `cell:${r}:${c}`,
                'aria-label': about.label, 'aria-selected': about.selected === undefined ? undefined : String(about.selected), tabindex: tabOf(r, c), title: about.label,
            }, cell(r, c)), first + c * column, column, row.element));
        }
    }
    /** Draws everything anew: other rows, other columns, another selection. */
    function redraw() {
        const had = scroller.contains(document.activeElement) && document.activeElement !== scroller;
        for (const row of made.values()) row.element.remove();
        made.clear();
        for (const element of heads.values()) element.remove();
        heads = new Map();
        const { rows, columns } = size();
        active = { r: Math.min(active.r, rows - 1), c: Math.min(active.c, columns - 1) };
        render();
        if (had) focusActive();
    }
    function at(r, c) {
        return sizer.querySelector(`[data-r="${r}"][data-c="${c}"]`);
    }
    function focusActive() {
        move(active.r, active.c);
    }
    function move(r, c) {
        const { rows, columns } = size();
        const { column, first } = measure();
        const was = at(active.r, active.c);
        active = { r: Math.max(-1, Math.min(rows - 1, r)), c: Math.max(-1, Math.min(columns - 1, c)) };
        if (active.r === -1 && active.c === -1) active.c = 0;
        if (active.r >= 0) {
            const top = active.r * rowHeight;
            if (top < scroller.scrollTop) scroller.scrollTop = top;
            else if (top + 2 * rowHeight > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = top + 2 * rowHeight - scroller.clientHeight;
        }
        if (active.c >= 0) {
            const left = active.c * column;
            if (left < scroller.scrollLeft) scroller.scrollLeft = left;
            else if (left + column + first > scroller.scrollLeft + scroller.clientWidth) scroller.scrollLeft = left + column + first - scroller.clientWidth;
        }
        render();
        was?.setAttribute('tabindex', '-1');
        const now = at(active.r, active.c);
        now?.setAttribute('tabindex', '0');
        scroller.tabIndex = now ? -1 : 0;
        now?.focus({ preventScroll: true });
    }
    function placeOf(event) {
        const element = event.target.closest?.('[data-r]');
        return element && { r: Number(element.dataset.r), c: Number(element.dataset.c) };
    }
    function keyed(event) {
        const here = placeOf(event);
        if (!here || event.altKey) return;
        const page = Math.max(1, Math.floor(scroller.clientHeight / rowHeight) - 2);
        const all = size();
        const whole = event.ctrlKey || event.metaKey;
        const to = {
            ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
            PageUp: [-page, 0], PageDown: [page, 0],
            Home: [whole ? -all.rows : 0, -all.columns - 1], End: [whole ? all.rows : 0, all.columns],
        }[event.key];
        if (to) {
            event.preventDefault();
            event.stopPropagation();
            const extend = event.shiftKey && here.c >= 0 && here.r >= 0;
            if (!extend) anchor = null;
            else anchor ??= here;
            move(here.r + to[0], here.c + to[1]);
            if (extend) pressed?.(event, active.r, active.c, { extend, from: anchor });
        } else key?.(event, here.r, here.c);
    }
    function clicked(event) {
        const here = placeOf(event);
        if (!here) return;
        const extend = event.shiftKey;
        if (extend) event.preventDefault(); // a link's own meaning of Shift is a new window
        const from = anchor ?? active;
        if (!extend) anchor = here;
        if (extend || !event.target.closest('a, button')) move(here.r, here.c);
        pressed?.(event, here.r, here.c, { extend, from });
    }
    return {
        element: scroller, redraw,
        /** Moves to the next or previous row; from elsewhere the focus comes to where the arrows are. */
        step(by) {
            if (scroller.contains(document.activeElement)) {
                anchor = null;
                move(active.r + by, active.c);
            } else focusActive();
        },
        /** Where the arrows are: {r, c}, and whether the focus is there. */
        active: () => ({ ...active, focused: scroller.contains(document.activeElement) }),
        /** What is seen of it, to be given to `restore`. */
        position: () => ({ left: scroller.scrollLeft, top: scroller.scrollTop }),
        /** Shows the same part again, after it was put into the page anew, with another active cell. */
        restore({ left, top }, { r, c, focused }) {
            const { rows, columns } = size();
            active = { r: Math.min(r, rows - 1), c: Math.min(c, columns - 1) };
            redraw();
            scroller.scrollTo(left, top);
            render();
            if (focused) focusActive();
        },
        /** Goes back to the first row and column: what is shown is another selection. */
        toStart() { scroller.scrollTo(0, 0); },
        close() {
            observer.disconnect();
            cancelAnimationFrame(scheduled);
        },
    };
}
