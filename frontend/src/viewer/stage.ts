import { createStore, type StoreApi } from 'zustand/vanilla'
import type { Drawing, Extent, Palette, Shells } from './drawn'
import { designExtent } from './scene'
import { ViewerAdapter } from './adapter'
import { DEFAULT_CAMERA, fit, mix, orbit, pan, resized, zoom, type Camera, type Viewport } from './camera'
import { advance, type Playhead } from './clock'
import { belowControls, clearViewport, fitGrid, type Grid } from './layout'
import { composeCompare, type CompareView } from './compare'
import { dress, isShown, type Look } from './look'
import { composeDesign, composeRun, EMPTY_PICTURE, type Picture, type RunView } from './picture'
import { pickAtom, pickEllipsoid, type Pickable } from './picking'
import type { Design } from '../document/types'
import { SHELL_50 } from '../geometry/ellipsoid'
import { scale, type Vec3 } from '../geometry/vec3'

/** What overlays need to stand in the right place. */
export interface View {
  readonly camera: Camera
  readonly viewport: Viewport
  /** The point that a drag turns the scene about. */
  readonly pivot: Vec3
  readonly grid: Grid | null
  /** Å; the ball that one molecule of the picture takes. */
  readonly radius: number
  /** Why there is no picture, or null. */
  readonly failure: string | null
}

/** What is to be shown: a design that is worked on, or a run. */
export type Subject =
  | { readonly kind: 'design'; readonly design: Design; readonly selected: string | null; readonly shells: Shells }
  | { readonly kind: 'run'; readonly view: RunView }
  | { readonly kind: 'compare'; readonly view: CompareView }

export interface StageOptions {
  readonly subject: () => Subject
  /** Frames that are there, that are expected in the end, and whether more may come. */
  readonly reel: () => { available: number; expected: number; live: boolean }
  readonly palette: () => Palette
  readonly look: () => Look
  readonly reducedMotion: () => boolean
  readonly upscale: boolean
}

const GLIDE_MS = 320

/** The field of view spans the whole height, so a ball that has to keep clear of the controls is fitted as a larger one. */
function fitOne(camera: Camera, viewport: Viewport, { center, radius }: Extent): Camera {
  const grown = (radius * viewport.height) / clearViewport(viewport).height
  return belowControls(fit(camera, viewport, [{ center, radius: grown }]), viewport)
}

/** Draws the subject when something has changed, and only then. One for the life of the page, outside React. */
export class Stage {
  readonly view: StoreApi<View>
  /** Grows whenever atoms are redrawn: apart from the view, since only what stands upon atoms cares. */
  readonly drawn: StoreApi<{ readonly revision: number }>
  readonly playhead: StoreApi<Playhead>
  private adapter: ViewerAdapter | null = null
  private readonly element = document.createElement('div')
  private picture: Picture = EMPTY_PICTURE
  private scheduled = false
  private atomsStale = true
  private lastTick: number | null = null
  private glide: { from: Camera; to: Camera; since: number } | null = null

  constructor(private readonly options: StageOptions) {
    this.element.className = 'stage-canvas'
    this.view = createStore<View>()(() => ({
      camera: DEFAULT_CAMERA,
      viewport: { width: 1, height: 1 },
      pivot: [0, 0, 0],
      grid: null,
      radius: 1,
      failure: null,
    }))
    this.drawn = createStore(() => ({ revision: 0 }))
    this.playhead = createStore<Playhead>()(() => ({ at: 0, playing: false }))
    this.playhead.subscribe(() => this.invalidate())
  }

  /** Puts the canvas into the page. May be called again with another host. */
  mount(host: HTMLElement): () => void {
    host.append(this.element)
    this.adapter ??= this.createAdapter()
    const observer = new ResizeObserver(() => this.resize(host))
    observer.observe(host)
    this.resize(host)
    return () => {
      observer.disconnect()
      this.element.remove()
    }
  }

  private createAdapter(): ViewerAdapter | null {
    try {
      const { background, outline } = this.options.palette()
      const adapter = new ViewerAdapter(this.element, { upscale: this.options.upscale, background, outline })
      adapter.onRestored = () => this.invalidate()
      return adapter
    } catch (error) {
      this.view.setState({ failure: error instanceof Error ? error.message : String(error) })
      return null
    }
  }

  private resize(host: HTMLElement): void {
    const viewport = { width: host.clientWidth, height: host.clientHeight }
    if (viewport.width === 0 || viewport.height === 0) return
    const { viewport: before, camera, grid } = this.view.getState()
    this.view.setState({ viewport })
    if (before.width === 1 || grid !== null) this.frame(false)
    else {
      const fitting = (it: Camera): Camera => resized(it, before, viewport)
      if (this.glide !== null) this.glide = { ...this.glide, from: fitting(this.glide.from), to: fitting(this.glide.to) }
      this.setCamera(fitting(camera))
    }
    this.invalidate()
  }

  /** The colours have changed. */
  recolor(): void {
    const { background, outline } = this.options.palette()
    this.adapter?.setColors(background, outline)
    this.invalidate()
  }

  /** Something that is drawn has changed: paint with the next animation frame. */
  invalidate(): void {
    this.atomsStale = true
    this.schedule()
  }

  private schedule(): void {
    if (this.scheduled) return
    this.scheduled = true
    requestAnimationFrame((now) => this.tick(now))
  }

  private tick(now: number): void {
    this.scheduled = false
    const elapsed = this.lastTick === null ? 16 : Math.min(250, now - this.lastTick)
    this.lastTick = now
    const moving = this.play(elapsed)
    const gliding = this.glideOn(now)
    this.paint()
    if (moving || gliding) this.schedule()
    else this.lastTick = null
  }

  private play(elapsed: number): boolean {
    const head = this.playhead.getState()
    if (!head.playing) return false
    const { available, expected, live } = this.options.reel()
    const next = advance(head, elapsed, available, live ? expected : available, live)
    if (next.at !== head.at || next.playing !== head.playing) this.playhead.setState(next)
    // A live run that waits for frames is woken by the next one.
    return next.playing && !(live && next.at >= available - 1)
  }

  private glideOn(now: number): boolean {
    if (this.glide === null) return false
    const { from, to, since } = this.glide
    const t = Math.min(1, (now - since) / GLIDE_MS)
    this.setCamera(mix(from, to, 1 - (1 - t) ** 3))
    if (t >= 1) this.glide = null
    return t < 1
  }

  private paint(): void {
    if (this.adapter === null) return
    if (this.atomsStale) {
      const { camera, grid } = this.view.getState()
      const picture = this.compose(camera, grid)
      this.picture = { ...picture, drawing: dress(picture.drawing, this.options.look()) }
      this.drawn.setState(({ revision }) => ({ revision: revision + 1 }))
    }
    this.adapter.paint(this.view.getState().camera, this.picture.blobs, this.atomsStale ? this.picture.drawing : null)
    this.atomsStale = false
  }

  private compose(camera: Camera, grid: Grid | null): Picture {
    const subject = this.options.subject()
    const palette = this.options.palette()
    if (subject.kind === 'compare') return composeCompare(subject.view, camera, grid, palette)
    return subject.kind === 'design'
      ? composeDesign(subject.design, subject, palette)
      : composeRun(subject.view, this.playhead.getState().at, camera, grid, palette)
  }

  private setCamera(camera: Camera): void {
    this.view.setState({ camera })
    // Cells of a grid face the viewer, so their atoms move with every turn.
    if (this.view.getState().grid !== null) this.atomsStale = true
    this.schedule()
  }

  /** Chooses the grid anew and brings everything into the picture. */
  frame(glide = true): void {
    const subject = this.options.subject()
    const { camera, viewport } = this.view.getState()
    const extent: Extent = subject.kind === 'design' ? designExtent(subject.design) : subject.view.extent
    const count = subject.kind === 'compare' ? 2 : subject.kind === 'run' && subject.view.layout === 'grid' ? subject.view.count : 1
    const to =
      count > 1
        ? fitGrid(camera, viewport, extent, count)
        : { camera: fitOne(camera, viewport, extent), grid: null }
    this.view.setState({ grid: to.grid, pivot: extent.center, radius: extent.radius })
    this.atomsStale = true
    this.moveTo(to.camera, glide)
  }

  private moveTo(camera: Camera, glide: boolean): void {
    if (!glide || this.options.reducedMotion()) {
      this.glide = null
      this.setCamera(camera)
      return
    }
    this.glide = { from: this.view.getState().camera, to: camera, since: performance.now() }
    this.schedule()
  }

  orbit(dx: number, dy: number): void {
    const { camera, viewport, pivot } = this.takeOver()
    this.setCamera(orbit(camera, viewport, dx, dy, pivot))
  }

  pan(dx: number, dy: number): void {
    const { camera, viewport } = this.takeOver()
    this.setCamera(pan(camera, viewport, dx, dy))
  }

  zoom(factor: number, x: number, y: number): void {
    const { camera, viewport } = this.takeOver()
    this.setCamera(zoom(camera, viewport, factor, x, y))
  }

  /** The hand is stronger than a glide. */
  private takeOver(): View {
    this.glide = null
    return this.view.getState()
  }

  /** The picture as a PNG, without what lies over the canvas; null where there is none. */
  async png(): Promise<Blob | null> {
    if (this.adapter === null) return null
    this.atomsStale = true
    // The picture has to be read before the browser shows it: afterwards the canvas may be empty.
    this.paint()
    return this.adapter.png()
  }

  /** What is drawn, for picking, measuring and tests. */
  get drawing(): Drawing {
    return this.picture.drawing
  }

  drawnPosition(k: number): Vec3 | null {
    const { positions, looks } = this.picture.drawing
    return k >= 0 && k < looks.length ? [positions[3 * k], positions[3 * k + 1], positions[3 * k + 2]] : null
  }

  /** Index of the drawn atom at these canvas pixels, or -1. */
  atomAt(x: number, y: number): number {
    const { camera, viewport } = this.view.getState()
    const { looks, positions } = this.picture.drawing
    const drawn = looks.flatMap((look, k) => (isShown(look) ? [k] : []))
    const atoms = drawn.map((k): Pickable => ({
      position: [positions[3 * k], positions[3 * k + 1], positions[3 * k + 2]],
      radius: looks[k].radius,
    }))
    const found = pickAtom(camera, viewport, atoms, x, y)
    return found < 0 ? -1 : drawn[found]
  }

  /** Id of the blob whose inner shell lies under these canvas pixels, or null. */
  blobAt(x: number, y: number): string | null {
    const subject = this.options.subject()
    if (subject.kind !== 'design') return null
    const { camera, viewport } = this.view.getState()
    const { blobs } = subject.design
    const shells = blobs.map((b) => ({ center: b.center, rotation: b.rotation, radii: scale(b.widths, SHELL_50) }))
    const hit = pickEllipsoid(camera, viewport, shells, x, y)
    return hit === null ? null : blobs[hit.index].id
  }

  /** The molecule of a run whose cell lies under these canvas pixels, or null. */
  cellAt(x: number, y: number): number | null {
    const atom = this.atomAt(x, y)
    return atom < 0 ? null : this.picture.drawing.origin[atom].molecule
  }
}
