import type { AtomLook, AtomsToDraw } from './drawn'
import { mostSticks, writeBonds } from './bondSticks'
import { Quads, type Rgb } from './quads'
import type { Atom3D, Geometry3D, Model3D } from './threedmol'

const UNSEEN = 0.001
const NO_LINES = new Uint16Array(0)

function seed(index: number): Atom3D {
  const style = { sphere: { radius: UNSEEN, color: '#000000' }, stick: { radius: UNSEEN, color: '#000000' } }
  return {
    elem: 'C', index, serial: index, x: index * UNSEEN, y: 0, z: 0,
    bonds: [1 - index], bondOrder: [1], bondStyles: [{ radius: UNSEEN }], style,
  }
}

/**
 * Balls and sticks of the picture. 3Dmol would make all meshes anew for every frame, with megabytes of room in each: here it makes
 * them once, from two atoms too small to be seen, and from then on only their numbers are written over.
 */
export class AtomMeshes {
  /** What the model has to hold when it is drawn first: the meshes grow from these. */
  static readonly SEED: readonly Atom3D[] = [seed(0), seed(1)]

  private readonly balls = new Quads()
  private readonly sticks = new Quads()
  private readonly colors = new Map<string, Rgb>()
  private readonly geometries: readonly [balls: Geometry3D, sticks: Geometry3D]

  /** `model`: has been drawn with the seed. */
  constructor(private readonly model: Model3D) {
    const meshes = model.renderedMolObj?.children ?? []
    if (meshes.length !== 2) throw new Error(`the viewer's model: expected a mesh of balls and one of sticks, got ${meshes.length} meshes`)
    this.geometries = [meshes[0].geometry, meshes[1].geometry]
  }

  /** The same for a model that has been drawn again, after the graphics context went with all buffers. */
  madeAnew(): AtomMeshes {
    return new AtomMeshes(this.model)
  }

  /** Takes the place of what was drawn before. */
  write(atoms: AtomsToDraw): void {
    const { looks, positions, bonds } = atoms
    this.balls.begin(looks.length)
    looks.forEach((look, i) => this.ball(look, positions[3 * i], positions[3 * i + 1], positions[3 * i + 2]))
    this.sticks.begin(mostSticks(bonds))
    writeBonds(this.sticks, atoms, (color) => this.color(color))
    upload(this.geometries[0], this.balls)
    upload(this.geometries[1], this.sticks)
  }

  private ball({ radius, color }: AtomLook, x: number, y: number, z: number): void {
    if (radius > 0) this.balls.ball(x, y, z, radius, this.color(color))
  }

  /** The same object for the same colour. */
  private color(hex: string): Rgb {
    const known = this.colors.get(hex)
    if (known !== undefined) return known
    const channel = (k: number): number => parseInt(hex.slice(k, k + 2), 16) / 255
    const rgb: Rgb = [channel(1), channel(3), channel(5)]
    this.colors.set(hex, rgb)
    return rgb
  }
}

function upload(geometry: Geometry3D, quads: Quads): void {
  const [group] = geometry.geometryGroups
  const { positions, normals, colors, radii, faces } = quads.written()
  group.vertexArray = positions
  group.normalArray = normals
  group.colorArray = colors
  if (group.radiusArray !== null) group.radiusArray = radii
  group.faceArray = faces
  group.lineArray = NO_LINES
  group.vertices = positions.length / 3
  group.faceidx = faces.length
  geometry.verticesNeedUpdate = true
}
