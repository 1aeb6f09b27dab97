// SPDX-License-Identifier: BSL-1.0
// What a token may read, from its grants: the same as the server decides by.

/** Whether a pattern of names, in which only * is special, fits a name. */
function fits(pattern, name) {
    const pieces = pattern.split('*').map((piece) => piece.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
    return new RegExp(`^${pieces.join('.*')}$`, 's').test(name);
}

/**
 * Whether a token's programs are given a name of a scope. What an environment has reaches its spaces:
 * of an environment's value the readers in any of its spaces count.
 */
export function mayRead(token, where, name, now = Date.now()) {
    if (token.revokedAt || (token.expiresAt && new Date(token.expiresAt) < now)) return false;
    return (token.grants ?? []).some((grant) => grant.role === 'service' &&
        (!grant.environmentId || grant.environmentId === where.environmentId) &&
        (!grant.spaceId || where.spaceId === undefined || grant.spaceId === where.spaceId) &&
        (!grant.names?.length || grant.names.some((pattern) => fits(pattern, name))));
}

const rightsOfRole = {
    operator: ['list', 'spaces', 'tokens', 'keys', 'audit', 'policy'],
    'env-admin': ['list', 'write', 'spaces', 'tokens', 'audit'],
    'space-admin': ['list', 'write'],
    service: ['list', 'read'],
    auditor: ['list', 'audit'],
};
/** The roles that have a right without more. */
export const rolesWith = (right) => Object.keys(rightsOfRole).filter((role) => rightsOfRole[role].includes(right));
const rightsOf = (grant) => [...(rightsOfRole[grant.role] ?? []), ...(grant.write ? ['write'] : []), ...(grant.reveal ? ['reveal'] : [])];
const covers = (outer, inner) => ['environmentId', 'spaceId', 'actorId'].every((part) => !outer[part] || outer[part] === inner[part]);

/** Why the holder of some grants can't give one to a token, or nothing: nobody gives what they lack. */
export function whyNotGive(held, grant) {
    if (held.some((mine) => mine.role === 'operator')) return undefined;
    if (grant.role === 'operator') return 'only an operator makes another';
    const over = held.filter((mine) => covers(mine, grant) && !mine.names?.length);
    const rights = new Set(over.flatMap(rightsOf));
    if (rights.has('reveal')) rights.add('read');
    const lacking = rightsOf(grant).filter((one) => !rights.has(one));
    if (lacking.length === 0 && rights.has('tokens')) return undefined;
    if (lacking.includes('read') || lacking.includes('reveal')) return 'your own token may not reveal values';
    return `your own token lacks ${lacking[0] ?? 'tokens'}`;
}
