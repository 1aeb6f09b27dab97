// SPDX-License-Identifier: BSL-1.0
// Where one is: the part of the address after #. It names environments, spaces and names, and says what a
// list is filtered by; it is never sent to the server, and no value is ever in it.
import { withoutToken } from './token_text.js';

/** The place that an address names: {environmentId?, spaceId?, screen, query}. */
export function placeOf(hash) {
    const [path, search = ''] = hash.replace(/^#\/?/, '').split('?', 2);
    const parts = path.split('/').filter(Boolean).map(decoded);
    const query = Object.fromEntries([...new URLSearchParams(search)].map(([key, text]) => [key, withoutToken(text)]));
    if (parts[0] === 'e' && parts[1] !== undefined) {
        if (parts[2] === 's' && parts[3] !== undefined)
            return { environmentId: parts[1], spaceId: parts[3], screen: parts[4] ?? 'secrets', query };
        return { environmentId: parts[1], screen: parts[2] ?? 'secrets', query };
    }
    return { screen: parts[0] ?? 'environments', query };
}

function decoded(text) {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}

/** The address of a place, for a link. */
export function addressOf({ environmentId, spaceId, screen, query }) {
    const parts = [];
    if (environmentId !== undefined) parts.push('e', environmentId);
    if (spaceId !== undefined) parts.push('s', spaceId);
    if (screen) parts.push(screen);
    const search = new URLSearchParams(query ?? {}).toString();
    return `#/${parts.map(encodeURIComponent).join('/')}${search ? `?${search}` : ''}`;
}

const afterTyping = 200;
let noting = 0;
/**
 * Takes down in the address how a list is looked at, so that Back leads to it as it was. What is empty is
 * left out; what else is in the query stays.
 */
export function keepQuery(query) {
    const { hash } = location;
    clearTimeout(noting);
    noting = setTimeout(() => {
        if (location.hash !== hash) return; // another place by now
        const place = placeOf(hash);
        const all = Object.entries({ ...place.query, ...query }).filter(([, value]) => value);
        history.replaceState(history.state, '', addressOf({ ...place, query: Object.fromEntries(all) }));
    }, afterTyping);
}

/** Goes to a place. */
export function go(place) {
    location.hash = addressOf(place);
}

const seen = new Map(); // entry of the history → how it was left
let entry; // that is shown
let entries = Date.now(); // what a page before this one has numbered is another's

/**
 * Calls `f(place, seen)` with the place now and whenever it changes: `seen` is what `look()` said when one
 * left it, if one comes back by the history. While `stays()` says so, a change is taken back, and made after
 * all once `leave()` resolves to true.
 */
export function follow(f, { look, stays, leave }) {
    function arrive() {
        if (history.state?.entry === undefined) {
            entries += 1;
            history.replaceState({ entry: entries }, '');
        }
        ({ entry } = history.state);
        f(placeOf(location.hash), seen.get(entry));
    }
    history.scrollRestoration = 'manual'; // what is scrolled comes later than the browser thinks
    addEventListener('hashchange', async ({ oldURL }) => {
        if (oldURL && stays()) {
            const wanted = [history.state, '', location.hash];
            history.pushState({ entry }, '', oldURL);
            if (!await leave()) return;
            history.pushState(...wanted);
        }
        seen.set(entry, look());
        arrive();
    });
    arrive();
}

/** Shows the place where one is once more. */
export function again() {
    dispatchEvent(new HashChangeEvent('hashchange'));
}
