export interface Label {
  readonly x: number
  readonly y: number
  /** From the eye: the nearer of two that would lie upon each other is kept. */
  readonly depth: number
  readonly text: string
  readonly hydrogen: boolean
}

/** Of a letter, to the height of its font. */
const LETTER = 0.62

/** Labels that can be read: none lies upon another, heavy atoms before hydrogens, near before far. The farthest come first, to be drawn. */
export function readable<L extends Label>(labels: readonly L[], fontOf: (label: L) => number): L[] {
  const kept: (L & { readonly font: number })[] = []
  for (const label of [...labels].sort((a, b) => Number(a.hydrogen) - Number(b.hydrogen) || a.depth - b.depth)) {
    const font = fontOf(label)
    const free = kept.every((k) => {
      const size = Math.min(font, k.font)
      return Math.abs(k.y - label.y) >= 0.8 * size || Math.abs(k.x - label.x) >= (LETTER * size * (k.text.length + label.text.length)) / 2
    })
    if (free) kept.push({ ...label, font })
  }
  return kept.sort((a, b) => b.depth - a.depth)
}
