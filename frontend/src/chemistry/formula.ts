import { ELEMENTS, element, elementBySymbol } from './elements'

/** Atoms of each element, by atomic number; only positive counts are kept. */
export type Composition = ReadonlyMap<number, number>

export type ParsedFormula =
  | { readonly ok: true; readonly composition: Composition }
  | { readonly ok: false; readonly reason: string }

/** No service may allow more; each has a limit of its own (256 unless it says otherwise), and names it in its answer. */
const MAX_ATOMS = 4096
const SUPPORTED = 'C, H, N, O and F'

/** Reads a formula such as `C7H8O2`; the reason is a sentence that fits under the field. */
export function parseFormula(text: string): ParsedFormula {
  const source = text.replace(/[₀-₉]/g, (d) => String(d.charCodeAt(0) - 0x2080)).replace(/\s+/g, '')
  if (source === '') return { ok: false, reason: 'Type a formula, for example C7H8O2.' }
  const counts = new Map<number, number>()
  const token = /([A-Z][a-z]?)(\d*)/y
  while (token.lastIndex < source.length) {
    const at = token.lastIndex
    const match = token.exec(source)
    if (match === null) return { ok: false, reason: unreadable(source, at) }
    const [, symbol = '', digits = ''] = match
    const found = elementBySymbol(symbol)
    if (found === undefined) return { ok: false, reason: `${symbol} is not one of ${SUPPORTED}.` }
    const count = digits === '' ? 1 : Number(digits)
    if (count === 0) return { ok: false, reason: `${symbol}0 says none of it: leave it out.` }
    counts.set(found.number, (counts.get(found.number) ?? 0) + count)
  }
  const total = [...counts.values()].reduce((a, b) => a + b, 0)
  if (total > MAX_ATOMS) return { ok: false, reason: `${total} atoms are too many: the limit is ${MAX_ATOMS}.` }
  return { ok: true, composition: counts }
}

function unreadable(source: string, at: number): string {
  const character = source.charAt(at)
  if (/[a-z]/.test(character)) return `Write elements with a capital: ${character.toUpperCase()}, not ${character}.`
  if (/\d/.test(character)) return 'A number follows its element, as in C7.'
  return `Cannot read “${character}” in a formula.`
}

/** Carbon first, then hydrogen, then the rest by the alphabet. */
export function formatFormula(composition: Composition): string {
  return ELEMENTS.map((e) => {
    const n = composition.get(e.number) ?? 0
    return n === 0 ? '' : n === 1 ? e.symbol : `${e.symbol}${n}`
  }).join('')
}

export function compositionOf(numbers: Iterable<number>): Composition {
  const counts = new Map<number, number>()
  for (const z of numbers) counts.set(z, (counts.get(z) ?? 0) + 1)
  return counts
}

export function atomCount(composition: Composition): number {
  let n = 0
  for (const count of composition.values()) n += count
  return n
}

/** The composition with `delta` more atoms of one element; never below none. */
export function withCount(composition: Composition, number: number, delta: number): Composition {
  const next = new Map(composition)
  const count = (next.get(number) ?? 0) + delta
  if (count > 0) next.set(number, count)
  else next.delete(number)
  return next
}

/**
 * Why these atoms cannot form one closed-shell piece with `open` bonds to the outside, or null when they can.
 * Rings and multiple bonds: 2·u = Σ nᵢ(vᵢ - 2) + 2 - open must be even and not negative.
 */
export function valenceProblem(composition: Composition, open: number): string | null {
  if (atomCount(composition) === 0) return 'There are no atoms.'
  let balance = 2 - open
  for (const [z, n] of composition) balance += n * (element(z).valence - 2)
  if (balance < 0) return balance === -1 ? 'needs one H fewer' : `needs ${-balance} H fewer`
  if (balance % 2 === 0) return null
  return composition.has(1) ? 'needs one more H, or one fewer' : 'needs one more H'
}

export function sum(compositions: Iterable<Composition>): Composition {
  const total = new Map<number, number>()
  for (const composition of compositions) {
    for (const [z, n] of composition) total.set(z, (total.get(z) ?? 0) + n)
  }
  return total
}
