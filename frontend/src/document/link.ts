import { asScaffold, designOn } from './archive'
import { Reader, ReadError } from './reader'
import type { Design } from './types'

/** What a link without the service holds: a design with its seed, and whether to run it at once. */
export interface Recipe {
  readonly title: string
  readonly design: Design
  /** Generate as soon as there is a connection: the seed brings back the same candidates. */
  readonly run: boolean
}

/** Far beyond any design; keeps a link from filling the memory. */
const MOST_BYTES = 4_000_000
const VERSION = 1

/** A recipe as letters that an address may hold. Numbers come back bit for bit. */
export async function toLink({ title, design, run }: Recipe): Promise<string> {
  const text = JSON.stringify({ version: VERSION, title, run, design })
  const packed = await pump(new TextEncoder().encode(text), new CompressionStream('deflate-raw'))
  let binary = ''
  for (const byte of packed) binary += String.fromCharCode(byte)
  return btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')
}

/** Reads what `toLink` wrote. Throws `ReadError` for anything else. */
export async function fromLink(letters: string): Promise<Recipe> {
  const root = new Reader(await unpack(letters), 'link')
  root.field('version').oneOf([VERSION])
  const design = root.field('design')
  return {
    title: root.field('title').text(1000),
    run: root.field('run').flag(),
    design: designOn(design, design.field('scaffold').nullable(asScaffold)),
  }
}

async function unpack(letters: string): Promise<unknown> {
  try {
    const binary = atob(letters.replace(/-/g, '+').replace(/_/g, '/'))
    const bytes = await pump(Uint8Array.from(binary, (c) => c.charCodeAt(0)), new DecompressionStream('deflate-raw'))
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown
  } catch {
    throw new ReadError('link', 'the letters of a shared design, all of them', letters.slice(0, 20))
  }
}

async function pump(bytes: Uint8Array<ArrayBuffer>, through: CompressionStream | DecompressionStream): Promise<Uint8Array> {
  const reader = new Blob([bytes]).stream().pipeThrough(through).getReader()
  const parts: Uint8Array[] = []
  let size = 0
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    size += next.value.length
    if (size > MOST_BYTES) throw new RangeError('too much')
    parts.push(next.value)
  }
  const whole = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
