import type { Bond } from '../chemistry/bonds'
import type { Vec3 } from '../geometry/vec3'
import { addBlob, openSite } from './design'
import { DEFAULT_SETTINGS, type Content, type Design, type Scaffold } from './types'

const formula = (text: string): Content => ({ kind: 'formula', text })

/** Benzene, flat in the xy plane: C–C 1.394 Å, C–H 1.085 Å. */
function benzene(): Scaffold {
  const ring = (radius: number): Vec3[] =>
    [0, 1, 2, 3, 4, 5].map((k) => {
      const angle = (k * Math.PI) / 3
      return [radius * Math.cos(angle), radius * Math.sin(angle), 0]
    })
  const bonds: Bond[] = [0, 1, 2, 3, 4, 5].flatMap((k): Bond[] => {
    const next = (k + 1) % 6
    return [
      [Math.min(k, next), Math.max(k, next), k % 2 === 0 ? 2 : 1],
      [k, k + 6, 1],
    ]
  })
  return {
    numbers: [6, 6, 6, 6, 6, 6, 1, 1, 1, 1, 1, 1],
    positions: [...ring(1.394), ...ring(2.479)],
    bonds,
    smiles: 'c1ccccc1',
  }
}

const EMPTY: Design = { blobs: [], scaffold: null, settings: DEFAULT_SETTINGS }

export interface Example {
  readonly id: string
  readonly title: string
  readonly note: string
  readonly design: () => Design
}

const free = (text: string): Design => addBlob(EMPTY, formula(text), [0, 0, 0]).design

/** Hydrogen 6 sits on carbon 0, on the +x side. */
const onBenzene = (text: string): Design => openSite({ ...EMPTY, scaffold: benzene() }, 6, formula(text)).design

export const EXAMPLES: readonly Example[] = [
  {
    id: 'benzoic',
    title: 'Grow from benzene',
    note: 'one hydrogen gives way to CHO2',
    design: () => onBenzene('CHO2'),
  },
  {
    id: 'acetaldehyde',
    title: 'From nothing: C2H4O',
    note: 'a small blob, no scaffold',
    design: () => free('C2H4O'),
  },
  {
    id: 'c7h8o2',
    title: 'From nothing: C7H8O2',
    note: 'a larger blob, no scaffold',
    design: () => free('C7H8O2'),
  },
]

/** What the page opens on. */
export const FIRST_EXAMPLE: Example = EXAMPLES[0]

/** A new, empty design: one blob to begin with. */
export const newDesign = (): Design => free('C2H4O')
