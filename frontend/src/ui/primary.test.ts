import { describe, expect, it } from 'vitest'
import { setContent, setSettings } from '../document/design'
import { FIRST_EXAMPLE } from '../document/examples'
import type { Content } from '../document/types'
import { newRun, type Run } from '../stream/run'
import { nextAction, obstacle, type Situation } from './primary'
import { describeError, describeField } from './words'

const design = FIRST_EXAMPLE.design()
const ready: Situation = { design, mode: 'design', run: null, edited: false, link: { kind: 'online' }, focus: null, limits: null }
const run: Run = newRun('r', { n_samples: 4 })

describe('nextAction', () => {
  it('names the number of candidates', () => {
    expect(nextAction(ready)).toMatchObject({ kind: 'generate', label: 'Generate 4 candidates' })
    expect(nextAction({ ...ready, design: setSettings(design, { samples: 1 }) }).label).toBe('Generate 1 candidate')
  })

  it('asks for what is missing first', () => {
    expect(nextAction({ ...ready, design: { ...design, blobs: [] } }).kind).toBe('open-site')
    expect(nextAction({ ...ready, design: { ...design, blobs: [], scaffold: null } }).kind).toBe('place-blob')
    const broken = setContent(design, 'b1', { kind: 'formula', text: 'CH9' })
    expect(nextAction({ ...ready, design: broken })).toMatchObject({ kind: 'fix', blob: 'b1', label: 'Mend the formula' })
  })

  it('tells what stands in the way of a run that is asked for by its key', () => {
    expect(obstacle(design, null)).toBeNull()
    expect(obstacle({ ...design, blobs: [] }, null)).toMatch('There is no blob')
    expect(obstacle(setContent(design, 'b1', { kind: 'formula', text: 'CH9' }), null)).toMatch('A blob cannot be filled: ')
  })

  it('says that there are too many atoms before the service has to', () => {
    const limits = { max_atoms_per_molecule: 256, max_total_atoms: 1024 }
    const filled = (content: Content) => setContent(design, 'b1', content)
    // Benzene keeps 11 atoms beside the open site.
    expect(obstacle(filled({ kind: 'formula', text: 'C81H163' }), limits)).toBeNull()
    expect(obstacle(filled({ kind: 'formula', text: 'C82H165' }), limits)).toBe('258 atoms in all are too many: the service takes 256 a molecule.')
    expect(nextAction({ ...ready, limits, design: filled({ kind: 'formula', text: 'C82H165' }) })).toMatchObject({ kind: 'fix', blob: 'b1', label: 'Ask for fewer atoms' })
    const many = setSettings(filled({ kind: 'formula', text: 'C81H163' }), { samples: 5 })
    expect(obstacle(many, limits)).toBe('5 candidates of 255 atoms are too many: the service takes 1024 atoms at once, so 4 of them.')
    expect(nextAction({ ...ready, limits, design: many })).toMatchObject({ kind: 'fix', label: 'Ask for fewer candidates', remedy: 'fewer-candidates' })
    // Fewer candidates than one there are not.
    expect(nextAction({ ...ready, limits: { ...limits, max_total_atoms: 254 }, design: many }).label).toBe('Ask for fewer atoms')
    // As many hydrogens as random atoms may bring: 3 n + 2.
    expect(obstacle(filled({ kind: 'random', heavyAtoms: 5 }), { ...limits, max_atoms_per_molecule: 28 })).toBeNull()
    expect(obstacle(filled({ kind: 'random', heavyAtoms: 5 }), { ...limits, max_atoms_per_molecule: 27 })).toMatch('28 atoms in all')
  })

  it('stops a live run whatever else there is', () => {
    expect(nextAction({ ...ready, run, mode: 'results', focus: 1 }).kind).toBe('stop')
  })

  it('accepts the candidate in focus, counting from one', () => {
    const done: Situation = { ...ready, run: { ...run, phase: 'done' }, mode: 'results', focus: 1 }
    expect(nextAction(done)).toMatchObject({ kind: 'accept', candidate: 1, label: 'Use candidate 2 as scaffold' })
    expect(nextAction({ ...done, focus: null }).kind).toBe('again')
    expect(nextAction({ ...done, mode: 'design' }).kind).toBe('generate')
    // Whoever changes a setting wants it used, seed and all.
    expect(nextAction({ ...done, edited: true }).kind).toBe('generate')
    expect(nextAction({ ...done, edited: true, focus: null }).kind).toBe('generate')
  })

  it('offers to reconnect while offline', () => {
    expect(nextAction({ ...ready, link: { kind: 'offline', retryAt: 0 } }).kind).toBe('reconnect')
  })
})

describe('words', () => {
  it.each([
    ['blobs.0.covariance', 'Blob 1, widths'],
    ['spec.blobs.2.formula', 'Blob 3, formula'],
    ['scaffold.positions', 'Scaffold, atom positions'],
    ['n_samples', 'Number of candidates'],
  ])('say where %s is', (field, words) => {
    expect(describeField(field)).toBe(words)
  })

  it('do not name the field twice', () => {
    const error = { field: 'n_samples', detail: 'n_samples: expected at most 64, got 99', retryable: false }
    expect(describeError(error)).toBe('Number of candidates: expected at most 64, got 99')
  })
})
