import type { Vec3 } from '../geometry/vec3'
import type { Bond } from './bonds'
import { element } from './elements'

export interface Structure {
  readonly numbers: readonly number[]
  readonly positions: readonly Vec3[]
  readonly bonds: readonly Bond[]
  /** Formal charges of the atoms; left out when there are none. */
  readonly charges?: readonly number[]
}

export type Named = Structure & { readonly name: string }

/** An SD file (V2000) of one or more molecules; positions keep the four decimals that the format has, Å. */
export function toSdf(molecules: readonly Named[]): string {
  return molecules.map((m) => `${toMol(m)}$$$$\n`).join('')
}

/** A MOL file (V2000), Å with four decimals. */
export function toMol({ numbers, positions, bonds, charges = [], name }: Named): string {
  if (numbers.length > 999 || bonds.length > 999) throw new RangeError('V2000 holds at most 999 atoms and bonds')
  const lines = [
    name.replace(/[\r\n]+/g, ' ').slice(0, 80),
    '  GPFFStudio        3D',
    '',
    `${pad(numbers.length, 3)}${pad(bonds.length, 3)}  0  0  0  0  0  0  0  0999 V2000`,
  ]
  numbers.forEach((z, i) => {
    const coordinates = positions[i].map((x) => x.toFixed(4).padStart(10)).join('')
    lines.push(`${coordinates} ${element(z).symbol.padEnd(3)} 0  0  0  0  0  0  0  0  0  0  0  0`)
  })
  for (const [i, j, order] of bonds) lines.push(`${pad(i + 1, 3)}${pad(j + 1, 3)}${pad(order, 3)}  0`)
  const charged = charges.flatMap((q, i) => (q === 0 ? [] : [`${pad(i + 1, 4)}${pad(q, 4)}`]))
  for (let k = 0; k < charged.length; k += 8) {
    const some = charged.slice(k, k + 8)
    lines.push(`M  CHG${pad(some.length, 3)}${some.join('')}`)
  }
  lines.push('M  END', '')
  return lines.join('\n')
}

/** One or more molecules as XYZ, Å; the comment line carries the name. */
export function toXyz(molecules: readonly Named[]): string {
  return molecules
    .map(({ numbers, positions, name }) => {
      const atoms = numbers.map((z, i) => {
        const coordinates = positions[i].map((x) => x.toFixed(6).padStart(13)).join('')
        return `${element(z).symbol.padEnd(2)}${coordinates}`
      })
      return [numbers.length, name.replace(/[\r\n]+/g, ' '), ...atoms, ''].join('\n')
    })
    .join('')
}

const pad = (value: number, width: number): string => String(value).padStart(width)
