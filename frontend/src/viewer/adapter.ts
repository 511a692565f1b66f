import { createViewer } from '3dmol/build/3Dmol.es6-min.js'
import type { Camera } from './camera'
import type { AtomsToDraw, BlobLook } from './drawn'
import { unitBall } from './mesh'
import { AtomMeshes } from './atomMeshes'
import type { Geometry3D, GeometryConstructor, Material3D, MaterialConstructor, Surface3D, Viewer3D } from './threedmol'

export interface ViewerOptions {
  /** Draw at twice the resolution on coarse screens; switched off where there is no graphics hardware. */
  readonly upscale: boolean
  readonly background: string
  readonly outline: string
}

/** The distance of 3Dmol's camera from its origin, Å. */
const CAMERA_Z = 150
const OUTLINE_WIDTH = 0.03
/** 3Dmol lights from the front only, so its atoms look dim at 1. */
const LIGHT = 1.16

/**
 * 3Dmol's own shading makes a translucent ball look dirty at its rim. Like glass it is clear in the middle instead, and denser where
 * the surface turns away; `vLightFront` comes from 3Dmol's vertex shader, lit from the eye.
 */
const GLASS = `
uniform float opacity;
varying vec3 vLightFront;
varying vec3 vColor;
//DEFINEFRAGCOLOR
void main() {
  float rim = pow(1.0 - clamp(vLightFront.x / ${LIGHT.toFixed(2)}, 0.0, 1.0), 1.7);
  gl_FragColor = vec4(mix(vColor, vec3(1.0), 0.12 * (1.0 - rim)), opacity * mix(0.55, 1.75, rim));
}`

/** Everything that is said to 3Dmol is said here, and of atoms in `AtomMeshes`. One for the life of the page: 3Dmol has no way to end a viewer. */
export class ViewerAdapter {
  private readonly viewer: Viewer3D
  private atoms: AtomMeshes
  private readonly balls: Ball[] = []
  private readonly makeGeometry: GeometryConstructor
  private readonly makeMaterial: MaterialConstructor
  /** The graphics context was lost and has been made anew: what was drawn has to be drawn again. */
  onRestored: () => void = () => undefined
  private colors: { background: string; outline: string }

  constructor(host: HTMLElement, { upscale, background, outline }: ViewerOptions) {
    // 3Dmol itself only logs when there is no WebGL, and fails later.
    if (document.createElement('canvas').getContext('webgl2') === null) throw new Error('This browser offers no WebGL 2.')
    const config = { backgroundColor: background, disableFog: true, nomouse: true, antialias: true, upscale }
    this.viewer = createViewer(host, config) as Viewer3D
    const model = this.viewer.addModel()
    model.atoms.push(...AtomMeshes.SEED)
    for (const light of this.viewer.scene.__lights) light.intensity = LIGHT
    // The classes are not exported: a shape, drawn once and taken away, brings them.
    const shape = this.viewer.addSphere({ center: { x: 0, y: 0, z: 0 }, radius: 0.001, color: 'white', opacity: 0.5 })
    this.viewer.render()
    this.makeGeometry = shape.geo.constructor as GeometryConstructor
    this.makeMaterial = shape.shapeObj.children[0].material.constructor as MaterialConstructor
    this.viewer.removeShape(shape)
    this.atoms = new AtomMeshes(model)
    this.colors = { background, outline }
    this.setColors(background, outline)
    this.watchContext()
  }

  /** Colours of the empty canvas and of the thin line about atoms and bonds. */
  setColors(background: string, outline: string): void {
    this.colors = { background, outline }
    this.viewer.setBackgroundColor(background, 1)
    this.viewer.setViewStyle({ style: 'outline', color: outline, width: OUTLINE_WIDTH })
    // The outline is for atoms and bonds, drawn by other materials; about a transparent blob it would be a black shell.
    this.viewer.getRenderer()._outlineMaterial.visible = false
  }

  /**
   * Draws on after the graphics context was lost. 3Dmol makes a new renderer when it next looks, but paints on a canvas out of sight
   * whose loss it does not hear of, and a new renderer knows nothing of styles set before.
   */
  private watchContext(): void {
    const target = this.viewer.getRenderer()._offscreen ?? this.viewer.getCanvas()
    const lost = () => {
      // The balls' buffers and programs went with the context; the next picture makes new ones.
      for (const ball of this.balls.splice(0)) this.viewer.removeSurface(ball.id)
      this.viewer.resize()
      this.atoms = this.atoms.madeAnew()
      this.setColors(this.colors.background, this.colors.outline)
      this.watchContext()
      this.onRestored()
    }
    target.addEventListener('webglcontextlost', () => setTimeout(lost), { once: true })
  }

  /** Paints one picture. `atoms` null: they are as they were, and nothing is written. */
  paint(camera: Camera, blobs: readonly BlobLook[], atoms: AtomsToDraw | null): void {
    if (this.balls.length < blobs.length) this.addBalls(blobs.length - this.balls.length)
    this.balls.forEach((ball, i) => ball.show(i < blobs.length ? blobs[i] : null))
    this.aim(camera)
    if (atoms !== null) this.atoms.write(atoms)
    this.viewer.setView(this.viewer.getView())
  }

  /** What has just been painted, as a PNG. */
  png(): Promise<Blob | null> {
    return new Promise((resolve) => this.viewer.getCanvas().toBlob(resolve, 'image/png'))
  }

  /** Sets the view without painting. */
  private aim({ target, rotation, distance }: Camera): void {
    const { modelGroup, rotationGroup } = this.viewer
    modelGroup.position.set(-target[0], -target[1], -target[2])
    rotationGroup.position.set(0, 0, CAMERA_Z - distance)
    rotationGroup.quaternion.set(...rotation)
    this.viewer.setSlab(-Math.max(50, distance), Math.max(50, distance))
  }

  /** 3Dmol makes a mesh when it next draws everything: once for all that are new. */
  private addBalls(count: number): void {
    const made = Array.from({ length: count }, () => this.makeBall())
    this.viewer.render()
    for (const { material } of made) {
      const { vertexShader, uniforms } = material
      material.program = this.viewer.getRenderer().buildProgram(GLASS, vertexShader, uniforms, { wireframe: false })
    }
    this.balls.push(...made)
  }

  private makeBall(): Ball {
    const mesh = unitBall()
    const geometry = new this.makeGeometry(true)
    const group = geometry.updateGeoGroup(mesh.vertices.length / 3)
    group.vertexArray?.set(mesh.vertices)
    group.normalArray?.set(mesh.vertices)
    group.faceArray?.set(mesh.faces)
    group.vertices = mesh.vertices.length / 3
    group.faceidx = mesh.faces.length
    group.truncateArrayBuffers(true, true)
    const material = new this.makeMaterial({ vertexColors: 2, side: 0, transparent: true, opacity: 0.4 })
    material.depthWrite = false
    const id = this.viewer.addMesh({ geometry, material })
    const surface = this.viewer.getSurface(id)
    surface.style = {}
    surface[0].symmetries = []
    return new Ball(id, surface, geometry, material)
  }
}

/** One translucent ellipsoid: a unit ball that is placed by its transform. */
class Ball {
  private color = ''

  constructor(
    readonly id: number,
    private readonly surface: Surface3D,
    private readonly geometry: Geometry3D,
    readonly material: Material3D,
  ) {}

  show(look: BlobLook | null): void {
    const { lastGL } = this.surface[0]
    lastGL.visible = look !== null && look.opacity > 0
    if (look === null) return
    lastGL.useQuaternion = true
    lastGL.position.set(...look.center)
    lastGL.quaternion.set(...look.rotation)
    lastGL.scale.set(...look.radii)
    this.material.opacity = look.opacity
    this.paint(look.color)
  }

  private paint(color: string): void {
    if (color === this.color) return
    this.color = color
    const rgb = [1, 3, 5].map((k) => parseInt(color.slice(k, k + 2), 16) / 255)
    for (const group of this.geometry.geometryGroups) {
      const colors = group.colorArray
      if (colors !== null) for (let k = 0; k < colors.length; k++) colors[k] = rgb[k % 3]
    }
    this.geometry.colorsNeedUpdate = true
  }
}
