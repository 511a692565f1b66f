import { compositionOf, formatFormula, type Composition } from '../chemistry/formula'
import { conjugate, multiply } from '../geometry/quat'
import { distance, type Vec3 } from '../geometry/vec3'
import { sitesOf } from './placement'
import type { Content, Design, GaussianBlob, Scaffold, Settings } from './types'

/** One respect in which two designs differ; null on the side that has nothing of the kind. */
export interface Difference {
  readonly what: string
  readonly before: string | null
  readonly after: string | null
}

/** Everything that tells two designs apart, the molecule first. Empty when they are the same. */
export function differences(a: Design, b: Design): Difference[] {
  return [...scaffoldDifferences(a.scaffold, b.scaffold), ...blobDifferences(a, b), ...settingDifferences(a.settings, b.settings)]
}

const entry = (what: string, before: string | null, after: string | null): Difference[] =>
  before === after ? [] : [{ what, before, after }]

function scaffoldDifferences(a: Scaffold | null, b: Scaffold | null): Difference[] {
  if (a === b) return []
  const [formulaA, formulaB] = [a, b].map((s) => (s === null ? null : formatFormula(compositionOf(s.numbers))))
  const found = [
    ...entry('Formula', formulaA, formulaB),
    ...entry('SMILES', a?.smiles ?? null, b?.smiles ?? null),
  ]
  if (a === null || b === null) return found
  const { kept, moved, gone, added } = matchAtoms(a, b)
  const change = formulaChange(compositionOf(a.numbers), compositionOf(b.numbers))
  // Of the same atoms none has gone: those that found no partner near by have moved far.
  const same = change === ''
  const count = (n: number): string | null => (n > 0 ? String(n) : null)
  return [
    ...found,
    ...(same ? [] : [{ what: 'Atoms', before: null, after: change }]),
    { what: 'In the same place', before: null, after: `${kept} of ${a.numbers.length}` },
    ...entry('Moved', null, count(same ? moved + gone : moved)),
    ...(same ? [] : [...entry('Gone', count(gone), null), ...entry('New', null, count(added))]),
  ]
}

/** Å: an atom that has moved less is where it was; one that has moved more is another atom. */
const SAME_PLACE = 0.01
const SAME_ATOM = 1

/** Pairs atoms of one element by their places, nearest first. */
export function matchAtoms(a: Scaffold, b: Scaffold): { kept: number; moved: number; gone: number; added: number } {
  const pairs: { i: number; j: number; d: number }[] = []
  a.numbers.forEach((z, i) => {
    b.numbers.forEach((y, j) => {
      const d = z === y ? distance(a.positions[i], b.positions[j]) : Infinity
      if (d < SAME_ATOM) pairs.push({ i, j, d })
    })
  })
  pairs.sort((p, q) => p.d - q.d)
  const [taken, given] = [new Set<number>(), new Set<number>()]
  let kept = 0
  for (const { i, j, d } of pairs) {
    if (taken.has(i) || given.has(j)) continue
    taken.add(i)
    given.add(j)
    if (d < SAME_PLACE) kept++
  }
  return { kept, moved: taken.size - kept, gone: a.numbers.length - taken.size, added: b.numbers.length - given.size }
}

/** `+C +O₂ −H` as a text. */
export function formulaChange(a: Composition, b: Composition): string {
  const more = new Map<number, number>()
  const fewer = new Map<number, number>()
  for (const z of new Set([...a.keys(), ...b.keys()])) {
    const change = (b.get(z) ?? 0) - (a.get(z) ?? 0)
    if (change > 0) more.set(z, change)
    if (change < 0) fewer.set(z, -change)
  }
  const [plus, minus] = [formatFormula(more), formatFormula(fewer)]
  return [plus === '' ? '' : `+ ${plus}`, minus === '' ? '' : `− ${minus}`].filter(Boolean).join('  ')
}

export const describeContent = (content: Content): string =>
  content.kind === 'formula' ? content.text : `${content.heavyAtoms} random`

function blobDifferences(a: Design, b: Design): Difference[] {
  const names = new Map<string, string>()
  for (const design of [b, a]) design.blobs.forEach((blob, k) => names.set(blob.id, `Blob ${k + 1}`))
  const ids = [...new Set([...a.blobs, ...b.blobs].map((blob) => blob.id))]
  return ids.flatMap((id) => {
    const [before, after] = [a, b].map((design) => design.blobs.find((blob) => blob.id === id))
    const name = names.get(id) ?? 'Blob'
    if (before === undefined || after === undefined) {
      return [{ what: name, before: before ? describeContent(before.content) : null, after: after ? describeContent(after.content) : null }]
    }
    return before === after ? [] : blobChanges(name, before, after)
  })
}

function blobChanges(name: string, a: GaussianBlob, b: GaussianBlob): Difference[] {
  const moved = distance(a.center, b.center)
  const turned = angleBetween(a, b)
  return [
    ...entry(name, describeContent(a.content), describeContent(b.content)),
    ...(moved > 1e-6 ? [{ what: `${name} moved`, before: null, after: `${moved.toFixed(2)} Å` }] : []),
    ...entry(`${name} width`, widths(a.widths), widths(b.widths)),
    ...(turned > 0.05 ? [{ what: `${name} turned`, before: null, after: `${turned.toFixed(0)}°` }] : []),
    ...entry(`${name} strictness`, String(a.strictness), String(b.strictness)),
    ...entry(`${name} site`, sites(a), sites(b)),
  ]
}

const widths = (w: Vec3): string => `${w.map((x) => x.toFixed(2)).join(' × ')} Å`
const sites = (blob: GaussianBlob): string => sitesOf(blob).map((index) => `H ${index + 1}`).join(', ') || 'free'

/** Degrees. */
function angleBetween(a: GaussianBlob, b: GaussianBlob): number {
  const w = Math.abs(multiply(conjugate(a.rotation), b.rotation)[3])
  return (2 * Math.acos(Math.min(1, w)) * 180) / Math.PI
}

const noiseWords = (noise: number | null): string => (noise === null ? 'usual' : `${noise} Å`)
const reruns = (again: boolean): string => (again ? 'run again' : 'kept')

function settingDifferences(a: Settings, b: Settings): Difference[] {
  return [
    ...entry('Candidates', String(a.samples), String(b.samples)),
    ...entry('Steps', String(a.steps), String(b.steps)),
    ...entry('Sampler', a.sampler.toUpperCase(), b.sampler.toUpperCase()),
    ...entry('Seed', String(a.seed), String(b.seed)),
    ...entry('Noise λ', noiseWords(a.noise), noiseWords(b.noise)),
    ...entry('Failed candidates', reruns(a.validOnly), reruns(b.validOnly)),
  ]
}
