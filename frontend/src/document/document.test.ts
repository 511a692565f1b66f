import { describe, expect, it } from 'vitest'
import { dot, distance, normalize, sub, type Vec3 } from '../geometry/vec3'
import { rotate } from '../geometry/quat'
import type { Candidate } from '../stream/protocol'
import { acceptCandidate, addBlob, findBlob, freeHydrogens, openSite, removeBlob, setContent, setSettings, updateBlob } from './design'
import { EXAMPLES, FIRST_EXAMPLE } from './examples'
import { anchorOf, snapToBond } from './placement'
import { blobProblem, designProblem, openScaffold, toSpec } from './spec'
import { createDocumentStore } from './store'
import type { Content, Design } from './types'

const formula = (text: string): Content => ({ kind: 'formula', text })
const base = FIRST_EXAMPLE.design()

const candidate: Candidate = {
  numbers: [6, 8, 1, 1],
  positions: [[0.1234567890123, 0, 0], [1.2, 0, 0], [-0.6, 0.93, 0], [-0.6, -0.93, 0]],
  smiles: 'C=O',
  valid: true,
  reason: null,
  bonds: [[0, 1, 2], [0, 2, 1], [0, 3, 1]],
  steps: 64,
  sigma_hat: 0.01,
  rms_force: 0.004,
}

describe('snapToBond', () => {
  const { scaffold } = FIRST_EXAMPLE.design()
  it('pulls a point onto the line of the bond from near, and leaves it alone from afar', () => {
    if (scaffold === null) throw new Error('the example has a scaffold')
    const [x, y, z] = snapToBond(scaffold, 6, [3.1, 0.15, -0.1])
    expect(x).toBeCloseTo(3.1)
    expect(Math.hypot(y, z)).toBeLessThan(1e-12)
    expect(snapToBond(scaffold, 6, [3.1, 0.4, 0])).toEqual([3.1, 0.4, 0])
    expect(snapToBond(scaffold, 6, [0.5, 0.1, 0])).toEqual([0.5, 0.1, 0])
  })
})

describe('examples', () => {
  it.each(EXAMPLES.map((e) => [e.id, e.design()] as const))('%s can be generated as it opens', (_, design) => {
    expect(design.blobs.length).toBeGreaterThan(0)
    expect(designProblem(design)).toBeNull()
  })
})

describe('opening a site', () => {
  const scaffold = acceptCandidate(base, candidate)

  it('puts the blob on the line of the bond, beyond the hydrogen, first axis along it', () => {
    const { design, id } = openSite(scaffold, 2, formula('CH3'))
    const blob = findBlob(design, id)
    if (blob === undefined || design.scaffold === null) throw new Error('no blob')
    const [anchor, hydrogen] = [design.scaffold.positions[0], design.scaffold.positions[2]]
    const along = normalize(sub(hydrogen, anchor))
    expect(dot(normalize(sub(blob.center, anchor)), along)).toBeCloseTo(1, 10)
    expect(distance(blob.center, anchor)).toBeGreaterThan(distance(hydrogen, anchor))
    expect(dot(rotate(blob.rotation, [1, 0, 0]), along)).toBeCloseTo(1, 10)
    // The thin axis stands on the plane of formaldehyde.
    expect(Math.abs(dot(rotate(blob.rotation, [0, 0, 1]), [0, 0, 1]))).toBeCloseTo(1, 10)
  })

  it('does not open the same site twice', () => {
    const first = openSite(scaffold, 2, formula('CH3'))
    const second = openSite(first.design, 2, formula('HO'))
    expect(second.id).toBe(first.id)
    expect(second.design).toBe(first.design)
  })

  it('gives the hydrogen back when the blob goes', () => {
    const { design, id } = openSite(scaffold, 2, formula('CH3'))
    expect(freeHydrogens(design)).toEqual([3])
    expect(freeHydrogens(removeBlob(design, id))).toEqual([2, 3])
  })

  it('refuses an atom that is no hydrogen', () => {
    expect(() => openSite(scaffold, 0, formula('CH3'))).toThrow(RangeError)
  })

  it('finds the anchor by the nearest heavy atom when there are no bonds', () => {
    if (scaffold.scaffold === null) throw new Error('no scaffold')
    expect(anchorOf({ ...scaffold.scaffold, bonds: [] }, 3)).toBe(0)
  })
})

describe('contents', () => {
  it('resizes an untouched blob and leaves a stretched one alone', () => {
    const { design, id } = addBlob(base, formula('CH4'), [0, 0, 0])
    const grown = findBlob(setContent(design, id, formula('C8H18')), id)
    expect(grown?.widths[0]).toBeGreaterThan(1.4)
    const stretched = updateBlob(design, id, { widths: [3, 1, 1], autoSize: false })
    expect(findBlob(setContent(stretched, id, formula('C8H18')), id)?.widths).toEqual([3, 1, 1])
  })

  it('keeps an attached blob where a hand has put it', () => {
    const { design, id } = openSite(acceptCandidate(base, candidate), 2, formula('CH3'))
    const grown = findBlob(setContent(design, id, formula('C6H5')), id)
    expect(distance(grown?.center ?? [0, 0, 0], candidate.positions[0])).toBeGreaterThan(2)
    const moved = setContent(updateBlob(design, id, { center: [5, 5, 5] }), id, formula('C6H5'))
    expect(findBlob(moved, id)).toMatchObject({ center: [5, 5, 5], widths: grown?.widths })
  })

  it('counts the open bond of an attached blob', () => {
    const attached = openSite(acceptCandidate(base, candidate), 2, formula('CHO2')).design
    expect(blobProblem(attached, attached.blobs[0])).toBeNull()
    const loose = addBlob({ ...base, blobs: [], scaffold: null }, formula('CHO2'), [0, 0, 0]).design
    expect(blobProblem(loose, loose.blobs[0])).toContain('one more H')
    expect(designProblem(loose)?.blob).toBe(loose.blobs[0])
    expect(designProblem(setContent(loose, loose.blobs[0].id, { kind: 'random', heavyAtoms: 3 }))).toBeNull()
  })

  it('judges blobs that are bound to nothing together', () => {
    const one = addBlob({ ...base, blobs: [], scaffold: null }, formula('CH3'), [0, 0, 0]).design
    expect(designProblem(one)).not.toBeNull()
    expect(designProblem(addBlob(one, formula('C2H5'), [3, 0, 0]).design)).toBeNull()
    expect(designProblem(addBlob(one, formula('C2H4'), [3, 0, 0]).design)).not.toBeNull()
  })
})

describe('toSpec', () => {
  const opened = openSite(acceptCandidate(base, candidate), 2, formula('C H₃')).design
  const spec = toSpec(opened)

  it('leaves out the displaced hydrogen and says where it was', () => {
    expect(spec.scaffold?.numbers).toEqual([6, 8, 1])
    expect(spec.scaffold?.positions).toEqual([candidate.positions[0], candidate.positions[1], candidate.positions[3]])
    expect(spec.scaffold?.attach).toEqual([0])
    expect(openScaffold(opened)?.bonds).toEqual([[0, 1, 2], [0, 2, 1]])
  })

  it('sends doubles as they came, bit for bit', () => {
    expect(spec.scaffold?.positions[0][0]).toBe(0.1234567890123)
  })

  it('shifts attach when an earlier atom is gone', () => {
    const reordered: Candidate = {
      ...candidate,
      numbers: [1, 6, 8, 1],
      positions: [candidate.positions[2], candidate.positions[0], candidate.positions[1], candidate.positions[3]],
      bonds: [[0, 1, 1], [1, 2, 2], [1, 3, 1]],
    }
    const { design } = openSite(acceptCandidate(base, reordered), 0, formula('CH3'))
    expect(toSpec(design).scaffold).toMatchObject({ numbers: [6, 8, 1], attach: [0] })
  })

  it('writes a clean formula, a symmetric covariance and the settings', () => {
    const [blob] = spec.blobs ?? []
    expect(blob.formula).toBe('CH3')
    const c = blob.covariance as [Vec3, Vec3, Vec3]
    expect(c[0][1]).toBe(c[1][0])
    expect(c[1][2]).toBe(c[2][1])
    const changed = toSpec(setSettings(opened, { seed: 99, sampler: 'dd', steps: 12, samples: 2 }))
    expect(changed).toMatchObject({ seed: 99, sampler: 'dd', steps: 12, n_samples: 2 })
  })
})

describe('document store', () => {
  const moved = (design: Design, x: number): Design => updateBlob(design, 'b1', { center: [x, 0, 0] })

  it('undoes and redoes to the identical states', () => {
    const store = createDocumentStore(base, 'start')
    const states = [base]
    for (let k = 1; k <= 12; k++) {
      store.getState().commit('move', moved(base, k))
      states.push(store.getState().design)
    }
    for (let k = 11; k >= 0; k--) {
      store.getState().undo()
      expect(store.getState().design).toBe(states[k])
    }
    store.getState().undo()
    expect(store.getState().design).toBe(base)
    for (let k = 1; k <= 12; k++) {
      store.getState().redo()
      expect(store.getState().design).toBe(states[k])
    }
  })

  it('keeps a drag out of the history until it ends', () => {
    const store = createDocumentStore(base, 'start')
    for (let k = 0; k < 50; k++) store.getState().preview(moved(base, k))
    expect(store.getState().history.nodes.size).toBe(1)
    store.getState().commit('move')
    expect(store.getState().history.nodes.size).toBe(2)
    store.getState().undo()
    expect(store.getState().design).toBe(base)
  })

  it('drops an edit in progress on revert', () => {
    const store = createDocumentStore(base, 'start')
    store.getState().preview(moved(base, 5))
    store.getState().revert()
    expect(store.getState().design).toBe(base)
    store.getState().commit('nothing')
    expect(store.getState().history.nodes.size).toBe(1)
  })

  it('merges a run of quick edits of one kind, and splits them by a pause', () => {
    let time = 0
    const store = createDocumentStore(base, 'start', () => time)
    for (let k = 0; k < 5; k++) {
      time += 300
      store.getState().commit('nudge', moved(base, k), 'nudge')
    }
    expect(store.getState().history.nodes.size).toBe(2)
    time += 5_000
    store.getState().commit('nudge', moved(base, 9), 'nudge')
    expect(store.getState().history.nodes.size).toBe(3)
    store.getState().undo()
    expect(findBlob(store.getState().design, 'b1')?.center[0]).toBe(4)
  })

  it('keeps the branch that a new edit leaves behind', () => {
    const store = createDocumentStore(base, 'start')
    store.getState().commit('left', moved(base, 1))
    store.getState().undo()
    store.getState().commit('right', moved(base, 2))
    const labels = [...store.getState().history.nodes.values()].map((n) => n.label)
    expect(labels).toEqual(['start', 'left', 'right'])
    store.getState().undo()
    store.getState().redo()
    expect(findBlob(store.getState().design, 'b1')?.center[0]).toBe(2)
  })
})
