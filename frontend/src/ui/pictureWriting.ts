/** What is written over the canvas. Its words are apart: a picture of an SVG has none of the page's fonts, a canvas has. */
export interface Writing {
  readonly sheet: SVGSVGElement
  readonly words: readonly Words[]
}

interface Words {
  readonly text: string
  /** Of the middle of the line, CSS pixels from the corner of the canvas. */
  readonly x: number
  readonly y: number
  readonly font: string
  readonly fill: string
  readonly opacity: number
  /** Drawn before the letters are; none of width 0. */
  readonly halo: { readonly color: string; readonly width: number; readonly opacity: number }
}

interface Corner {
  readonly left: number
  readonly top: number
}

const WRITING = '.atom-labels, .measurement, .reason-marks'
/** What style sheets give it, of which a picture by itself knows nothing. */
const STYLED = ['fill', 'fill-opacity', 'stroke', 'stroke-width', 'stroke-opacity', 'stroke-dasharray', 'stroke-linejoin', 'opacity']

/** Labels, measurement, what marks an atom as wrong and captions as they stand now; null where there are none. */
export function writingOver(stage: Element): Writing | null {
  const overlay = stage.querySelector<SVGSVGElement>('svg.overlay')
  const captions = [...stage.querySelectorAll('.cell-label')]
  const parts = [...stage.querySelectorAll(WRITING)]
  if (overlay === null || captions.length + parts.length === 0) return null
  const corner = overlay.getBoundingClientRect()
  const sheet = overlay.cloneNode(false) as SVGSVGElement
  sheet.append(...parts.map(wordless), ...captions.flatMap((caption) => boxesAndIcons(caption, corner)))
  return { sheet, words: [...parts, ...captions].flatMap((part) => wordsIn(part, corner)) }
}

/** The picture of the canvas with what is written over it. */
export async function withWriting(picture: Blob, { sheet, words }: Writing): Promise<Blob> {
  const drawn = new Image()
  drawn.src = `data:image/svg+xml,${encodeURIComponent(new XMLSerializer().serializeToString(sheet))}`
  const [below] = await Promise.all([createImageBitmap(picture), drawn.decode()])
  const canvas = Object.assign(document.createElement('canvas'), { width: below.width, height: below.height })
  const context = canvas.getContext('2d')
  if (context === null) return picture
  context.drawImage(below, 0, 0)
  context.drawImage(drawn, 0, 0, canvas.width, canvas.height)
  context.scale(canvas.width / sheet.width.baseVal.value, canvas.height / sheet.height.baseVal.value)
  for (const one of words) write(context, one)
  return new Promise((resolve) => canvas.toBlob((made) => resolve(made ?? picture), 'image/png'))
}

function write(context: CanvasRenderingContext2D, { text, x, y, font, fill, opacity, halo }: Words): void {
  Object.assign(context, { font, textAlign: 'center', lineJoin: 'round', fillStyle: fill, strokeStyle: halo.color, lineWidth: halo.width })
  const { fontBoundingBoxAscent: above, fontBoundingBoxDescent: below } = context.measureText(text)
  const baseline = y + (above - below) / 2
  if (halo.width > 0) {
    context.globalAlpha = opacity * halo.opacity
    context.strokeText(text, x, baseline)
  }
  context.globalAlpha = opacity
  context.fillText(text, x, baseline)
}

function wordless<E extends Element>(part: E): E {
  const copy = part.cloneNode(true) as E
  const originals = [part, ...part.querySelectorAll('*')]
  for (const [k, element] of [copy, ...copy.querySelectorAll('*')].entries()) {
    const style = getComputedStyle(originals[k])
    for (const property of STYLED) element.setAttribute(property, style.getPropertyValue(property))
  }
  for (const text of copy.querySelectorAll('text')) text.remove()
  return copy
}

/** A caption is HTML, which browsers do not let into a canvas: it is drawn anew. */
function boxesAndIcons(caption: Element, corner: Corner): Element[] {
  return [caption, ...caption.querySelectorAll('*')].flatMap((element): Element[] => {
    const { left, top, width, height } = element.getBoundingClientRect()
    const [x, y] = [left - corner.left, top - corner.top]
    if (element instanceof SVGSVGElement) return [withAttributes(wordless(element), { x, y, width, height })]
    if (element instanceof SVGElement) return []
    const style = getComputedStyle(element)
    const border = parseFloat(style.borderTopWidth)
    return [withAttributes(document.createElementNS('http://www.w3.org/2000/svg', 'rect'), {
      x: x + border / 2, y: y + border / 2, width: width - border, height: height - border,
      rx: parseFloat(style.borderTopLeftRadius), fill: style.backgroundColor, stroke: style.borderTopColor, 'stroke-width': border,
    })]
  })
}

function withAttributes<E extends Element>(element: E, attributes: Readonly<Record<string, string | number>>): E {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value))
  return element
}

function wordsIn(part: Element, corner: Corner): Words[] {
  return [part, ...part.querySelectorAll('*')].flatMap((element) => [...element.childNodes].flatMap((node) => {
    if (!(node instanceof Text)) return []
    const style = getComputedStyle(element)
    const isSvg = element instanceof SVGElement
    const range = document.createRange()
    range.selectNodeContents(node)
    const place = isSvg ? element.getBoundingClientRect() : range.getBoundingClientRect()
    const right = isSvg ? place.right : Math.min(place.right, element.getBoundingClientRect().right) // where it is cut off
    const font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`
    return [{
      text: isSvg ? node.data : shortened(node.data, font, right - place.left),
      x: (place.left + right) / 2 - corner.left,
      y: place.top + place.height / 2 - corner.top,
      font,
      fill: isSvg ? style.fill : style.color,
      opacity: isSvg ? Number(style.fillOpacity) : 1,
      halo: { color: style.stroke, width: isSvg && style.stroke !== 'none' ? parseFloat(style.strokeWidth) : 0, opacity: Number(style.strokeOpacity) },
    }]
  }))
}

/** As CSS shortens it. */
function shortened(text: string, font: string, room: number): string {
  const context = document.createElement('canvas').getContext('2d')
  if (context === null) return text
  context.font = font
  const fits = (shown: string) => context.measureText(shown).width <= room + 1
  if (fits(text)) return text
  let kept = text.length - 1
  while (kept > 0 && !fits(`${text.slice(0, kept)}…`)) kept -= 1
  return `${text.slice(0, kept)}…`
}
