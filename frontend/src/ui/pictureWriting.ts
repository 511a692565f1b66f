const WRITING = '.atom-labels, .measurement'
/** What style sheets give it, of which a picture by itself knows nothing. */
const STYLED = [
  'fill', 'fill-opacity', 'stroke', 'stroke-width', 'stroke-opacity', 'stroke-dasharray', 'stroke-linejoin', 'paint-order',
  'font-family', 'font-size', 'font-weight', 'text-anchor', 'dominant-baseline', 'opacity',
]

/** The picture of the canvas with the labels and the measurement that lie over it; the picture itself where there are none. */
export async function withWriting(picture: Blob, overlay: SVGSVGElement | null): Promise<Blob> {
  const parts = overlay === null ? [] : [...overlay.querySelectorAll<SVGElement>(WRITING)]
  if (overlay === null || parts.length === 0) return picture
  const sheet = overlay.cloneNode(false) as SVGSVGElement
  sheet.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  sheet.append(...parts.map(styledCopy))
  const writing = new Image()
  writing.src = `data:image/svg+xml,${encodeURIComponent(new XMLSerializer().serializeToString(sheet))}`
  const [below] = await Promise.all([createImageBitmap(picture), writing.decode()])
  const canvas = Object.assign(document.createElement('canvas'), { width: below.width, height: below.height })
  const context = canvas.getContext('2d')
  if (context === null) return picture
  context.drawImage(below, 0, 0)
  context.drawImage(writing, 0, 0, canvas.width, canvas.height)
  return new Promise((resolve) => canvas.toBlob((made) => resolve(made ?? picture), 'image/png'))
}

function styledCopy(part: SVGElement): SVGElement {
  const copy = part.cloneNode(true) as SVGElement
  const originals = [part, ...part.querySelectorAll('*')]
  for (const [k, element] of [copy, ...copy.querySelectorAll('*')].entries()) {
    const style = getComputedStyle(originals[k])
    for (const property of STYLED) element.setAttribute(property, style.getPropertyValue(property))
  }
  return copy
}
