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

/** What it is found by in this browser beside its title: its tags, and the formula of its molecule. */
export function wordsOf({ tags, history }: Opened): string[] {
  const { scaffold } = currentNode(history).value
  return [...tags, ...(scaffold === null ? [] : [formatFormula(compositionOf(scaffold.numbers))])]
}

/** Whether a text that somebody looks for is in the title or in one of the words; letters may be large or small. */
export function isFoundBy(text: string, { title, words = [] }: { readonly title: string; readonly words?: readonly string[] | undefined }): boolean {
  const wanted = text.trim().toLowerCase()
  return [title, ...words].some((word) => word.toLowerCase().includes(wanted))
}

/** Tags from a text in which commas part them; each once. */
export function tagsFrom(text: string): string[] {
  const found = text.split(',').map((tag) => tag.trim().slice(0, 200)).filter((tag) => tag !== '')
  return [...new Set(found)].slice(0, 100)
}
