import { describe, expect, it } from 'vitest'
import { openSite, updateBlob } from '../../document/design'
import type { Design, Scaffold } from '../../document/types'
import { norm, sub } from '../../geometry/vec3'
import type { Candidate } from '../../stream/protocol'
import { newRun, type Run } from '../../stream/run'
import { contentOf, LEGS, poseOf, readyDesign, seedAfter, startDesign, stopAt, type Surroundings } from './route'
import { OF, say } from './words'

const at = (design: Design, over: Partial<Surroundings> = {}) => stopAt({ design, mode: 'design', run: null, of: null, ...over })
const scaffoldOf = (design: Design): Scaffold => {
  if (design.scaffold === null) throw new Error('no scaffold')
  return design.scaffold
}

/** Bonds and elements are all that the way is found by. */
const molecule = (numbers: number[], bonds: [number, number][], smiles: string): Scaffold => ({
  numbers,
  positions: numbers.map((_, i) => [i, i % 2, i % 3]),
  bonds: bonds.map(([i, j]) => [i, j, 1]),
  smiles,
})

/** CH3 (0, 7–9), C=O (1, 2), O (3), then the ring 4, 5, 6, 10, 11, 12 with hydrogens 13–17 on all but 4. */
const phenylAcetate = molecule(
  [6, 6, 8, 8, 6, 6, 6, 1, 1, 1, 6, 6, 6, 1, 1, 1, 1, 1],
  [[0, 1], [1, 2], [1, 3], [3, 4], [4, 5], [5, 6], [6, 10], [10, 11], [11, 12], [4, 12], [0, 7], [0, 8], [0, 9], [5, 13], [6, 14], [10, 15], [11, 16], [12, 17]],
  LEGS[1].start,
)

const done = (smiles: (string | null)[], seed = 7): Run => ({
  ...newRun('r', { n_samples: smiles.length, seed, blobs: [{ formula: 'C6H5O' }] }),
  phase: 'done',
  result: {
    job: '1', model: 'x', seed, timings: { queue_s: 0, run_s: 0 }, attempts: { rerun: 0, budget: 0, stopped: null },
    candidates: smiles.map((s) => ({ smiles: s, valid: s !== null }) as Candidate),
  },
})

describe('the way to aspirin', () => {
  it('knows the hydrogens that are meant', () => {
    expect(LEGS[0].sites(scaffoldOf(startDesign()))).toEqual([6])
    expect(LEGS[1].sites(phenylAcetate).toSorted((a, b) => a - b)).toEqual([13, 17])
  })

  it('goes from hydrogen over formula and shape to the run', () => {
    const start = startDesign()
    expect(at(start)).toEqual({ kind: 'open', leg: 0, hydrogens: [6] })
    const opened = openSite(start, 6, { kind: 'formula', text: 'CH3' })
    expect(at(opened.design)).toEqual({ kind: 'fill', leg: 0, blob: opened.id })
    const filled = updateBlob(opened.design, opened.id, { content: { kind: 'formula', text: 'H5 C6 O' } })
    expect(at(filled)).toEqual({ kind: 'shape', leg: 0, blob: opened.id })
    const pose = poseOf(LEGS[0], scaffoldOf(start), 6)
    expect(at(updateBlob(filled, opened.id, pose ?? {}))).toEqual({ kind: 'generate', leg: 0 })
  })

  it('does not mistake another hydrogen for the right one', () => {
    const wrong = openSite(startDesign(), 3, contentOf(LEGS[0])).design
    expect(at(wrong).kind).toBe('open')
  })

  it('puts the product forward, or the next seed', () => {
    const design = readyDesign(LEGS[0], scaffoldOf(startDesign()))
    const results = (run: Run) => at(design, { mode: 'results', run, of: design })
    expect(results({ ...done([]), phase: 'running', result: null })).toEqual({ kind: 'watch', leg: 0 })
    expect(results(done(['CCO', LEGS[0].product]))).toEqual({ kind: 'use', leg: 0, candidate: 1 })
    expect(results(done(['CCO', null], 8))).toEqual({ kind: 'again', leg: 0, seed: 8 })
    expect(at(design, { run: done([LEGS[0].product]), of: design }).kind).toBe('generate')
    expect(at(design, { mode: 'results', run: done([LEGS[0].product]), of: startDesign() }).kind).toBe('use') // the same scaffold
    expect(at(design, { mode: 'results', run: done([LEGS[0].product]), of: { ...design, scaffold: phenylAcetate } }).kind).toBe('generate')
  })

  it('goes on from phenyl acetate, ends at aspirin, and knows when it is left', () => {
    const design: Design = { ...startDesign(), scaffold: phenylAcetate }
    expect(at(design)).toMatchObject({ kind: 'open', leg: 1 })
    expect(at(readyDesign(LEGS[1], phenylAcetate))).toEqual({ kind: 'generate', leg: 1 })
    expect(at({ ...design, scaffold: { ...phenylAcetate, smiles: LEGS[1].product } })).toEqual({ kind: 'arrived' })
    expect(at({ ...design, scaffold: null })).toEqual({ kind: 'astray' })
  })

  it('lays the first blob flat beside the bond', () => {
    const scaffold = scaffoldOf(startDesign())
    const pose = poseOf(LEGS[0], scaffold, 6)
    expect(norm(sub(pose?.center ?? [0, 0, 0], scaffold.positions[1]))).toBeCloseTo(Math.hypot(2.75, 2.33), 6)
    expect(poseOf(LEGS[1], phenylAcetate, 13)).toBeNull()
  })
})

it('seeds follow each other, and go on after the last', () => {
  const leg = { ...LEGS[0], seeds: [5, 9, 2] }
  expect([5, 9, 2, 10, 11].map((s) => seedAfter(leg, s))).toEqual([9, 2, 10, 11, 12])
})

it('says something at every stop, step after step', () => {
  const numbers = [
    at(startDesign()), at(readyDesign(LEGS[0], scaffoldOf(startDesign()))), at({ ...startDesign(), scaffold: phenylAcetate }),
    at(readyDesign(LEGS[1], phenylAcetate)), { kind: 'arrived' } as const,
  ].map((stop) => say(stop, 0).at)
  expect(numbers).toEqual([1, 4, 6, 8, OF])
})
