import { compositionOf, formatFormula } from '../../chemistry/formula'
import { describeContent } from '../../document/difference'
import { currentNode } from '../../document/history'
import type { Opened } from '../../document/store'
import type { Design } from '../../document/types'

/** What a document is called before anybody has said: its molecule, or what shall become one. */
export function titleOf({ title, history }: Opened): string {
  const trimmed = title.trim()
  return trimmed !== '' ? trimmed : contentsOf(currentNode(history).value)
}

function contentsOf({ scaffold, blobs }: Design): string {
  if (scaffold !== null) {
    const formula = formatFormula(compositionOf(scaffold.numbers))
    return blobs.length === 0 ? formula : `${formula} with ${blobs.map((b) => describeContent(b.content)).join(', ')}`
  }
  return blobs.length === 0 ? 'Empty design' : blobs.map((b) => describeContent(b.content)).join(', ')
}

/** Tags from a text in which commas part them; each once. */
export function tagsFrom(text: string): string[] {
  const found = text.split(',').map((tag) => tag.trim().slice(0, 200)).filter((tag) => tag !== '')
  return [...new Set(found)].slice(0, 100)
}
