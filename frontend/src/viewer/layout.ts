import type { Vec3 } from '../geometry/vec3'
import { FIELD_OF_VIEW, fromView, type Camera, type Viewport } from './camera'
import type { Extent } from './scene'

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
const LABEL_SHARE = 0.16

/** The grid that shows `count` balls of this radius as large as the viewport allows. */
export function chooseGrid(count: number, radius: number, viewport: Viewport): Grid {
  const cellWidth = 2 * radius
  const cellHeight = (2 * radius) / (1 - LABEL_SHARE)
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

/** Shift of molecule k in the scene, Å. */
export function cellOffset(grid: Grid, count: number, k: number, camera: Camera): Vec3 {
  const [x, y] = cellCenter(grid, count, k)
  return fromView(camera, [x, y, 0])
}

/** The camera and grid that show `count` balls of this extent as large as possible, in cells side by side. */
export function fitGrid(camera: Camera, viewport: Viewport, extent: Extent, count: number): { camera: Camera; grid: Grid } {
  const grid = chooseGrid(count, extent.radius, viewport)
  const slope = Math.tan(FIELD_OF_VIEW / 2)
  const halfHeight = (grid.rows * grid.cellHeight) / 2
  const halfWidth = (grid.columns * grid.cellWidth) / 2
  const distance = Math.max(halfHeight / slope, halfWidth / ((slope * viewport.width) / viewport.height))
  // The front of each molecule is nearer, and so larger, than its middle.
  return { grid, camera: { ...camera, target: extent.center, distance: distance * 1.04 + extent.radius * 0.3 } }
}
