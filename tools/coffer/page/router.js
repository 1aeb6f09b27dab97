// SPDX-License-Identifier: BSL-1.0
// Where one is: the part of the address after #. It names environments, spaces and names; it is never
// sent to the server, and no value is ever in it.

/** The place that an address names: {environmentId?, spaceId?, screen, query}. */
export function placeOf(hash) {
    const [path, search = ''] = hash.replace(/^#\/?/, '').split('?', 2);
    const parts = path.split('/').filter(Boolean).map(decoded);
    const query = Object.fromEntries(new URLSearchParams(search));
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

/** Goes to a place. */
export function go(place) {
    location.hash = addressOf(place);
}

/**
 * Calls `f` with the place now and whenever it changes. While `stays()` says so, a change is taken back,
 * and made after all once `leave()` resolves to true.
 */
export function follow(f, stays, leave) {
    addEventListener('hashchange', async ({ oldURL }) => {
        if (oldURL && stays()) {
            const wanted = location.hash;
            history.pushState(null, '', oldURL);
            if (await leave()) location.hash = wanted;
        } else f(placeOf(location.hash));
    });
    f(placeOf(location.hash));
}

/** Shows the place where one is once more. */
export function again() {
    dispatchEvent(new HashChangeEvent('hashchange'));
}
