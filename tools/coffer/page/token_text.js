// SPDX-License-Identifier: BSL-1.0
// A token in a text that is looked for. What is looked for is kept in the address, and some of it asked of
// the server: a token belongs in neither.

const token = /cofs?_([0-9a-z]{12})_/;

/** What is looked for where a text has a token in it: the token's id, which is no secret; else the text. */
export const withoutToken = (text) => token.exec(text)?.[1] ?? text;
