/** Why a candidate is no molecule, as a chemist would say it. */
export interface Explained {
  /** A few words, for a card. */
  readonly short: string
  /** What to try. */
  readonly advice: string
  /** The atoms that it is about, counted from 0; empty when it is about all. */
  readonly atoms: readonly number[]
}

const COUNTS = ['no', 'one', 'two', 'three', 'four', 'five', 'six']
const inWords = (n: number): string => COUNTS[n] ?? String(n)

interface Rule {
  readonly match: RegExp
  readonly say: (found: RegExpExecArray) => { short: string; advice: string }
}

const RULES: readonly Rule[] = [
  {
    match: /^stopped at step (\d+) of (\d+)$/,
    say: ([, step, steps]) => ({
      short: `Stopped at step ${step} of ${steps}`,
      advice: 'It had not come to rest: branch from its last step to go on, or generate again.',
    }),
  },
  {
    match: /^(\d+) separate fragments$/,
    say: ([, n]) => ({
      short: `Fell into ${inWords(Number(n))} pieces`,
      advice: 'The atoms were too far apart to bond: make the blob smaller or move it nearer, or let it hold for longer.',
    }),
  },
  {
    match: /^radical on (.+)$/,
    say: ([, atoms]) => ({
      short: `${atoms} ${/ and |, /.test(atoms) ? 'have' : 'has'} an unpaired electron`,
      advice: 'A bond or a hydrogen is missing there: try another seed, or one hydrogen more in the formula.',
    }),
  },
  {
    match: /^([A-Z][a-z]?\d+) has (\d+) neighbours at bonding distance, valence (\d+)$/,
    say: ([, atom, n, most]) => ({
      short: `${atom} is bonded to ${inWords(Number(n))} atoms and can take ${inWords(Number(most))}`,
      advice: 'The atoms are crowded: make the blob larger, or move it away from its neighbours.',
    }),
  },
  {
    match: /^bonds do not fit the valences at charge 0$/,
    say: () => ({
      short: 'No set of single, double and triple bonds fits',
      advice: 'It would have to be charged or a radical: try another seed, more steps, or another number of hydrogens.',
    }),
  },
  {
    match: /^atoms \d+ and \d+ overlap/,
    say: () => ({ short: 'Two atoms lie in each other', advice: 'The blob is too small for its atoms, or lies upon the scaffold: make it larger or move it.' }),
  },
  {
    match: /^the atoms flew apart/,
    say: () => ({ short: 'The atoms flew apart', advice: 'The model could make nothing of this start: try another seed, or another shape of the blob.' }),
  },
  {
    match: /^bond perception/,
    say: () => ({ short: 'Its bonds could not be read', advice: 'Too many ways to bond were possible: look at it, or try another seed.' }),
  },
]

export function explainReason(reason: string | null): Explained {
  if (reason === null) return { short: 'No molecule', advice: 'Try another seed.', atoms: [] }
  const atoms = [...reason.matchAll(/\b[A-Z][a-z]?(\d+)\b/g)].map(([, n]) => Number(n) - 1)
  const overlap = /^atoms (\d+) and (\d+) overlap/.exec(reason)
  const named = overlap === null ? atoms : [Number(overlap[1]) - 1, Number(overlap[2]) - 1]
  for (const { match, say } of RULES) {
    const found = match.exec(reason)
    if (found !== null) return { ...say(found), atoms: named }
  }
  return { short: reason.charAt(0).toUpperCase() + reason.slice(1), advice: 'Try another seed.', atoms: named }
}
