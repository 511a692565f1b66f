import { describe, expect, it } from 'vitest'
import { addBlob, updateBlob } from '../../document/design'
import { FIRST_EXAMPLE } from '../../document/examples'
import { fromAxisAngle } from '../../geometry/quat'
import { drawDesign, shadow } from './thumbnail'

const ink = { bond: '#888', outline: '#333', blob: '#f80' }
const base = FIRST_EXAMPLE.design()
const blob = { ...base.blobs[0], widths: [3, 2, 1] as const, rotation: [0, 0, 0, 1] as const }

describe('the shadow of a blob', () => {
  it('has the axes that face the viewer', () => {
    const { rx, ry, angle } = shadow(blob, [1, 0, 0], [0, 1, 0])
    expect(rx / ry).toBeCloseTo(1.5, 10)
    expect(angle).toBeCloseTo(0, 10)
    const side = shadow(blob, [0, 0, 1], [0, 1, 0])
    expect(side.rx / side.ry).toBeCloseTo(2, 10)
    expect(Math.abs(side.angle)).toBeCloseTo(90, 10)
  })

  it('turns with the blob, the other way round on a page whose y points down', () => {
    const turned = { ...blob, rotation: fromAxisAngle([0, 0, 1], Math.PI / 6) }
    expect(shadow(turned, [1, 0, 0], [0, 1, 0]).angle).toBeCloseTo(-30, 8)
  })
})

describe('a picture of a design', () => {
  it('has every atom, bond and blob, inside its square', () => {
    const svg = drawDesign(base, ink, 44)
    expect(svg.match(/<circle/g)).toHaveLength(12)
    expect(svg.match(/<path/g)).toHaveLength(12)
    expect(svg.match(/<ellipse/g)).toHaveLength(1)
    const places = [...svg.matchAll(/c[xy]="([\d.-]+)"/g)].map((m) => Number(m[1]))
    expect(places.every((x) => x > 0 && x < 44)).toBe(true)
  })

  it('is drawn of a blob alone, and of nothing', () => {
    const alone = addBlob({ ...base, scaffold: null, blobs: [] }, { kind: 'formula', text: 'CH4' }, [0, 0, 0]).design
    expect(drawDesign(alone, ink, 44)).toContain('<ellipse')
    expect(drawDesign({ ...base, scaffold: null, blobs: [] }, ink, 44)).not.toContain('NaN')
    expect(drawDesign(updateBlob(alone, 'b1', { center: [9, 9, 9] }), ink, 44)).not.toContain('NaN')
  })
})
