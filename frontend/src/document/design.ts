import { guessBonds } from '../chemistry/bonds'
import { covariance } from '../geometry/ellipsoid'
import { distance } from '../geometry/vec3'
import type { Candidate } from '../stream/protocol'
import { atomNeighbour, outOfTheWay } from './crowding'
import { anchorOf, expectedAtoms, onSites, placementOn, sitesOf, typicalWidths, type Placement } from './placement'
import type { Content, Design, GaussianBlob, Scaffold, Settings } from './types'

/** Every command is a pure function from a design to the next one. */

export const findBlob = (design: Design, id: string | null): GaussianBlob | undefined =>
  design.blobs.find((b) => b.id === id)

function nextId(design: Design): string {
  const taken = design.blobs.map((b) => Number(b.id.slice(1)))
  return `b${Math.max(0, ...taken) + 1}`
}

/** A new blob that is bound to nothing, of the size that its content usually has. */
export function addBlob(design: Design, content: Content, center: GaussianBlob['center']): { design: Design; id: string } {
  const id = nextId(design)
  const blob: GaussianBlob = {
    id,
    content,
    center,
    widths: typicalWidths(expectedAtoms(content)),
    rotation: [0, 0, 0, 1],
    strictness: 1,
    site: null,
    autoSize: true,
  }
  return { design: { ...design, blobs: [...design.blobs, blob] }, id }
}

export function updateBlob(design: Design, id: string, patch: Partial<Omit<GaussianBlob, 'id'>>): Design {
  return { ...design, blobs: design.blobs.map((b) => (b.id === id ? { ...b, ...patch } : b)) }
}

/**
 * Where a blob of this content belongs on these sites. On a single one it is turned about its bond, out of the way of atoms and of
 * other blobs; the way that one lies over several is given by where they are.
 */
function placed(design: Design, scaffold: Scaffold, id: string, sites: readonly number[], content: Content): Placement {
  const usual = placementOn(scaffold, sites, content)
  if (sites.length > 1) return usual
  const others = design.blobs.filter((b) => b.id !== id)
  const absent = new Set([...others.flatMap(sitesOf), ...sites, anchorOf(scaffold, sites[0])])
  return outOfTheWay(usual, [
    ...scaffold.positions.filter((_, i) => !absent.has(i)).map(atomNeighbour),
    ...others.map((b) => ({ center: b.center, spread: covariance(b.widths, b.rotation), atoms: expectedAtoms(b.content) })),
  ])
}

/** Changes what a blob is filled with. One that nobody has stretched takes the new size; one that nobody has moved its new place. */
export function setContent(design: Design, id: string, content: Content): Design {
  const blob = findBlob(design, id)
  if (blob === undefined) return design
  if (!blob.autoSize) return updateBlob(design, id, { content })
  if (blob.site === null || design.scaffold === null) {
    return updateBlob(design, id, { content, widths: typicalWidths(expectedAtoms(content)) })
  }
  const before = placed(design, design.scaffold, id, sitesOf(blob), blob.content)
  const after = placed(design, design.scaffold, id, sitesOf(blob), content)
  const moved = distance(before.center, blob.center) > 1e-9
  const turned = before.rotation.some((x, k) => Math.abs(x - blob.rotation[k]) > 1e-9)
  return updateBlob(design, id, {
    content,
    widths: after.widths,
    ...(moved ? {} : { center: after.center }),
    ...(moved || turned ? {} : { rotation: after.rotation }),
  })
}

/** Removes a blob; the hydrogen that it had displaced comes back. */
export const removeBlob = (design: Design, id: string): Design => ({
  ...design,
  blobs: design.blobs.filter((b) => b.id !== id),
})

/** Marks a hydrogen for removal and puts a blob along its bond. An open site is answered as it is. */
export function openSite(design: Design, hydrogen: number, content: Content): { design: Design; id: string } {
  const existing = design.blobs.find((b) => sitesOf(b).includes(hydrogen))
  if (existing !== undefined) return { design, id: existing.id }
  const { scaffold } = design
  if (scaffold?.numbers[hydrogen] !== 1) throw new RangeError(`atom ${hydrogen} is no scaffold hydrogen`)
  const id = nextId(design)
  const blob: GaussianBlob = {
    id,
    content,
    ...placed(design, scaffold, id, [hydrogen], content),
    strictness: 1,
    site: hydrogen,
    autoSize: true,
  }
  return { design: { ...design, blobs: [...design.blobs, blob] }, id }
}

/** What bridges so many sites before anybody says: a chain of three. */
export const bridgeContent = (sites: number): Content => ({ kind: 'formula', text: `C3H${Math.max(1, 8 - sites)}` })

/** One blob that bridges these hydrogens, or closes a ring over them, in place of those that were on any of them. */
export function bridgeSites(design: Design, hydrogens: readonly number[]): { design: Design; id: string } {
  const { scaffold } = design
  const wanted = new Set(hydrogens)
  const before = design.blobs.filter((b) => sitesOf(b).some((h) => wanted.has(h)))
  const sites = [...new Set([...before.flatMap(sitesOf), ...hydrogens])]
  const odd = sites.find((h) => scaffold?.numbers[h] !== 1)
  if (scaffold === null || sites.length < 2 || odd !== undefined) throw new RangeError(`no two scaffold hydrogens to bridge: ${hydrogens.join()}`)
  const content = bridgeContent(sites.length)
  const id = before.at(0)?.id ?? nextId(design)
  const blob = onSites({ id, content, ...placementOn(scaffold, sites, content), strictness: before.at(0)?.strictness ?? 1, site: null, autoSize: true }, sites)
  const [first, ...gone] = before
  const blobs = before.length === 0 ? [...design.blobs, blob] : design.blobs.flatMap((b) => (b === first ? [blob] : gone.includes(b) ? [] : [b]))
  return { design: { ...design, blobs }, id }
}

/** A blob for each site of one that bridged several. */
export function partSites(design: Design, id: string, content: Content): Design {
  const blob = findBlob(design, id)
  const [first, ...more] = blob === undefined ? [] : sitesOf(blob)
  if (blob === undefined || more.length === 0 || design.scaffold === null) return design
  const alone: GaussianBlob = { ...onSites(blob, [first]), content, ...placed(design, design.scaffold, id, [first], content), autoSize: true }
  const parted = { ...design, blobs: design.blobs.map((b) => (b.id === id ? alone : b)) }
  return more.reduce<Design>((next, hydrogen) => openSite(next, hydrogen, content).design, parted)
}

/** Puts an attached blob back where opening its site had put it. */
export function resetPlacement(design: Design, id: string): Design {
  const blob = findBlob(design, id)
  if (blob === undefined) return design
  if (blob.site === null || design.scaffold === null) {
    const widths = typicalWidths(expectedAtoms(blob.content))
    return updateBlob(design, id, { widths, rotation: [0, 0, 0, 1], autoSize: true })
  }
  return updateBlob(design, id, { ...placed(design, design.scaffold, id, sitesOf(blob), blob.content), autoSize: true })
}

export const setSettings = (design: Design, patch: Partial<Settings>): Design => ({
  ...design,
  settings: { ...design.settings, ...patch },
})

/** Only lasting facts of a candidate; its bonds are guessed from distances where the service found none. */
export function scaffoldFrom({ numbers, positions, bonds, smiles }: Candidate): Scaffold {
  return { numbers, positions, smiles, bonds: bonds.length > 0 ? bonds : guessBonds(numbers, positions.flat()) }
}

/** The candidate becomes the new scaffold, and the page waits for the next site. */
export const acceptCandidate = (design: Design, candidate: Candidate): Design => ({
  ...design,
  scaffold: scaffoldFrom(candidate),
  blobs: [],
})

/** Hydrogens of the scaffold that no blob has displaced. */
export function freeHydrogens(design: Design): number[] {
  const taken = displacedHydrogens(design)
  const numbers = design.scaffold?.numbers ?? []
  return numbers.flatMap((z, i) => (z === 1 && !taken.has(i) ? [i] : []))
}

/** Indices of hydrogens that give way to blobs. */
export const displacedHydrogens = (design: Design): Set<number> =>
  new Set(design.blobs.flatMap(sitesOf))
