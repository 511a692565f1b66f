export interface Label {
  readonly x: number
  readonly y: number
  /** From the eye: the nearer of two that would lie upon each other is kept. */
  readonly depth: number
  readonly text: string
  /** Pixels that its font is high. */
  readonly font: number
  readonly hydrogen: boolean
}

/** Of a letter and of a line, to the height of their font. */
const LETTER = 0.62
const LINE = 0.8

/** Labels that can be read: none lies upon another, heavy atoms before hydrogens, near before far. The farthest come first, to be drawn. */
export function readable<L extends Label>(labels: readonly L[]): L[] {
  // In rows, of which only neighbours can touch: side by side, candidates may have a thousand atoms, in every frame anew.
  const height = LINE * labels.reduce((most, { font }) => Math.max(most, font), 1)
  const rows = new Map<number, L[]>()
  const kept: L[] = []
  for (const label of [...labels].sort((a, b) => Number(a.hydrogen) - Number(b.hydrogen) || a.depth - b.depth)) {
    const row = Math.floor(label.y / height)
    if ([row - 1, row, row + 1].some((r) => rows.get(r)?.some((other) => touch(label, other)))) continue
    rows.set(row, [...(rows.get(row) ?? []), label])
    kept.push(label)
  }
  return kept.sort((a, b) => b.depth - a.depth)
}

function touch(a: Label, b: Label): boolean {
  const font = Math.min(a.font, b.font)
  return Math.abs(a.y - b.y) < LINE * font && Math.abs(a.x - b.x) < (LETTER * font * (a.text.length + b.text.length)) / 2
}
