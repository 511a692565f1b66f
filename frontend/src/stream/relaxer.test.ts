import { describe, expect, it } from 'vitest'
import { FIRST_EXAMPLE } from '../document/examples'
import { relaxOrder, withRelaxed } from '../document/relax'
import type { Scaffold } from '../document/types'
import type { Candidate, ClientMessage, ServerMessage } from './protocol'
import { Relaxer } from './relaxer'

const emptyScaffold = (): Scaffold => {
  throw new Error('the example has a scaffold')
}
const design = FIRST_EXAMPLE.design()
const scaffold = design.scaffold ?? emptyScaffold()
const all = scaffold.numbers.map((_, i) => i)

/** What the service answers: the atoms in the order of the spec, all moved by 0.5 Å along z that may move. */
function answer(moving: readonly number[]): Candidate {
  const { order } = relaxOrder(scaffold, moving)
  const place = new Map(order.map((atom, k) => [atom, k]))
  return {
    numbers: order.map((i) => scaffold.numbers[i]),
    positions: order.map((i) => {
      const [x, y, z] = scaffold.positions[i]
      return [x, y, z + (moving.includes(i) ? 0.5 : 0)]
    }),
    bonds: scaffold.bonds.map(([i, j, o]) => [place.get(i) ?? 0, place.get(j) ?? 0, o]),
    smiles: 'c1ccccc1', valid: true, reason: null, steps: 3, sigma_hat: 0.01, rms_force: 0.01,
  }
}

describe('a relaxation', () => {
  it('freezes what is not chosen and begins where the atoms are', () => {
    const { spec, order } = relaxOrder(scaffold, [7, 2])
    expect(order.slice(-2)).toEqual([2, 7])
    expect(spec).toMatchObject({ sampler: 'dd', n_samples: 1, blobs: [{ numbers: [6, 1], placed: false, positions: [scaffold.positions[2], scaffold.positions[7]] }] })
    expect(spec.scaffold?.numbers).toHaveLength(10)
    expect(relaxOrder(scaffold, all).spec.scaffold).toBeNull()
    expect(() => relaxOrder(scaffold, [])).toThrow(RangeError)
  })

  it('comes back in the order that the atoms had, the frozen ones bit for bit', () => {
    const relaxed = withRelaxed(design, relaxOrder(scaffold, [7, 2]).order, answer([7, 2]))
    expect(relaxed.scaffold?.numbers).toEqual(scaffold.numbers)
    relaxed.scaffold?.positions.forEach((p, i) => expect(p[2]).toBe(scaffold.positions[i][2] + (i === 2 || i === 7 ? 0.5 : 0)))
    const sorted = (bonds: Scaffold['bonds']) => bonds.map((b) => b.join()).sort()
    expect(sorted(relaxed.scaffold?.bonds ?? [])).toEqual(sorted(scaffold.bonds))
  })

  it('takes the blobs on sites along, unless somebody has moved them', () => {
    const { order } = relaxOrder(scaffold, all)
    expect(withRelaxed(design, order, answer(all)).blobs[0].center[2]).toBeCloseTo(0.5)
    const own = { ...design, blobs: [{ ...design.blobs[0], center: [9, 9, 9] as const }] }
    expect(withRelaxed(own, order, answer(all)).blobs[0].center).toEqual([9, 9, 9])
  })

  it('runs at the service and ends with the molecule', () => {
    const sent: ClientMessage[] = []
    const relaxer = new Relaxer(() => '1')
    relaxer.attach({ send: (m) => sent.push(m) > 0 })
    const done: Candidate[] = []
    relaxer.onDone = (_, candidate) => done.push(candidate)
    relaxer.start(design, 0, all)
    relaxer.start(design, 0, all)
    expect(sent).toHaveLength(1)
    const { numbers } = answer(all)
    const say = (message: ServerMessage) => relaxer.onMessage(message)
    say({ type: 'accepted', job: '9', req_id: 'relax-1', queue_pos: 0, seed: 0 })
    say({ type: 'topology', job: '9', ptr: [0, 12], numbers, fixed: numbers.map(() => false) })
    const positions = Float32Array.from(scaffold.positions.flat()).map((x) => x + 1)
    const one = new Float32Array(1)
    relaxer.takeFrame({ job: 9, seq: 1, step: 0, serverMicros: 0n, final: false, key: true, droppedBefore: false, positions, sigmaHat: one, rmsForce: one })
    expect(relaxer.positionsOf(design)?.[3][1]).toBeCloseTo(scaffold.positions[3][1] + 1)
    expect(relaxer.positionsOf({ ...design })).toBeNull()
    const result = { job: '9', model: '', seed: 0, timings: { queue_s: 0, run_s: 0 }, candidates: [answer(all)], attempts: { rerun: 0, budget: 0, stopped: null } }
    say({ type: 'final', job: '9', result })
    expect(done).toHaveLength(1)
    expect(relaxer.active).toBe(false)
    expect(relaxer.positionsOf(design)).toBeNull()
  })

  it('says why when it cannot', () => {
    const relaxer = new Relaxer(() => '1')
    const reasons: (string | undefined)[] = []
    relaxer.onFailed = (run) => reasons.push(run.error?.detail)
    relaxer.start(design, 0, all)
    relaxer.attach({ send: () => true })
    relaxer.start(design, 0, all)
    relaxer.onMessage({
      type: 'error', code: 'invalid', detail: 'needs one more H', retryable: false, job: null, req_id: 'relax-1', field: 'blobs.0.formula', expected: null, got: null,
    })
    relaxer.start(design, 0, all)
    relaxer.onState({ kind: 'offline', retryAt: 0 })
    expect(reasons).toEqual([expect.stringContaining('no connection'), 'needs one more H', expect.stringContaining('lost')])
  })
})
