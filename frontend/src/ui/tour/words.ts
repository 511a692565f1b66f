import { LEGS, type Stop } from './route'

export interface Heading {
  /** Which step of how many. */
  readonly at: number
  readonly title: string
  readonly text: string
}

const STEPS = [
  ['open', 'fill', 'shape', 'generate', 'use'],
  ['open', 'fill', 'generate', 'use'],
] as const

/** Steps in all, the arrival too. */
export const OF = STEPS[0].length + STEPS[1].length + 1

/** What the tour says at a stop. `tries`: seeds that have brought no product. */
export function say(stop: Stop, tries: number): Heading {
  if (stop.kind === 'arrived') {
    return {
      at: OF,
      title: 'That is aspirin',
      text: 'Two fragments, grown one after the other, and every atom of each scaffold is still exactly where it was. '
        + 'The history keeps all the candidates; Export saves the molecule.',
    }
  }
  if (stop.kind === 'astray') {
    return {
      at: 0,
      title: 'Build aspirin in four clicks',
      text: 'Start from acetaldehyde, grow phenyl acetate from it, and aspirin from that. What you have now stays in the history.',
    }
  }
  const leg = LEGS[stop.leg]
  const step = stop.kind === 'watch' || stop.kind === 'again' ? 'generate' : stop.kind
  const before = stop.leg === 0 ? 0 : STEPS[0].length
  const at = before + (STEPS[stop.leg] as readonly string[]).indexOf(step) + 1
  switch (stop.kind) {
    case 'open':
      return {
        at,
        title: stop.leg === 0 ? 'Choose where to grow' : `Now on, from ${leg.from} to ${leg.to}`,
        text: `Click ${leg.place}: it is ringed. It gives way to an orange blob, in which new atoms will form.`,
      }
    case 'fill':
      return { at, title: 'Say which atoms', text: `Type ${leg.formula} into the formula, which is ringed: the atoms that ${leg.to} has more than ${leg.from}.` }
    case 'shape':
      return { at, title: 'Shape the blob', text: 'A benzene ring is flat, so make the blob a disc: drag the square knobs, or press S, then X, Y or Z, and the arrow keys.' }
    case 'generate':
      return { at, title: 'Generate', text: `Eight candidates will form at once. The seed is set so that one of them becomes ${leg.to}.` }
    case 'watch':
      return { at, title: 'Watch them form', text: 'The force field pulls a cloud of atoms together. Bonds appear as soon as they are certain; the scaffold does not move.' }
    case 'again':
      return tries >= leg.seeds.length
        ? { at, title: 'Not yet', text: `${tries} seeds brought no ${leg.to}. Others may.` }
        : { at, title: 'Not this time', text: `None of these is ${leg.to}. The next seed starts by itself.` }
    case 'use':
      return { at, title: `Candidate ${stop.candidate + 1} is ${leg.to}`, text: 'Use it as scaffold: from then on its atoms stay exactly where they are.' }
  }
}
