// SPDX-License-Identifier: BSL-1.0
// Names and values out of pasted text: a .env file or a JSON object. Literal text: a $ is a $.
import { whyNotName } from './hints.js';

/**
 * The entries of a text, in order: {name, value, line} or {problem, line}. Of a name given twice the
 * last one counts, and the first is said to be replaced.
 */
export function entriesOf(text) {
    const entries = text.trimStart().startsWith('{') ? fromJson(text) : isList(text) ? [{ line: 1, problem: 'a list has no names: an object is needed' }] : fromDotenv(text);
    const last = new Map();
    for (const entry of entries) {
        if (entry.problem) continue;
        const why = whyNotName(entry.name);
        if (why) entry.problem = why;
        else if (entry.value === '') entry.problem = 'an empty value';
        else {
            const before = last.get(entry.name);
            if (before) before.problem = `given again in line ${entry.line}`;
            last.set(entry.name, entry);
        }
    }
    return entries;
}

function isList(text) {
    try {
        return Array.isArray(JSON.parse(text));
    } catch {
        return false;
    }
}

function fromJson(text) {
    let object;
    try {
        object = JSON.parse(text);
    } catch (problem) {
        return [{ line: 1, problem: `not JSON: ${withoutText(problem.message)}` }];
    }
    return Object.entries(object).map(([name, value], i) => {
        if (typeof value === 'string') return { name, value, line: i + 1 };
        if (typeof value === 'number' || typeof value === 'boolean')
            return { name, value: String(value), line: i + 1 };
        return { name, line: i + 1, problem: 'the value is not a text' };
    });
}

/** A parser's complaint without the piece of the text that it quotes. */
function withoutText(message) {
    return /position \d+/.exec(message)?.[0] ?? 'it does not parse';
}

function fromDotenv(text) {
    const lines = text.replace(/^\ufeff/, '').split(/\r\n|\n|\r/);
    const entries = [];
    for (let i = 0; i < lines.length; i += 1) {
        const number = i + 1;
        const line = lines[i].trim();
        if (line === '' || line.startsWith('#')) continue;
        const match = /^(?:export\s+)?([^=\s]+)\s*=\s*(.*)$/.exec(line);
        if (!match) {
            entries.push({ line: number, problem: line.includes('=') ? 'no name before the "="' : 'no "="' });
            continue;
        }
        const [, name, rest] = match;
        const quote = rest[0];
        if (quote === '"' || quote === "'" || quote === '`') {
            const found = quoted(lines, i, rest, quote);
            if (found === undefined) {
                entries.push({ name, line: number, problem: `no closing ${quote}` });
                continue;
            }
            entries.push({ name, value: found.value, line: number });
            i = found.last;
        } else {
            entries.push({ name, value: rest.replace(/(^|\s)#.*$/, '').trimEnd(), line: number });
        }
    }
    return entries;
}

/** A quoted value, which may go on over lines; in double quotes \n, \r, \t, \" and \\ are undone. */
function quoted(lines, first, rest, quote) {
    let text = rest.slice(1);
    for (let last = first; ; text += `\n${lines[last]}`) {
        const end = endOf(text, quote);
        if (end >= 0) {
            const inner = text.slice(0, end);
            const undone = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' };
            return {
                value: quote === '"' ? inner.replace(/\\([nrt"\\])/g, (_, c) => undone[c]) : inner, last,
            };
        }
        last += 1;
        if (last >= lines.length) return undefined;
    }
}

function endOf(text, quote) {
    for (let i = 0; i < text.length; i += 1) {
        if (quote === '"' && text[i] === '\\') i += 1;
        else if (text[i] === quote) return i;
    }
    return -1;
}
