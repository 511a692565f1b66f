/** The part of 3Dmol 2.5.5 that the adapter uses, private members included; its own typings cover the public half only. */
interface Vector3D {
  set(x: number, y: number, z: number): void
}

interface Quaternion3D {
  set(x: number, y: number, z: number, w: number): void
}

export interface GeometryGroup3D {
  vertexArray: Float32Array | null
  normalArray: Float32Array | null
  colorArray: Float32Array | null
  radiusArray: Float32Array | null
  faceArray: Uint16Array | null
  lineArray: Uint16Array | null
  vertices: number
  faceidx: number
  truncateArrayBuffers(mesh: boolean, reallocate: boolean): void
}

export interface Geometry3D {
  geometryGroups: GeometryGroup3D[]
  verticesNeedUpdate: boolean
  colorsNeedUpdate: boolean
  updateGeoGroup(vertices: number): GeometryGroup3D
}

export interface Material3D {
  opacity: number
  depthWrite: boolean
  visible: boolean
  program: unknown
  vertexShader: string
  uniforms: object
}

export type GeometryConstructor = new (mesh: boolean) => Geometry3D
export type MaterialConstructor = new (values: Record<string, unknown>) => Material3D

export interface Object3D {
  visible: boolean
  useQuaternion: boolean
  position: Vector3D
  quaternion: Quaternion3D
  scale: Vector3D
  children: { geometry: Geometry3D; material: Material3D }[]
}

export interface Surface3D extends Array<{ lastGL: Object3D; symmetries: unknown[] }> {
  style: object
}

export interface Atom3D {
  elem: string
  index: number
  serial: number
  x: number
  y: number
  z: number
  bonds: number[]
  bondOrder: number[]
  bondStyles: { radius: number }[]
  style: { sphere: { radius: number; color: string }; stick: { radius: number; color: string } }
}

export interface Model3D {
  atoms: Atom3D[]
  renderedMolObj: Object3D | null
}

export interface Shape3D {
  geo: Geometry3D
  shapeObj: Object3D
}

export interface Renderer3D {
  _gl: WebGL2RenderingContext
  _outlineMaterial: Material3D
  _offscreen: OffscreenCanvas | null
  buildProgram(fragment: string, vertex: string, uniforms: object, parameters: object): unknown
}

export interface Viewer3D {
  scene: { __lights: { intensity: number }[] }
  modelGroup: Object3D
  rotationGroup: Object3D
  getView(): readonly number[]
  addModel(): Model3D
  addSphere(spec: object): Shape3D
  removeShape(shape: Shape3D): void
  removeSurface(id: number): void
  addMesh(mesh: { geometry: Geometry3D; material: Material3D }): number
  getSurface(id: number): Surface3D
  getCanvas(): HTMLCanvasElement
  getRenderer(): Renderer3D
  render(): void
  resize(): void
  setBackgroundColor(color: string, alpha: number): void
  setSlab(near: number, far: number): void
  setView(view: readonly number[]): void
  setViewStyle(style: object): void
}
