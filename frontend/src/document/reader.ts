import type { Vec3 } from '../geometry/vec3'

/** Something read from outside is not what it should be. The message says where, what was expected, and what was there. */
export class ReadError extends Error {
  constructor(path: string, expected: string, got: unknown) {
    super(`${path}: expected ${expected}, got ${describe(got)}`)
    this.name = 'ReadError'
  }
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (value !== null && typeof value === 'object') return 'an object'
  const shown = typeof value === 'string' ? `“${value}”` : JSON.stringify(value)
  return shown.length > 40 ? `${shown.slice(0, 40)}…` : shown
}

/** A value of unknown shape, and where it was found. Every method throws `ReadError` for a value that is something else. */
export class Reader {
  constructor(
    readonly value: unknown,
    readonly path: string,
  ) {}

  field(name: string): Reader {
    return new Reader(this.object()[name], `${this.path}.${name}`)
  }

  items(most: number): Reader[] {
    if (!Array.isArray(this.value)) throw new ReadError(this.path, 'a list', this.value)
    if (this.value.length > most) throw new ReadError(this.path, `at most ${most} entries`, this.value)
    return this.value.map((item: unknown, k) => new Reader(item, `${this.path}[${k}]`))
  }

  number(min = -Number.MAX_VALUE, max = Number.MAX_VALUE): number {
    const { value } = this
    if (typeof value !== 'number' || !(value >= min && value <= max)) throw new ReadError(this.path, range(min, max, 'a number'), value)
    return value
  }

  integer(min: number, max: number): number {
    if (!Number.isInteger(this.value)) throw new ReadError(this.path, range(min, max, 'a whole number'), this.value)
    return this.number(min, max)
  }

  text(most: number): string {
    const { value } = this
    if (typeof value !== 'string') throw new ReadError(this.path, 'a text', value)
    if (value.length > most) throw new ReadError(this.path, `at most ${most} characters`, value)
    return value
  }

  flag(): boolean {
    if (typeof this.value !== 'boolean') throw new ReadError(this.path, 'true or false', this.value)
    return this.value
  }

  oneOf<T extends string | number>(options: readonly T[]): T {
    const found = options.find((option) => option === this.value)
    if (found === undefined) throw new ReadError(this.path, options.join(' or '), this.value)
    return found
  }

  vector(reach = Number.MAX_VALUE): Vec3 {
    const [x, y, z] = this.fixed(3).map((r) => r.number(-reach, reach))
    return [x, y, z]
  }

  /** A list of exactly so many. */
  fixed(count: number): Reader[] {
    const items = this.items(count)
    if (items.length !== count) throw new ReadError(this.path, `a list of ${count}`, this.value)
    return items
  }

  nullable<T>(read: (reader: Reader) => T): T | null {
    return this.value === null || this.value === undefined ? null : read(this)
  }

  private object(): Record<string, unknown> {
    const { value } = this
    if (value === null || typeof value !== 'object' || Array.isArray(value)) throw new ReadError(this.path, 'an object', value)
    return value as Record<string, unknown>
  }
}

function range(min: number, max: number, what: string): string {
  const low = min > -Number.MAX_VALUE
  const high = max < Number.MAX_VALUE
  if (low && high) return `${what} from ${min} to ${max}`
  return low ? `${what} of at least ${min}` : high ? `${what} of at most ${max}` : what
}
