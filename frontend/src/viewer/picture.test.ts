import { describe, expect, it } from 'vitest'
import { FIRST_EXAMPLE } from '../document/examples'
import type { Candidate, Topology } from '../stream/protocol'
import { Trajectory } from '../stream/trajectory'
import { DEFAULT_CAMERA } from './camera'
import { isShown } from './look'
import { composeRun, runExtent, type RunView } from './picture'
import type { Palette } from './drawn'

const palette: Palette = { background: '#000000', outline: '#000000', blob: '#ff8800', blobMuted: '#884400' }
const design = FIRST_EXAMPLE.design()

/** So many molecules C–C(H)–O in one frame, whose first carbon is a scaffold's or as free as the others. */
function moving(count: number, fixed = false): Trajectory {
  const each = <T,>(part: readonly T[]): T[] => Array.from({ length: count }, () => part).flat()
  const topology: Topology = {
    type: 'topology', job: '', ptr: Array.from({ length: count + 1 }, (_, m) => 4 * m),
    numbers: each([6, 6, 1, 8]), fixed: each([fixed, false, false, false]),
  }
  const trajectory = new Trajectory(topology, [])
  const positions = Float32Array.from(each([0, 0, 0, 1.5, 0, 0, 2, 1, 0, 2.1, -1.1, 0]))
  const measured = new Float32Array(count)
  trajectory.push({ job: 0, seq: 0, step: 0, serverMicros: 0n, final: false, key: false, droppedBefore: false, positions, sigmaHat: measured, rmsForce: measured })
  return trajectory
}

function overlay(count: number, over: Partial<RunView> = {}) {
  const view: RunView = {
    design, count, trajectory: moving(count), candidates: null, steps: 64, layout: 'overlay', focus: null, extent: runExtent(design, null), ...over,
  }
  const { looks, origin, bonds } = composeRun(view, 0, DEFAULT_CAMERA, null, palette).drawing
  const of = (molecule: number) => looks.filter((_, k) => origin[k].molecule === molecule)
  const carbon = (molecule: number) => of(molecule).find(({ number }) => number === 6)?.radius ?? 0
  const hydrogens = (molecule: number) => of(molecule).filter((look) => look.number === 1 && isShown(look)).length
  return { looks, bonds, origin, carbon, hydrogens }
}

describe('candidates in one place', () => {
  it('are drawn the smaller the more they are, in a crowd without hydrogens', () => {
    const [few, several, crowd] = [overlay(2), overlay(4), overlay(16)]
    expect(few.carbon(0)).toBeGreaterThan(several.carbon(0))
    expect(several.carbon(0)).toBeGreaterThan(crowd.carbon(0))
    expect([few.hydrogens(0) > 0, several.hydrogens(0) > 0, crowd.hydrogens(0)]).toEqual([true, true, 0])
    expect(crowd.bonds.every(({ i, j }) => isShown(crowd.looks[i]) && isShown(crowd.looks[j]))).toBe(true)
  })

  it('stand back from the one in focus, which is whole', () => {
    const { carbon, hydrogens } = overlay(16, { focus: 3 })
    expect(carbon(3)).toBe(overlay(1).carbon(0))
    expect(hydrogens(3)).toBeGreaterThan(0)
    expect(carbon(4)).toBeLessThan(overlay(16).carbon(4))
  })

  it('stand back when they came to nothing, as long as others came to something', () => {
    const judged = (valid: readonly boolean[]) => valid.map((v) => ({ valid: v, positions: [], bonds: [], numbers: [] }) as unknown as Candidate)
    const { carbon } = overlay(3, { candidates: judged([true, false, true]) })
    expect(carbon(1)).toBeLessThan(carbon(0))
    const none = overlay(3, { candidates: judged([false, false, false]) })
    expect(none.carbon(1)).toBe(overlay(3).carbon(1))
  })
})

describe('a scaffold that several candidates share in one place', () => {
  it('is drawn once, with the one that stands out, and the others are bonded to it', () => {
    const { origin, bonds, looks } = overlay(3, { trajectory: moving(3, true), focus: 2 })
    const scaffold = origin.flatMap(({ molecule, atom }, k) => (atom === 0 ? [{ molecule, k }] : []))
    expect(scaffold).toEqual([{ molecule: 2, k: 0 }])
    expect(looks).toHaveLength(3 * 3 + 1)
    const onto = bonds.filter(({ i, j }) => i === 0 || j === 0).map(({ i, j }) => origin[i + j].molecule)
    expect(onto.sort()).toEqual([0, 1, 2])
  })
})

describe('a head that stands beyond the frames', () => {
  it('shows the last of them, as for a branch that begins with fewer than its parent had', () => {
    const topology: Topology = { type: 'topology', job: '', ptr: [0, 2], numbers: [6, 8], fixed: [false, false] }
    const trajectory = new Trajectory(topology, [])
    for (const seq of [0, 1]) {
      const positions = Float32Array.from([seq, 0, 0, seq + 1.2, 0, 0])
      const measured = Float32Array.from([0.1])
      trajectory.push({ job: 0, seq, step: seq, serverMicros: 0n, final: false, key: false, droppedBefore: false, positions, sigmaHat: measured, rmsForce: measured })
    }
    const view: RunView = { design, count: 1, trajectory, candidates: null, steps: 64, layout: 'single', focus: 0, extent: runExtent(design, null) }
    const shown = (head: number) => [...composeRun(view, head, DEFAULT_CAMERA, null, palette).drawing.positions]
    expect(shown(2)).toEqual(shown(1))
    expect(shown(1)).not.toEqual(shown(0))
  })
})
