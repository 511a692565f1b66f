import { describe, expect, it } from 'vitest'
import { addBlob, updateBlob } from '../document/design'
import { FIRST_EXAMPLE } from '../document/examples'
import { add, distance } from '../geometry/vec3'
import { DEFAULT_CAMERA } from './camera'
import { compareView, composeCompare } from './compare'
import { fitGrid } from './layout'

const palette = { background: '#ffffff', outline: '#000000', blob: '#ff8800', blobMuted: '#aa8800' }
const base = FIRST_EXAMPLE.design()
const free = addBlob({ ...base, scaffold: null, blobs: [] }, { kind: 'formula', text: 'CH4' }, [50, 0, 0]).design

describe('two designs side by side', () => {
  it('stay in the frame that they share', () => {
    const moved = updateBlob(base, base.blobs[0].id, { center: [6, 0, 0] })
    const view = compareView(base, moved)
    expect(view.shift).toEqual([0, 0, 0])
    const { grid, camera } = fitGrid(DEFAULT_CAMERA, { width: 900, height: 500 }, view.extent, 2)
    const { drawing, blobs } = composeCompare(view, camera, grid, palette)
    expect(drawing.looks).toHaveLength(24)
    expect(drawing.origin.map((o) => o.molecule)).toEqual([...new Array<number>(12).fill(0), ...new Array<number>(12).fill(1)])
    expect(drawing.bonds.slice(12).every((b) => b.i >= 12 && b.j >= 12)).toBe(true)
    expect(blobs).toHaveLength(4)
    const at = (k: number) => [...drawing.positions.slice(3 * k, 3 * k + 3)] as [number, number, number]
    expect(distance(at(0), at(12))).toBeGreaterThan(view.extent.radius)
    expect(distance(at(0), at(1))).toBeCloseTo(distance(at(12), at(13)), 4)
  })

  it('are put on one spot when they are strangers', () => {
    const view = compareView(base, free)
    expect(distance(add(free.blobs[0].center, view.shift), view.extent.center)).toBeLessThan(1e-9)
    expect(view.extent.radius).toBeLessThan(12)
  })
})
