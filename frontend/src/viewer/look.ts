import { element } from '../chemistry/elements'
import type { AtomLook, Drawing } from './drawn'

export type StyleName = 'balls' | 'sticks' | 'spheres' | 'lines'
/** `polar`: only those on atoms other than carbon. */
export type Hydrogens = 'all' | 'polar' | 'none'
export type Labels = 'none' | 'elements' | 'numbers'

/** How atoms are drawn, whatever is drawn. */
export interface Look {
  readonly style: StyleName
  readonly hydrogens: Hydrogens
  readonly labels: Labels
}

export const PLAIN_LOOK: Look = { style: 'balls', hydrogens: 'all', labels: 'none' }

/** Å. Bondi's, with hydrogen's after Rowland and Taylor. */
const VAN_DER_WAALS: Readonly<Partial<Record<number, number>>> = { 1: 1.1, 6: 1.7, 7: 1.55, 8: 1.52, 9: 1.47 }
const OTHER_VAN_DER_WAALS = 1.7

/** Atom radii by style, Å, and how much thicker bonds are than in balls and sticks. */
const STYLES: Record<StyleName, { radius: (atom: AtomLook) => number; bond: number }> = {
  balls: { radius: ({ number }) => element(number).ballRadius, bond: 1 },
  sticks: { radius: () => 0.18, bond: 1.38 },
  spheres: { radius: ({ number }) => VAN_DER_WAALS[number] ?? OTHER_VAN_DER_WAALS, bond: 1 },
  lines: { radius: () => 0.045, bond: 0.3 },
}

/** A drawing in this style. Hidden atoms keep their place with no size, so that indices stay what they are. */
export function dress(drawing: Drawing, { style, hydrogens }: Look): Drawing {
  if (style === 'balls' && hydrogens === 'all') return drawing
  const hidden = hiddenAtoms(drawing, hydrogens)
  const { radius, bond } = STYLES[style]
  return {
    ...drawing,
    looks: drawing.looks.map((atom, k) => {
      if (hidden.has(k)) return { ...atom, radius: 0, stick: 0 }
      // Ghosts and faint ones stay smaller than the others by as much as before.
      const tone = atom.radius / element(atom.number).ballRadius
      return { ...atom, radius: radius(atom) * tone, stick: atom.stick * bond }
    }),
    bonds: drawing.bonds.flatMap((b) => (hidden.has(b.i) || hidden.has(b.j) ? [] : [{ ...b, radius: b.radius * bond }])),
  }
}

function hiddenAtoms({ looks, bonds }: Drawing, hydrogens: Hydrogens): ReadonlySet<number> {
  const hidden = new Set<number>()
  if (hydrogens === 'all') return hidden
  looks.forEach(({ number }, k) => {
    if (number === 1) hidden.add(k)
  })
  if (hydrogens === 'none') return hidden
  for (const { i, j } of bonds) {
    const [a, b] = [looks[i].number, looks[j].number]
    if (a === 1 && b !== 6) hidden.delete(i)
    if (b === 1 && a !== 6) hidden.delete(j)
  }
  return hidden
}

export const isShown = (atom: AtomLook): boolean => atom.radius > 0
