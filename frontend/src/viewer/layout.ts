import { between, conjugate, IDENTITY, multiply, rotate } from '../geometry/quat'
import { add, sub, type Vec3 } from '../geometry/vec3'
import { focalLength, fromView, pan, type Camera, type Viewport } from './camera'
import type { Extent, Place } from './drawn'

export type LayoutMode = 'grid' | 'overlay' | 'single'

/** Cells of a grid in the plane of the screen: turning the view turns every molecule in its own place. */
export interface Grid {
  readonly columns: number
  readonly rows: number
  /** Å. */
  readonly cellWidth: number
  readonly cellHeight: number
}

/** Room under each molecule for its label, as a share of the cell. */
const LABEL_SHARE = 0.12
/** Molecules seldom fill their balls. */
const SNUG = 0.95

/** The grid that shows `count` balls of this radius as large as the viewport allows. */
export function chooseGrid(count: number, radius: number, viewport: Viewport): Grid {
  const cellWidth = 2 * radius * SNUG
  const cellHeight = cellWidth / (1 - LABEL_SHARE)
  let best: Grid = { columns: 1, rows: Math.max(1, count), cellWidth, cellHeight }
  let bestScale = 0
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns)
    const scale = Math.min(viewport.width / (columns * cellWidth), viewport.height / (rows * cellHeight))
    if (scale > bestScale * 1.0001) {
      bestScale = scale
      best = { columns, rows, cellWidth, cellHeight }
    }
  }
  return best
}

/** Centre of cell k in view axes, Å, with the whole grid about the origin; a last row that is not full stands in the middle. */
export function cellCenter(grid: Grid, count: number, k: number): readonly [number, number] {
  const row = Math.floor(k / grid.columns)
  const column = k % grid.columns
  const inRow = Math.min(grid.columns, count - row * grid.columns)
  return [
    (column - (inRow - 1) / 2) * grid.cellWidth,
    ((grid.rows - 1) / 2 - row) * grid.cellHeight + (grid.cellHeight - grid.cellWidth) / 2,
  ]
}

export const AT_HOME: Place = { turn: IDENTITY, offset: [0, 0, 0] }

/**
 * The place of molecule k. Perspective would show a cell at the edge from another side than one in the middle; the turn undoes that,
 * so that the same molecule looks the same in every cell.
 */
export function cellPlace(grid: Grid, count: number, k: number, camera: Camera): Place {
  const [x, y] = cellCenter(grid, count, k)
  const towards = between([0, 0, -1], [x, y, -camera.distance])
  return {
    turn: multiply(conjugate(camera.rotation), multiply(towards, camera.rotation)),
    offset: fromView(camera, [x, y, 0]),
  }
}

/** A point of a molecule about `center`, in its place. */
export const inPlace = ({ turn, offset }: Place, center: Vec3, point: Vec3): Vec3 =>
  add(add(center, rotate(turn, sub(point, center))), offset)

/** Pixels at the top that the page's own controls cover: one row of them, or two where they do not fit side by side. */
const topInset = ({ width }: Viewport): number => (width < 460 ? 100 : 50)

/** Pixels at the bottom that the hint takes. */
const BOTTOM_INSET = 26

/** The viewport without what controls and the hint cover. */
export function clearViewport(viewport: Viewport): Viewport {
  return { width: viewport.width, height: Math.max(100, viewport.height - topInset(viewport) - BOTTOM_INSET) }
}

/** Moves the picture into the middle of what is not covered. */
export function belowControls(camera: Camera, viewport: Viewport): Camera {
  return pan(camera, viewport, 0, (topInset(viewport) - BOTTOM_INSET) / 2)
}

/** The camera and grid that show `count` balls of this extent as large as possible, in cells side by side. */
export function fitGrid(camera: Camera, viewport: Viewport, extent: Extent, count: number): { camera: Camera; grid: Grid } {
  const clear = clearViewport(viewport)
  const grid = chooseGrid(count, extent.radius, clear)
  const perPixel = Math.max((grid.rows * grid.cellHeight) / clear.height, (grid.columns * grid.cellWidth) / clear.width)
  // The front of each molecule is nearer, and so larger, than its middle.
  const distance = perPixel * focalLength(viewport) + 0.25 * extent.radius
  return { grid, camera: belowControls({ ...camera, target: extent.center, distance }, viewport) }
}
