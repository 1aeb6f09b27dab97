// SPDX-License-Identifier: BSL-1.0
// Times as people say them; the exact one is in the tooltip.
import { el } from './el.js';

const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const dayOfYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const exact = new Intl.DateTimeFormat('en-GB', {
    year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit',
    second: '2-digit', timeZoneName: 'short',
});

const minute = 60_000;
const hour = 60 * minute;

/** Milliseconds since 1970 of a time as the server gives it: ISO 8601, a number, or a day alone. */
export function msOf(time) {
    if (typeof time === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(time)) return new Date(`${time}T00:00:00`).getTime();
    return new Date(time ?? NaN).getTime();
}

const midnight = (ms) => new Date(ms).setHours(0, 0, 0, 0);
/** Whole days from `from` to `to`, by the calendar. */
export function daysBetween(from, to) {
    return Math.round((midnight(to) - midnight(from)) / (24 * hour));
}

/** How long ago, in words: "40 s ago", "today", "2 days ago", "12 Nov". */
export function ago(time, now = Date.now()) {
    const then = msOf(time);
    if (Number.isNaN(then)) return 'at an unknown time';
    const past = now - then;
    if (past < 5000 && past > -minute) return 'just now';
    if (past < 0) return date(then, now);
    if (past < minute) return `${Math.floor(past / 1000)} s ago`;
    if (past < hour) return `${Math.floor(past / minute)} min ago`;
    const days = daysBetween(then, now);
    if (days === 0) return `${Math.floor(past / hour)} h ago`;
    if (days === 1) return 'yesterday';
    if (days < 7) return `${days} days ago`;
    return date(then, now);
}

/** A date; the year only where it is not this one. */
export function date(time, now = Date.now()) {
    const then = new Date(msOf(time));
    if (Number.isNaN(then.getTime())) return String(time);
    return (then.getFullYear() === new Date(now).getFullYear() ? day : dayOfYear).format(then);
}

/** All of it: day, time and zone. */
export function exactly(time) {
    return exact.format(new Date(msOf(time)));
}

/** Hours, minutes and seconds. */
export function timeOfDay(time) {
    return clock.format(new Date(time));
}

/** A length of time: "4 min", "2 h". */
export function duration(ms) {
    if (ms < minute) return `${Math.max(0, Math.round(ms / 1000))} s`;
    if (ms < hour) return `${Math.round(ms / minute)} min`;
    if (ms < 48 * hour) return `${Math.round(ms / hour)} h`;
    return `${Math.round(ms / (24 * hour))} days`;
}

/** An element with a time, in the words that are given or as long ago as it is, and the exact one on demand. */
export function timeElement(time, words) {
    const then = new Date(msOf(time));
    if (Number.isNaN(then.getTime())) return el('span', {}, words ?? ago(time));
    return el('time', { datetime: then.toISOString(), title: exactly(then), 'data-ago': words === undefined }, words ?? ago(time));
}

/** Has the times in there say how long ago they are now: what was out of the page for a while. */
export function timesNow(element) {
    for (const one of element.querySelectorAll('time[data-ago]')) {
        const words = ago(one.dateTime);
        if (one.textContent !== words) one.textContent = words;
    }
}
// A page that is left open does by itself.
setInterval(() => timesNow(document), minute);

/** A date field's text (2026-12-03) as the end of that day here, in ISO 8601; empty: nothing. */
export function endOfDay(text) {
    return text ? new Date(`${text}T23:59:59`).toISOString() : undefined;
}
/** The beginning of a date field's day here, in ISO 8601; empty: nothing. */
export function startOfDay(text) {
    return text ? new Date(`${text}T00:00:00`).toISOString() : '';
}
/** The beginning of the day after. */
export function startOfNextDay(text) {
    if (!text) return '';
    const day = new Date(`${text}T00:00:00`);
    day.setDate(day.getDate() + 1);
    return day.toISOString();
}
/** The other way of endOfDay: what a date field shows for a time. */
export function fieldOfDate(time) {
    const then = new Date(msOf(time));
    if (Number.isNaN(then.getTime())) return '';
    const two = (n) => String(n).padStart(2, '0');
    return `${then.getFullYear()}-${two(then.getMonth() + 1)}-${two(then.getDate())}`;
}
