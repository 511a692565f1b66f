import { freeHydrogens } from './document/design'
import type { Design } from './document/types'
import type { Candidate } from './stream/protocol'
import { reelOf, type Studio } from './studio'
import { project } from './viewer/projection'
import type { Vec3 } from './geometry/vec3'

/**
 * `window.__studio`: a read-only look at the page's state, for end-to-end tests. Pixels are those of the page. Nothing here
 * changes anything: tests act by mouse and keyboard as people do.
 */
export interface TestHandle {
  design(): Design
  link(): string
  mode(): string
  selected(): string | null
  focus(): number | null
  /** Where the history stands, and how many nodes it has. */
  history(): { current: number; nodes: number }
  /** The run on show. */
  run(): { phase: string; seed: number | null; frames: number; candidates: readonly Candidate[] | null } | null
  /** Fractional index of the frame on show. */
  playhead(): { at: number; playing: boolean }
  /** Positions of one frame of the run on show, all molecules after each other, Å. */
  frame(index: number): { step: number; positions: number[]; ptr: readonly number[]; fixed: readonly boolean[] } | null
  /** Where a point of the scene is on the page. */
  project(point: Vec3): { x: number; y: number }
  /** The scaffold's hydrogens that a click can open, foremost first, with their places on the page. */
  hydrogens(): { index: number; x: number; y: number; depth: number; visible: boolean }[]
}

declare global {
  interface Window {
    __studio?: TestHandle
  }
}

export function testHandle({ document, session, runs, stage }: Studio): TestHandle {
  const pagePoint = (point: Vec3) => {
    const { camera, viewport } = stage.view.getState()
    const box = window.document.querySelector('.stage-host')?.getBoundingClientRect()
    const p = project(camera, viewport, point)
    return { x: p.x + (box?.left ?? 0), y: p.y + (box?.top ?? 0), depth: p.depth, local: p }
  }
  return {
    design: () => document.getState().design,
    link: () => runs.store.getState().link.kind,
    mode: () => session.getState().mode,
    selected: () => session.getState().selected,
    focus: () => session.getState().focus,
    history: () => {
      const { current, nodes } = document.getState().history
      return { current, nodes: nodes.size }
    },
    run: () => {
      const record = runs.active
      if (record === null) return null
      const { phase, result, spec } = record.run
      return { phase, seed: spec.seed ?? null, frames: reelOf(runs).available, candidates: result?.candidates ?? null }
    },
    playhead: () => stage.playhead.getState(),
    frame: (index) => {
      const id = runs.store.getState().active
      const trajectory = id === null ? null : runs.trajectory(id)
      const frame = trajectory?.frames.at(index)
      if (trajectory === null || frame === undefined) return null
      const { ptr, fixed } = trajectory.topology
      return { step: frame.step, positions: [...frame.positions], ptr, fixed }
    },
    project: (point) => {
      const { x, y } = pagePoint(point)
      return { x, y }
    },
    hydrogens: () => {
      const { design } = document.getState()
      return freeHydrogens(design)
        .map((index) => {
          const { x, y, depth, local } = pagePoint(design.scaffold?.positions[index] ?? [0, 0, 0])
          return { index, x, y, depth, visible: stage.atomAt(local.x, local.y) === index }
        })
        .sort((a, b) => a.depth - b.depth)
    },
  }
}
