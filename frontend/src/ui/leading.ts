import { findBlob } from '../document/design'
import type { Design, GaussianBlob } from '../document/types'
import { conjugate, rotate } from '../geometry/quat'
import type { Vec3 } from '../geometry/vec3'
import type { RunRecord } from '../stream/record'
import type { Place } from '../viewer/drawn'
import { AT_HOME, cellPlace } from '../viewer/layout'
import type { View } from '../viewer/stage'

/** The blob by which a live run is led: the chosen one, or the first. */
export const leadingBlob = (design: Design, selected: string | null): GaussianBlob | undefined => findBlob(design, selected) ?? design.blobs.at(0)

/** Where its handles stand: in the cell of the candidate in focus, or of the first. */
export function leadingPlace({ grid, camera }: Pick<View, 'grid' | 'camera'>, { run }: RunRecord, focus: number | null): Place {
  return grid === null ? AT_HOME : cellPlace(grid, run.spec.n_samples ?? 1, focus ?? 0, camera)
}

/** A direction in a cell as it is where the design has the blob. */
export const homeward = ({ turn }: Pick<Place, 'turn'>, direction: Vec3): Vec3 => rotate(conjugate(turn), direction)
