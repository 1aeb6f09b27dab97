// SPDX-License-Identifier: BSL-1.0
// The one place that talks to the server. A value goes out in the body of a request, and comes back
// only from `reveal`.
import * as session from './session.js';
import { whyForbidden } from './words.js';

/** What went wrong with a request, in words, with what is needed to look for it in the logs. */
export class ApiError extends Error {
    constructor(message, more = {}) {
        super(message);
        this.name = 'ApiError';
        this.status = more.status ?? 0;
        this.code = more.code ?? '';
        this.requestId = more.requestId ?? '';
        this.key = more.key ?? '';
        this.data = more.data;
        this.at = Date.now();
        /** The request may have been carried out, or not: the connection ended first. */
        this.unknown = more.unknown ?? false;
    }
}

let askSignIn = null;
let signingIn = null;
/** Asks for a sign-in, once for all who wait for one. */
export function signInAgain() {
    signingIn ??= askSignIn().finally(() => { signingIn = null; });
    return signingIn;
}
/** Says how to ask for a sign-in when the session has ended: a function that waits for it. */
export function whenSessionEnds(f) {
    askSignIn = f;
}

function address(path, query = {}) {
    const pairs = new URLSearchParams();
    for (const [key, value] of Object.entries(query))
        if (value !== undefined && value !== null && value !== '') pairs.append(key, value);
    const text = pairs.toString();
    return text ? `${path}?${text}` : path;
}

async function send(method, path, { query, body, signal, bearer } = {}) {
    const headers = {};
    const token = bearer === undefined ? session.token() : bearer;
    if (token) headers.authorization = `Bearer ${token}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    const write = method !== 'GET';
    try {
        return await fetch(address(path, query), {
            method, headers, signal, cache: 'no-store', credentials: 'omit', redirect: 'error',
            referrerPolicy: 'no-referrer',
            body: body === undefined ? undefined : JSON.stringify(body),
        });
    } catch (problem) {
        if (problem.name === 'AbortError') throw problem;
        throw new ApiError('The server does not answer', { code: 'unreachable', unknown: write });
    }
}

async function refusal(response, write) {
    let body = {};
    try {
        body = await response.json();
    } catch {
        // Not ours, or cut off: the status has to do.
    }
    const first = body.errors?.[0] ?? {};
    const code = body.code ?? '';
    const right = code === 'denied' && body.data?.right;
    return new ApiError(right ? whyForbidden(right) : first.message || `The server answered ${response.status}`, {
        status: response.status, code, key: first.key, data: body.data,
        requestId: response.headers.get('x-request-id') ?? '',
        unknown: write && (code === 'outcome_unknown' || response.status === 504),
    });
}

/** `unasked`: the page asks of its own accord. That takes nobody's focus for a sign-in: the end of the session is noted. */
async function request(method, path, options = {}) {
    let response = await send(method, path, options);
    if (response.status === 401 && options.unasked) session.noteEnd();
    while (response.status === 401 && options.bearer === undefined && !options.unasked && askSignIn) {
        await signInAgain();
        response = await send(method, path, options);
    }
    const write = method !== 'GET';
    if (!response.ok) throw await refusal(response, write);
    if (response.status === 204) return {};
    let answer;
    try {
        answer = await response.json();
    } catch {
        throw new ApiError('The answer was cut off', { code: 'unreachable', unknown: write });
    }
    noteAge(answer);
    return answer;
}

const ages = new WeakMap();
/** Remembers how old an answer is that was made while the store does not answer, with what is in it. */
function noteAge(answer) {
    const old = [answer, answer.data].find((one) => one?.stale === true);
    if (!old) return;
    for (const one of [answer, answer.data]) if (one instanceof Object) ages.set(one, old);
    session.noteStale(old);
}
/** {stale: true, ageMs, asOf} of an answer, or of what was made of some, if it is an older state; else nothing. */
export function ageOf(answer) {
    return [answer, ...Object.values(answer ?? {})].map((one) => (one instanceof Object ? ages.get(one) : undefined)).find(Boolean);
}

const get = (path, query, options) => request('GET', path, { ...options, query });
const post = (path, query, body = {}, options) => request('POST', path, { ...options, query, body });
const data = async (answer) => (await answer).data;

/** A scope as the server wants it. `place` is {environmentId, spaceId?, actorId?}. */
const scope = ({ environmentId, spaceId, actorId }) => ({ environmentId, spaceId, actorId });

// Signing in. These carry their own token, or none.
export const codeIsOpen = async () =>
    (await data(get('/v1/x/session/code', {}, { bearer: '' }))).open === true;
export const signInWithCode = (code, name) =>
    data(post('/v1/x/session/code', {}, { code, name }, { bearer: '' }));
export const signInWithToken = (token) => data(post('/v1/x/session', {}, {}, { bearer: token }));
export const confirm = (token) => data(post('/v1/x/session/confirm', {}, { token }));
export const signOut = (bearer) => request('DELETE', '/v1/x/session', { bearer });
/** Who is signed in; with a `bearer`, whose that is. */
export const whoami = (bearer, options) => data(get('/v1/x/whoami', {}, { ...options, bearer }));

// Environments and spaces.
/** {data, revision}: the rows, and what tells that they are others by now. */
export const environments = (options) => get('/v1/x/environments', {}, options);
export const watchEnvironments = (revision, options) => data(get('/v1/x/environments/watch', { revision }, options));
export const makeEnvironment = (fields) => data(post('/v1/x/environments', {}, fields));
export const changeEnvironment = (environmentId, fields) =>
    data(request('PATCH', '/v1/x/environments', { query: { environmentId }, body: fields }));
export const removeEnvironment = (environmentId) =>
    request('DELETE', '/v1/x/environments', { query: { environmentId } });
export const spaces = (environmentId, { search, pageNumber, pageSize } = {}, options) =>
    get('/v1/x/spaces', { environmentId, search, pageNumber, pageSize }, options);
export const space = async ({ environmentId, spaceId }, options) =>
    (await data(get('/v1/x/spaces', { environmentId, spaceId }, options)))[0];
export const makeSpace = (environmentId, fields) =>
    data(post('/v1/x/spaces', { environmentId }, fields));
export const changeSpace = (where, fields) =>
    data(request('PATCH', '/v1/x/spaces', { query: scope(where), body: fields }));
export const removeSpace = (where) =>
    request('DELETE', '/v1/x/spaces', { query: scope(where) });

// Secrets.
/** {rows, generation, asOf, stale, ageMs, rights} of a scope. */
export const secrets = (where, options) => data(get('/v1/x/secrets', scope(where), options));
export const secret = (where, name, options) =>
    data(get('/v1/x/secret', { ...scope(where), name }, options));
export const setSecret = (where, name, fields) =>
    data(request('PUT', '/v1/x/secret', { query: { ...scope(where), name }, body: fields }));
export const removeSecret = (where, name, ifVersion) =>
    data(request('DELETE', '/v1/x/secret', { query: { ...scope(where), name, ifVersion } }));
// Each change begins from `ifVersion`, the scope's own version (0: it has none): if another is there,
// nothing is done, and the error is a conflict that tells which.
/** `how` is hide, unhide or undelete. */
export const changeSecret = (how, where, name, ifVersion) =>
    data(post(`/v1/x/secret/${how}`, { ...scope(where), name, ifVersion }));
/** `facts` are {note, rotateBy} that go with the older value; without them they stay as they are. */
export const rollBack = (where, name, to, ifVersion, facts = {}) =>
    data(post('/v1/x/secret/rollback', { ...scope(where), name, ifVersion }, { to, ...facts }));
export const reveal = (where, name, reason, version) =>
    data(post('/v1/x/secret/reveal', { ...scope(where), name }, { reason, version }));
export const batch = (where, changes) => data(post('/v1/x/batch', scope(where), changes));
export const matrix = (environmentId, all, options) =>
    data(get('/v1/x/matrix', { environmentId, all: all ? 1 : undefined }, options));
/** Of an environment with `spacesToo` what changes in its spaces counts as well. */
export const watch = (where, after, options) =>
    data(get('/v1/x/watch', { ...scope(where), spaces: where.spacesToo ? 1 : undefined, after }, options));
/** {requirements, generation}. */
export const requirements = (environmentId, options) =>
    data(get('/v1/x/requirements', { environmentId }, options));
/** `was` is what this replaces: if the server has something else, the error is a conflict. */
export const setRequirements = (environmentId, requirements, was) =>
    data(request('PUT', '/v1/x/requirements', { query: { environmentId }, body: { requirements, was } }));

// Tokens, keys, activity.
/** {data, revision}, as of environments. */
export const tokens = (where, options) => get('/v1/x/tokens', scope(where), options);
export const watchTokens = (where, revision, options) => data(get('/v1/x/tokens/watch', { ...scope(where), revision }, options));
export const makeToken = (fields) => data(post('/v1/x/tokens', {}, fields));
export const revokeToken = (id) => request('DELETE', '/v1/x/tokens', { query: { id } });
/** The names of who administers a scope. */
export const admins = (where, options) => data(get('/v1/x/admins', scope(where), options));
/** Keys and what they seal: of an environment, or of all (undefined). */
/** `data`: the keys, each with what it wraps; `unread`: environments that can't be read; `kept`: where keys are changed; `managed`: they can be changed from here. */
export const keys = (environmentId, options) => get('/v1/x/keys', { environmentId }, options);
/** Wraps the data keys of an environment, or of all, anew under the active key. One result an environment. */
export const rewrapKeys = (environmentId) => data(post('/v1/x/keys/rewrap', { environmentId }));
/** A new data key, and what is sealed under the older ones sealed anew: a part of it, `more` says whether to go on. */
export const rotateDataKey = (environmentId) => data(post('/v1/x/keys/rotate-dek', { environmentId }));
/** New keys in the place of all active ones, or one for an environment alone: [{from, to}]. */
export const rotateKeks = (environmentId) => data(post('/v1/x/keys/rotate-kek', { environmentId }));
export const disableKek = (kekId) => data(post('/v1/x/keys/disable', {}, { kekId }));
/** `name` as it was typed. What it answers has its text for people in `receipt`. */
export const shredEnvironment = (environmentId, name) => data(post('/v1/x/keys/shred', { environmentId }, { name }));
export const activity = (where, filter, options) =>
    get('/v1/x/audit', { ...scope(where), ...filter }, options);
/** `from`: the record that it begins with, where older ones were put away. */
export const verifyActivity = (environmentId, from) =>
    data(get('/v1/x/audit/verify', { environmentId, from }));
