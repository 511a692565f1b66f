import { covariance } from '../geometry/ellipsoid'
import type { SteeredBlob } from '../stream/protocol'
import { sitesOf } from './placement'
import { looseAtoms } from './spec'
import type { Design } from './types'

/** Whether a run of one design can be led to the other: the same atoms everywhere, and only the blobs' places and shapes differ. */
export function sameContents(a: Design, b: Design): boolean {
  if (a === b) return true
  if (a.scaffold !== b.scaffold || a.blobs.length !== b.blobs.length) return false
  return a.blobs.every((blob, k) => {
    const other = b.blobs[k]
    return blob.id === other.id && blob.content === other.content && sitesOf(blob).join() === sitesOf(other).join()
  })
}

/** Whether blobs of the same contents are in the same places, in the same shapes: there is nothing to tell a run then. */
export function samePlaces(a: Design, b: Design): boolean {
  return a.blobs.every((blob, k) => {
    const other = b.blobs[k]
    const [here, there] = [blob, other].map(({ center, widths, rotation, strictness }) => [...center, ...widths, ...rotation, strictness].join())
    return blob === other || here === there
  })
}

/** All blobs of a run of this design as they are now, in its order; freed atoms go their own way. */
export function steeredBlobs(design: Design): SteeredBlob[] {
  const blobs = design.blobs.map(({ center, widths, rotation, strictness }): SteeredBlob => {
    return { center, covariance: covariance(widths, rotation), strictness }
  })
  return looseAtoms(design) === null ? blobs : [...blobs, {}]
}
