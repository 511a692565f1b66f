import { element } from '../../chemistry/elements'
import type { Structure } from '../../chemistry/writers'
import type { Vec3 } from '../../geometry/vec3'

/** One atom as a line of a table. */
export interface AtomRow {
  /** From 0, as in the structure. */
  readonly index: number
  /** `C3`: the element and the number, from 1. */
  readonly name: string
  readonly number: number
  readonly position: Vec3
  /** `C1 =O2`: names of the atoms that it is bound to, double and triple bonds marked. */
  readonly bonds: string
}

export const atomName = (number: number, index: number): string => `${element(number).symbol}${index + 1}`

const MARKS: Readonly<Record<number, string>> = { 2: '=', 3: '≡' }

export function atomRows({ numbers, positions, bonds }: Structure): AtomRow[] {
  const partners = numbers.map((): [number, number][] => [])
  for (const [i, j, order] of bonds) {
    partners[i].push([j, order])
    partners[j].push([i, order])
  }
  return numbers.map((number, index) => ({
    index,
    name: atomName(number, index),
    number,
    position: positions[index],
    bonds: partners[index]
      .sort(([a], [b]) => a - b)
      .map(([other, order]) => `${MARKS[order] ?? ''}${atomName(numbers[other], other)}`)
      .join(' '),
  }))
}
