/** Triangles of a unit ball about the origin; vertices are their own normals. */
export interface BallMesh {
  readonly vertices: Float32Array
  readonly faces: Uint16Array
}

export function unitBall(slices = 48, stacks = 32): BallMesh {
  const vertices = new Float32Array((slices + 1) * (stacks + 1) * 3)
  let v = 0
  for (let i = 0; i <= stacks; i++) {
    const theta = (Math.PI * i) / stacks
    for (let j = 0; j <= slices; j++) {
      const phi = (2 * Math.PI * j) / slices
      vertices[v++] = Math.sin(theta) * Math.cos(phi)
      vertices[v++] = Math.cos(theta)
      vertices[v++] = -Math.sin(theta) * Math.sin(phi)
    }
  }
  const faces = new Uint16Array(slices * stacks * 6)
  let f = 0
  for (let i = 0; i < stacks; i++) {
    for (let j = 0; j < slices; j++) {
      const a = i * (slices + 1) + j
      const b = a + slices + 1
      faces.set([a, b, a + 1, b, b + 1, a + 1], f)
      f += 6
    }
  }
  return { vertices, faces }
}
