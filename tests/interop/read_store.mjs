// SPDX-License-Identifier: BSL-1.0
// A reader of format 1 with a file store and a keyring file, written from docs/format.md alone and on
// another library's cryptography: what that page does not say, this can't do.
//
//   node read_store.mjs <store folder> <keyring> <realm> <environment>
//
// Prints every version of every name. UNSAFE for real secrets: plain texts in ordinary memory.
import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'

const [store, keyring, realm, environment] = process.argv.slice(2)

const must = (right, what) => {
    if (!right) throw new Error(`tampered: ${what}`)
}
const join = (...parts) => Buffer.concat(parts.map((part) => Buffer.from(part)))
const integer = (bytes) => (value) => {
    const out = Buffer.alloc(8)
    out.writeBigUInt64BE(BigInt(value))
    return out.subarray(8 - bytes)
}
const [u16, u32, u64] = [integer(2), integer(4), integer(8)]
const b16 = (text) => join(u16(Buffer.byteLength(text)), text)
const sha256 = (data) => createHash('sha256').update(data).digest()
const hmac = (key, data) => createHmac('sha256', key).update(data).digest()
const hkdf = (key, salt, info, bytes) => Buffer.from(hkdfSync('sha256', key, salt, info, bytes))

class Reader {
    constructor(data) {
        this.data = data
        this.at = 0
    }
    raw(size) {
        must(this.at + size <= this.data.length, 'too short')
        this.at += size
        return this.data.subarray(this.at - size, this.at)
    }
    integer(bytes) {
        return Number(BigInt(`0x${this.raw(bytes).toString('hex')}`))
    }
    text() {
        return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.b16())
    }
    b16() {
        return this.raw(this.integer(2))
    }
    key() {
        return [this.text(), this.text(), this.text()]
    }
    repeat(bytes, read) {
        return Array.from({ length: this.integer(bytes) }, read)
    }
    end() {
        must(this.at === this.data.length, 'left-over bytes')
    }
}

function decrypt(cipher, key, nonce, aad, ciphertext, tag) {
    const opening = createDecipheriv(cipher, key, nonce, { authTagLength: 16 })
    opening.setAAD(aad, { plaintextLength: ciphertext.length })
    opening.setAuthTag(tag)
    return join(opening.update(ciphertext), opening.final())
}
const openGcm = (...parts) => decrypt('aes-256-gcm', ...parts)
const openChaCha = (...parts) => decrypt('chacha20-poly1305', ...parts)

// What HChaCha20 gives is a block of ChaCha20 less what it began with, its rows 1 and 4 alone
// (draft-irtf-cfrg-xchacha, section 2.2); the nonce stands where counter and nonce do.
function hchacha20(key, nonce) {
    const block = createCipheriv('chacha20', key, nonce).update(Buffer.alloc(64))
    const began = join('expand 32-byte k', key, nonce)
    const row = (at) => [0, 4, 8, 12].map((i) => (block.readUInt32LE(at + i) - began.readUInt32LE(at + i)) >>> 0)
    const out = Buffer.alloc(32)
    for (const [i, word] of [...row(0), ...row(48)].entries()) out.writeUInt32LE(word, 4 * i)
    return out
}
const openXChaCha = (key, nonce, ...rest) =>
    openChaCha(hchacha20(key, nonce.subarray(0, 16)), join(Buffer.alloc(4), nonce.subarray(16)), ...rest)

const ciphers = {
    1: { name: 'AES-256-GCM', nonce: 12, open: openGcm, opened: 0 },
    2: { name: 'XChaCha20-Poly1305', nonce: 24, open: openXChaCha, opened: 0 },
    3: { name: 'ChaCha20-Poly1305', nonce: 12, open: openChaCha, opened: 0 }
}

// Where it lies
const plainId = Buffer.from(environment).subarray(0, 64).toString('latin1').replace(/[^A-Za-z0-9_-]/g, '-')
const partition = `${plainId}.${sha256(join(realm, [0], environment)).toString('hex', 0, 8)}`
const documentOf = JSON.parse(readFileSync(`${store}/${partition}.json`, 'utf8'))
const stored = (key) => {
    must(documentOf[key] !== undefined, 'a missing object')
    return Buffer.from(documentOf[key], 'base64')
}

// Head
const headBytes = stored('head')
const head = new Reader(headBytes)
must(head.raw(4).equals(join('CFH', [1])), 'magic')
must(head.text() === realm && head.text() === environment, 'another place')
const generation = head.integer(8)
head.raw(8)
const deks = head.repeat(1, () => ({
    number: head.integer(4),
    cipher: head.integer(1),
    commitment: head.raw(32),
    seals: head.integer(8),
    kekId: head.text(),
    wrapped: head.b16()
}))
const rootName = head.raw(32)
head.raw(64 * 8)
const signed = headBytes.subarray(0, head.at)
const mac = head.raw(32)
head.end()
must(documentOf._revision === sha256(headBytes).toString('hex', 0, 16), 'revision')

// Keys
const keks = JSON.parse(readFileSync(keyring, 'utf8')).keks
for (const dek of deks) {
    const kek = keks.find(({ id }) => id === dek.kekId)
    must(kek?.environments.includes(environment), 'unknown_key')
    const kekBytes = Buffer.from(kek.key, 'base64')
    const check = hmac(kekBytes, join('coffer/1 keyring check', kek.id)).toString('hex', 0, 16)
    must(check === kek.check, 'keyring')
    const place = join(b16(realm), b16(environment), u32(dek.number), [dek.cipher])
    const aad = join(b16('coffer/1 dek'), place, b16(dek.kekId))
    const wrapped = new Reader(dek.wrapped)
    must(wrapped.integer(1) === 1, 'kind of wrap')
    const okm = hkdf(kekBytes, wrapped.raw(32), join(b16('coffer/1 wrap'), aad), 76)
    must(timingSafeEqual(wrapped.raw(32), okm.subarray(44)), 'another KEK')
    const bytes = openGcm(okm.subarray(0, 32), okm.subarray(32, 44), aad, wrapped.raw(32), wrapped.raw(16))
    wrapped.end()
    dek.subkey = (label) => hkdf(bytes, 'coffer/1', join(b16(label), place), 32)
    must(dek.subkey('commit').equals(dek.commitment), 'another DEK')
}
must(timingSafeEqual(hmac(deks.at(-1).subkey('head'), signed), mac), 'MAC of the head')

// Sealed objects
const kinds = { root: [1, 512], page: [2, 512], record: [3, 32] }
function open(kind, name, place = '') {
    const object = stored(name.toString('hex', 0, 16))
    must(sha256(object).equals(name), 'hash')
    const prefix = object.subarray(0, 8)
    must(prefix.subarray(0, 4).equals(join('CFO', [1])), 'magic')
    const dek = deks.find(({ number }) => number === prefix.readUInt32BE(4))
    const cipher = ciphers[dek?.cipher]
    must(cipher, 'an unknown DEK or cipher')
    const [number, least] = kinds[kind]
    const aad = join(prefix, [number], place)
    const begin = 8 + cipher.nonce
    const sealed = [object.subarray(8, begin), aad, object.subarray(begin, -16), object.subarray(-16)]
    const plain = cipher.open(dek.subkey(kind), ...sealed)
    ++cipher.opened
    const size = plain.readUInt32BE(0)
    const step = Math.max(least, 2 ** (Math.floor(Math.log2(4 + size)) - 3))
    must(plain.length === Math.ceil((4 + size) / step) * step, 'padding')
    must(plain.subarray(4 + size).every((byte) => byte === 0), 'padding')
    return plain.subarray(4, 4 + size)
}

// Root, page, entry
const encode = (key) => join(...key.map(b16))
const root = new Reader(open('root', rootName))
const pages = root.repeat(4, () => ({ first: root.key(), name: root.raw(32) }))
root.end()
must(pages[0].first.join('') === '', 'the first key')
console.log(`${environment}: generation ${generation}`)
let last
for (const { first, name } of pages) {
    const page = new Reader(open('page', name))
    page.repeat(4, () => {
        const key = page.key()
        must(last === undefined || Buffer.compare(last, encode(key)) < 0, 'order')
        must(page.at > 4 + encode(key).length || encode(key).equals(encode(first)), 'the first key of a page')
        last = encode(key)
        page.raw(16)
        page.text()
        page.repeat(2, () => {
            const number = page.integer(8)
            const kind = page.integer(1)
            page.raw(16)
            page.text()
            must(kind >= 1 && kind <= 3, 'kind of version')
            const place = join(encode(key), u64(number))
            const value = kind === 1 ? open('record', page.raw(32), place).toString() : { 2: 'hidden', 3: 'deleted' }[kind]
            console.log(`${JSON.stringify(key)} v${number} ${value}`)
        })
    })
    page.end()
}
for (const { name, opened } of Object.values(ciphers)) if (opened > 0) console.log(`${name}: ${opened} objects`)
