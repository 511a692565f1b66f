import { describe, expect, it } from 'vitest'
import { parseFormula, valenceProblem } from '../chemistry/formula'
import { rotate } from '../geometry/quat'
import { add, dot, normalize, scale, sub } from '../geometry/vec3'
import { fromArchive, toArchive } from './archive'
import { bridgeContent, bridgeSites, displacedHydrogens, findBlob, freeHydrogens, openSite, partSites, removeBlob, resetPlacement, setContent } from './design'
import { deleteAtoms } from './edit'
import { EXAMPLES } from './examples'
import { createHistory } from './history'
import { anchorOf, sitesOf } from './placement'
import { blobProblem, openScaffold, toSpec } from './spec'
import type { Design, Scaffold } from './types'

const CH3 = { kind: 'formula', text: 'CH3' } as const
const bare: Design = { ...EXAMPLES[0].design(), blobs: [] }
const benzene = bare.scaffold ?? { numbers: [], positions: [], bonds: [], smiles: null }
/** Two hydrogens of neighbouring carbons. */
const [a, b] = (() => {
  const first = freeHydrogens(bare)[0]
  const next = freeHydrogens(bare).find((h) => h !== first && benzene.bonds.some(([i, j]) => [i, j].includes(anchorOf(benzene, first)) && [i, j].includes(anchorOf(benzene, h))))
  return [first, next ?? -1] as const
})()

describe('a blob over several sites', () => {
  it('takes the place of those that were on them, and lies away from the ring in its plane', () => {
    const two = openSite(openSite(bare, a, CH3).design, b, CH3).design
    const { design, id } = bridgeSites(two, [a, b])
    expect(design.blobs).toHaveLength(1)
    const blob = design.blobs[0]
    expect(blob.id).toBe(id)
    expect(sitesOf(blob)).toEqual([a, b])
    expect(displacedHydrogens(design)).toEqual(new Set([a, b]))
    const [p, q] = [a, b].map((h) => benzene.positions[anchorOf(benzene, h)])
    const middle = scale(add(p, q), 0.5)
    const out = normalize(middle) // benzene lies about the origin
    expect(dot(normalize(sub(blob.center, middle)), out)).toBeCloseTo(1, 2)
    expect(Math.abs(dot(rotate(blob.rotation, [0, 1, 0]), normalize(sub(p, q))))).toBeCloseTo(1, 2)
    expect(blob.widths[1]).toBeGreaterThan(blob.widths[0])
  })

  it('closes the ring of naphthalene where its atoms would be', () => {
    const { design, id } = bridgeSites(bare, [a, b])
    const benzo = setContent(design, id, { kind: 'formula', text: 'C4H4' })
    const [p, q] = [a, b].map((h) => benzene.positions[anchorOf(benzene, h)])
    const reach = Math.hypot(...sub(benzo.blobs[0].center, scale(add(p, q), 0.5)))
    expect(reach).toBeGreaterThan(1.8)
    expect(reach).toBeLessThan(2.3) // 2.05 Å in naphthalene
  })

  it('must offer a bond to each of them, and says so to the service', () => {
    const { design, id } = bridgeSites(bare, [a, b])
    const at = (text: string) => {
      const next = setContent(design, id, { kind: 'formula', text })
      return blobProblem(next, next.blobs[0])
    }
    expect(at('C4H4')).toBeNull()
    expect(at('O')).toBeNull()
    expect(at('CH3')).toBe('needs one H fewer')
    expect(openScaffold(design)?.attach).toHaveLength(2)
    expect(new Set(toSpec(design).scaffold?.attach).size).toBe(2)
    for (let k = 2; k < 7; k++) {
      const content = bridgeContent(k)
      const parsed = content.kind === 'formula' ? parseFormula(content.text) : null
      expect(parsed?.ok === true && valenceProblem(parsed.composition, k)).toBeNull()
    }
  })

  it('is taken apart again, put back, kept, and follows its hydrogens', () => {
    const { design, id } = bridgeSites(bare, [a, b])
    const parted = partSites(design, id, CH3)
    expect(parted.blobs.map(sitesOf)).toEqual([[a], [b]])
    expect('bridges' in parted.blobs[0]).toBe(false)
    const moved = { ...design, blobs: [{ ...design.blobs[0], center: [9, 9, 9] as const }] }
    expect(resetPlacement(moved, id).blobs[0].center).toEqual(design.blobs[0].center)
    expect(freeHydrogens(removeBlob(design, id))).toEqual(freeHydrogens(bare))
    const opened = { title: '', tags: [], history: createHistory(design, 'x') }
    expect(fromArchive(JSON.parse(JSON.stringify(toArchive(opened)))).history.nodes.get(0)?.value).toEqual(design)
    // A hydrogen that goes leaves the blob on the other site.
    const without = deleteAtoms(design, [a])
    expect(findBlob(without, id)?.bridges).toBeUndefined()
    expect(sitesOf(without.blobs[0])).toEqual([b - (a < b ? 1 : 0)])
  })

  it('lies aside where bonds point at each other', () => {
    const facing: Scaffold = { numbers: [6, 1, 6, 1], positions: [[0, 0, 0], [1.1, 0, 0], [5, 0, 0], [3.9, 0, 0]], bonds: [[0, 1, 1], [2, 3, 1]], smiles: null }
    const { design } = bridgeSites({ ...bare, scaffold: facing }, [1, 3])
    const [blob] = design.blobs
    expect(blob.center[0]).toBeCloseTo(2.5)
    expect(blob.widths.every(Number.isFinite) && blob.rotation.every(Number.isFinite)).toBe(true)
  })

  it('refuses what are no two hydrogens', () => {
    expect(() => bridgeSites(bare, [a])).toThrow(RangeError)
    expect(() => bridgeSites(bare, [a, anchorOf(benzene, a)])).toThrow(RangeError)
  })
})
