/** How well a query fits a text, and which letters it took. */
export interface Match {
  readonly score: number
  readonly letters: readonly number[]
}

const WORD_START = 10
const RUN = 12
const EARLY = 2

/**
 * Finds the letters of `query` in `text`, in order; null when they are not all there. Starts of words and runs of letters count for
 * more, so that `gn` finds “Generate … again with a new seed” behind “Generate now”.
 */
export function fuzzy(query: string, text: string): Match | null {
  const wanted = Array.from(query.toLowerCase().replace(/\s+/g, ''))
  const letters = Array.from(text.toLowerCase())
  if (wanted.length === 0) return { score: 0, letters: [] }
  // best[j]: the best match of the letters so far that ends at letter j of the text.
  let best: (Match | null)[] = []
  wanted.forEach((letter, i) => {
    let before: Match | null = null
    const next: (Match | null)[] = letters.map((at, j) => {
      const run = i > 0 && j > 0 ? best[j - 1] : null
      const here = at === letter ? extend(i, j, letters, before, run) : null
      if (i > 0 && j > 0) before = better(before, best[j - 1])
      return here
    })
    best = next
  })
  const found = best.reduce<Match | null>((a, b) => better(a, b), null)
  return found === null ? null : { ...found, score: found.score - letters.length / 50 }
}

const better = (a: Match | null, b: Match | null): Match | null => (a === null || (b !== null && b.score > a.score) ? b : a)

function extend(i: number, j: number, letters: readonly string[], before: Match | null, run: Match | null): Match | null {
  const start = j === 0 || /[\s\-–:(,/]/.test(letters[j - 1])
  const own = 1 + (start ? WORD_START : 0) + (j === 0 ? EARLY : 0)
  if (i === 0) return { score: own, letters: [j] }
  const joined = run === null ? null : { score: run.score + own + RUN, letters: [...run.letters, j] }
  const apart = before === null ? null : { score: before.score + own, letters: [...before.letters, j] }
  return better(joined, apart)
}

/** Those that fit, best first; all, in their order, for an empty query. `texts` of an item: its title, then what else it is found by. */
export function search<T>(query: string, items: readonly T[], texts: (item: T) => readonly string[]): { item: T; letters: readonly number[] }[] {
  if (query.trim() === '') return items.map((item) => ({ item, letters: [] }))
  const found = items.flatMap((item, order) => {
    const [title, ...others] = texts(item)
    const direct = fuzzy(query, title)
    const aside = others.reduce<Match | null>((a, text) => better(a, fuzzy(query, text)), null)
    const apart = direct === null && aside === null ? anyOrder(query, [title, ...others].join(' ')) : null
    if (direct === null && aside === null && apart === null) return []
    const score = Math.max(direct?.score ?? -Infinity, (aside?.score ?? -Infinity) * 0.8, (apart ?? -Infinity) * 0.5)
    return [{ item, letters: direct?.letters ?? [], score, order }]
  })
  return found.sort((a, b) => b.score - a.score || a.order - b.order)
}

/** How well the words of a query fit a text when each may stand anywhere; null when one of them does not, or there is only one. */
function anyOrder(query: string, text: string): number | null {
  const asked = query.trim().split(/\s+/)
  if (asked.length < 2) return null
  let score = 0
  for (const word of asked) {
    const match = fuzzy(word, text)
    if (match === null) return null
    score += match.score
  }
  return score
}
