import { describe, expect, it } from 'vitest'
import { fromAxisAngle, isTurnAboutX, multiply, rotate, type Quat } from '../geometry/quat'
import { dot, normalize, sub, type Vec3 } from '../geometry/vec3'
import { atomNeighbour, crowding, outOfTheWay } from './crowding'
import { openSite, resetPlacement, setContent, updateBlob } from './design'
import { moveAtoms } from './edit'
import { EXAMPLES } from './examples'
import { anchorOf, placementOn, type Placement } from './placement'
import type { Content, Design, Scaffold } from './types'

const formula = (text: string): Content => ({ kind: 'formula', text })
/** Benzene in the xy plane; hydrogens 6 and 7 sit on neighbouring carbons. */
const bare: Design = { ...EXAMPLES[0].design(), blobs: [] }
const benzene: Scaffold = bare.scaffold ?? { numbers: [], positions: [], bonds: [], smiles: null }
const across = ({ rotation }: { readonly rotation: Quat }): Vec3 => rotate(rotation, [0, 1, 0])
/** How far the broad side leans out of the ring's plane: 0 flat, 1 upright. */
const upright = (blob: { readonly rotation: Quat }): number => Math.abs(across(blob)[2])

describe('a blob that opens beside another', () => {
  it('lies in the plane of the ring where there is room', () => {
    const { design } = openSite(bare, 6, formula('CHO2'))
    expect(design.blobs[0]).toMatchObject(placementOn(benzene, [6], formula('CHO2')))
    expect(upright(design.blobs[0])).toBeLessThan(1e-9)
    const far = openSite(design, 9, formula('CHO2')).design
    expect(upright(far.blobs[1])).toBeLessThan(1e-9)
  })

  it('stands upright beside one on the next carbon, still along its bond, and leaves the other as it is', () => {
    const first = openSite(bare, 6, formula('CHO2')).design
    const { design } = openSite(first, 7, formula('CHO2'))
    const usual = placementOn(benzene, [7], formula('CHO2'))
    expect(upright(design.blobs[1])).toBeGreaterThan(0.9)
    expect(isTurnAboutX(design.blobs[1].rotation, usual.rotation)).toBe(true)
    expect(design.blobs[1].center).toEqual(usual.center)
    expect(design.blobs[0]).toEqual(first.blobs[0])
  })

  it('turns away from atoms, too: an acetyl on the oxygen of phenol from the hydrogen beside it', () => {
    const phenol = withHydroxyl()
    const { design } = openSite(phenol, 12, formula('C2H3O'))
    expect(upright(design.blobs[0])).toBeGreaterThan(0.9)
  })

  it('takes its turn anew with what it is filled with, unless somebody has turned it', () => {
    const two = openSite(openSite(bare, 6, formula('C6H5')).design, 8, formula('HO')).design
    expect(upright(two.blobs[1])).toBeLessThan(1e-9)
    expect(upright(setContent(two, 'b2', formula('C8H17')).blobs[1])).toBeGreaterThan(0.9)
    const own = multiply(two.blobs[1].rotation, fromAxisAngle([1, 0, 0], 0.3))
    const turned = setContent(updateBlob(two, 'b2', { rotation: own }), 'b2', formula('C8H17')).blobs[1]
    expect(turned.rotation).toEqual(own)
    expect(turned.center).not.toEqual(two.blobs[1].center)
  })

  it('is put back where opening its site had put it', () => {
    const two = openSite(openSite(bare, 6, formula('CHO2')).design, 7, formula('CHO2')).design
    const away = updateBlob(two, 'b2', { center: [9, 9, 9], rotation: [0, 0, 0, 1], autoSize: false })
    expect(resetPlacement(away, 'b2').blobs[1]).toEqual(two.blobs[1])
  })

  it('keeps its turn about its bond when the atoms under it move', () => {
    const two = openSite(openSite(bare, 6, formula('CHO2')).design, 7, formula('CHO2')).design
    const moved = moveAtoms(two, [7], [0.4, 0.2, 0])
    const [anchor, hydrogen] = [anchorOf(benzene, 7), 7].map((i) => (moved.scaffold ?? benzene).positions[i])
    const blob = moved.blobs[1]
    expect(dot(rotate(blob.rotation, [1, 0, 0]), normalize(sub(hydrogen, anchor)))).toBeCloseTo(1, 9)
    expect(upright(blob)).toBeGreaterThan(0.9)
    expect(blob.rotation).not.toEqual(two.blobs[1].rotation)
  })
})

describe('crowding', () => {
  const place: Placement = { center: [0, 0, 0], widths: [0.5, 2, 0.5], rotation: [0, 0, 0, 1] }

  it('counts an atom in the middle as one, and one that is far as none', () => {
    expect(crowding(place, [atomNeighbour([0, 0, 0])])).toBeCloseTo(1, 12)
    expect(crowding(place, [atomNeighbour([0, 30, 0])])).toBeLessThan(1e-12)
    // σ² = 2² along y and 0.5² across, with 0.5² of the atom's own.
    expect(crowding(place, [atomNeighbour([0, 3, 0])])).toBeCloseTo(Math.exp((-0.5 * 9) / 4.25), 12)
    expect(crowding(place, [atomNeighbour([0, 0, 1])])).toBeCloseTo(Math.exp(-0.5 / 0.5), 12)
  })

  it('is least after the turn that is chosen, and a turn that gains little is not made', () => {
    const beside = [atomNeighbour([0, 2, 0])]
    const turned = outOfTheWay(place, beside)
    expect(Math.abs(across(turned)[2])).toBeCloseTo(1, 9)
    expect(crowding(turned, beside)).toBeLessThan(crowding(place, beside))
    const middle = [atomNeighbour([0, 0, 0])]
    expect(outOfTheWay(place, middle)).toBe(place)
  })
})

/** Phenol, its O–H in the plane of the ring and over the hydrogen of the next carbon; atom 12 is the hydroxyl's hydrogen. */
function withHydroxyl(): Design {
  const numbers = [...benzene.numbers]
  numbers[6] = 8
  const positions = [...benzene.positions]
  positions[6] = [1.394 + 1.37, 0, 0]
  return {
    ...bare,
    scaffold: {
      numbers: [...numbers, 1],
      positions: [...positions, [2.764 + 0.96 * Math.cos(1.23), 0.96 * Math.sin(1.23), 0]],
      bonds: [...benzene.bonds, [6, 12, 1]],
      smiles: null,
    },
  }
}
