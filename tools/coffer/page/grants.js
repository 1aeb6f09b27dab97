// SPDX-License-Identifier: BSL-1.0
// What a token may read, from its grants: the same as the server decides by.

/** Whether a pattern of names, in which only * is special, fits a name. */
export function fits(pattern, name) {
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
