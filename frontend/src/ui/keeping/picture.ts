import type { Design } from '../../document/types'
import { drawDesign, thumbnailUrl, type Ink } from '../history/thumbnail'

const SIZE = 128
/** What the service takes as a picture of a design, in characters. */
const MOST = 32_768
/** Readable on light and on dark ground. */
const INK: Ink = { bond: '#7d8794', outline: '#3d454f', blob: '#ee8413' }

/** A small picture for lists, as the address of an SVG. */
export const sketchOf = (design: Design): string => thumbnailUrl(design, INK, 40)

/** A small picture of a design as the address of a PNG; null where the browser cannot draw one. */
export async function pictureOf(design: Design): Promise<string | null> {
  const image = new Image(SIZE, SIZE)
  image.src = `data:image/svg+xml,${encodeURIComponent(drawDesign(design, INK, SIZE))}`
  try {
    await image.decode()
  } catch {
    return null
  }
  const canvas = document.createElement('canvas')
  canvas.width = SIZE
  canvas.height = SIZE
  const context = canvas.getContext('2d')
  if (context === null) return null
  context.drawImage(image, 0, 0, SIZE, SIZE)
  const address = canvas.toDataURL('image/png')
  return address.length <= MOST && address.startsWith('data:image/png;base64,') ? address : null
}
