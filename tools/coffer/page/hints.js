// SPDX-License-Identifier: BSL-1.0
// What can be said about a value from looking at it here. Worked out in the browser, never sent.

/** As many characters as people count: not UTF-16 units. */
export function lengthOf(value) {
    let n = 0;
    for (const _ of value) n += 1;
    return n;
}

/** Advice about a value, as sentences. */
export function hintsFor(value) {
    const hints = [];
    if (looksLikeSetting(value)) {
        hints.push('This looks like a setting. Metadata of the space is the better place; secrets are for credentials.');
    }
    if (lengthOf(value) > 1024)
        hints.push('Longer than 1,024 characters: JavaScript listeners get it; @flatfile/api can’t write it.');
    if (/[\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u.test(value))
        hints.push('It holds characters that can’t be seen. They are kept.');
    return hints;
}

/** Whether it begins or ends with white space, which a paste often brings along. */
export function hasOuterSpace(value) {
    return value.trim() !== value;
}

function looksLikeSetting(value) {
    const text = value.trim();
    if (text === '') return false;
    if (/^(true|false|yes|no|on|off|null|none)$/i.test(text)) return true;
    if (/^[+-]?\d{1,9}([.,]\d+)?$/.test(text)) return true;
    if (/^(https?|wss?):\/\//i.test(text)) {
        try {
            const url = new URL(text);
            return url.password === '' && !/(token|key|secret|sig|password|code)=/i.test(url.search) &&
                !/[A-Za-z0-9_-]{20,}/.test(url.pathname);
        } catch {
            return false;
        }
    }
    return false;
}

/** Bytes of randomness as text that every program takes: 32 bytes are 43 characters. */
export function generated(bytes = 32) {
    const random = crypto.getRandomValues(new Uint8Array(bytes));
    return btoa(String.fromCharCode(...random)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/**
 * The text among `known` that was probably meant to hold what was typed, or nothing: by the rule by which the server
 * finds the nearest of all spaces. Two letters are changed, left out, put in or swapped at most, and fewer than half of those that were typed.
 */
export function didYouMean(typed, known) {
    const wanted = [...typed.toUpperCase()];
    let best;
    let least = Math.min(3, Math.ceil(wanted.length / 2));
    for (const name of known) {
        const changes = changesTo(wanted, [...name.toUpperCase()], least);
        if (changes < least) {
            least = changes;
            best = name;
        }
    }
    return best;
}

/** How many letters are to be changed to make of a typed piece the nearest piece of a text; from `limit` on any number that is not less. */
function changesTo(piece, text, limit) {
    let before;
    let above = new Array(text.length + 1).fill(0); // it begins anywhere
    for (let i = 1; i <= piece.length; i += 1) {
        const row = [i];
        for (let j = 1; j <= text.length; j += 1) {
            row[j] = Math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (piece[i - 1] === text[j - 1] ? 0 : 1));
            if (i > 1 && j > 1 && piece[i - 1] === text[j - 2] && piece[i - 2] === text[j - 1]) row[j] = Math.min(row[j], before[j - 2] + 1);
        }
        if (Math.min(...row) >= limit) return limit;
        [before, above] = [above, row];
    }
    return Math.min(...above);
}

/** Why a text can't be the name of a secret, or nothing. */
export function whyNotName(name) {
    if (name === '') return 'A name is needed';
    if (new TextEncoder().encode(name).length > 1024) return 'A name has at most 1,024 bytes';
    if (/[\u0000-\u001f\u007f]/u.test(name)) return 'A name has no control characters';
    return undefined;
}
