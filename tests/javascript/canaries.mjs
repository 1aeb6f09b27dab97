// SPDX-License-Identifier: BSL-1.0
// Texts that are nowhere else in the world, and a look for them where they should not be.
import fs from 'node:fs';
import path from 'node:path';

export const random = () => Buffer.from(crypto.getRandomValues(new Uint8Array(9))).toString('hex');

// Everything that a text may look like where it should not be.
export function codingsOf(text) {
  const bytes = Buffer.from(text);
  const base64 = (shift) => Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64')
    .slice(shift === 0 ? 0 : 4, -4); // what does not hang on the neighbours
  const wide = Buffer.from(text, 'utf16le');
  const swapped = Buffer.from(wide).swap16();
  const codings = [
    bytes, Buffer.from([...text].reverse().join('')), Buffer.from(bytes.toString('hex')),
    Buffer.from(bytes.toString('hex').toUpperCase()), wide, swapped,
    Buffer.from(encodeURIComponent(text)), ...[0, 1, 2].map((shift) => Buffer.from(base64(shift))),
    ...[0, 1, 2].map((shift) => Buffer.from(base64(shift).replaceAll('+', '-').replaceAll('/', '_'))),
  ];
  return codings.filter((coding) => coding.length >= 8);
}

export function findIn(where, haystack, needles) {
  const hits = [];
  for (const [what, text] of Object.entries(needles))
    for (const coding of codingsOf(text))
      if (haystack.includes(coding)) hits.push(`${what} in ${where}`);
  return hits;
}

// The same in every file below a folder.
export function findBelow(folder, needles) {
  const hits = [];
  for (const file of fs.readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (file.isFile())
      hits.push(...findIn(file.name, fs.readFileSync(path.join(file.parentPath ?? file.path, file.name)), needles));
  return hits;
}
