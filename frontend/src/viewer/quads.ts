/** Red, green and blue, 0 to 1. */
export type Rgb = readonly [number, number, number]

/** A quad's corners are numbered by 16 bits. */
export const MOST_QUADS = 16_383

const CORNERS = 4

/**
 * Flat squares from which 3Dmol's shaders make round balls and sticks, in arrays that are written over from frame to frame: moving
 * atoms cost no more than the numbers that change. Lengths are in Å.
 */
export class Quads {
  /** Quads that are written. */
  count = 0
  private room = 0
  private positions = new Float32Array(0)
  private normals = new Float32Array(0)
  private colors = new Float32Array(0)
  private radii = new Float32Array(0)
  private faces = new Uint16Array(0)

  /** Begins anew, with room for so many quads at most; what is too much for one drawing is left out. */
  begin(most: number): void {
    this.count = 0
    if (most <= this.room) return
    this.room = Math.min(MOST_QUADS, Math.max(most, 2 * this.room))
    this.positions = new Float32Array(3 * CORNERS * this.room)
    this.normals = new Float32Array(3 * CORNERS * this.room)
    this.colors = new Float32Array(3 * CORNERS * this.room)
    this.radii = new Float32Array(CORNERS * this.room)
    this.faces = new Uint16Array(6 * this.room)
    for (let q = 0; q < this.room; q++) this.faces.set([0, 1, 2, 2, 3, 0].map((corner) => CORNERS * q + corner), 6 * q)
  }

  /** A ball. The shader takes the middle for the position, and the corner for the normal. */
  ball(x: number, y: number, z: number, radius: number, color: Rgb): void {
    if (this.count >= this.room) return
    const { positions, normals, colors } = this
    for (let corner = 0; corner < CORNERS; corner++) {
      const k = 3 * (CORNERS * this.count + corner)
      positions[k] = x
      positions[k + 1] = y
      positions[k + 2] = z
      normals[k] = corner < 2 ? -radius : radius
      normals[k + 1] = corner === 0 || corner === 3 ? radius : -radius
      normals[k + 2] = 0
      colors.set(color, k)
    }
    this.count += 1
  }

  /** A stick. The shader takes its other end for the normal, the side from the radius's sign, and the end from that of blue. */
  stick(fx: number, fy: number, fz: number, tx: number, ty: number, tz: number, radius: number, color: Rgb): void {
    if (this.count >= this.room) return
    const { positions, normals, colors, radii } = this
    const far = color[2] === 0 ? -0.0001 : -color[2]
    for (let corner = 0; corner < CORNERS; corner++) {
      const at = CORNERS * this.count + corner
      const k = 3 * at
      positions[k] = fx
      positions[k + 1] = fy
      positions[k + 2] = fz
      normals[k] = tx
      normals[k + 1] = ty
      normals[k + 2] = tz
      colors[k] = color[0]
      colors[k + 1] = color[1]
      colors[k + 2] = corner < 2 ? color[2] : far
      radii[at] = corner % 2 === 0 ? -radius : radius
    }
    this.count += 1
  }

  /** What is written, as views for the graphics card. `positions`, `normals`, `colors` `[4 count, 3]`, `radii [4 count]`, `faces [6 count]`. */
  written(): { positions: Float32Array; normals: Float32Array; colors: Float32Array; radii: Float32Array; faces: Uint16Array } {
    const corners = CORNERS * this.count
    return {
      positions: this.positions.subarray(0, 3 * corners),
      normals: this.normals.subarray(0, 3 * corners),
      colors: this.colors.subarray(0, 3 * corners),
      radii: this.radii.subarray(0, corners),
      faces: this.faces.subarray(0, 6 * this.count),
    }
  }
}
