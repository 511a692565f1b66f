import { call, sendJson } from './http'
import type { Appended, Design, DesignPage, DesignPatch, DesignSummary, NewDesign, NewNode } from './design_types'

/** Saved designs. Changes name the revision that they are a change of; the service answers 412 when there is a later one. */

const SHARED_NAME = /^[\w-]+$/
const at = (id: string): string => `/designs/${encodeURIComponent(id)}`
const revision = (number: number): HeadersInit => ({ 'if-match': `"${number}"` })

/** Those that fit, last changed first. `text`: in a name or a tag, or a formula. */
export async function searchDesigns(text: string, cursor: string | null, signal: AbortSignal): Promise<DesignPage> {
  const query = new URLSearchParams({ limit: '20' })
  if (text.trim() !== '') query.set('q', text.trim())
  if (cursor !== null) query.set('cursor', cursor)
  return (await (await call(`/designs?${query.toString()}`, { signal })).json()) as DesignPage
}

/** `key` makes a request that is sent twice count once. */
export async function createDesign(design: NewDesign, key: string): Promise<Design> {
  return (await (await sendJson('/designs', design, { headers: { 'idempotency-key': key } })).json()) as Design
}

/** Adds nodes; those that are there already are left as they are. */
export async function appendNodes(id: string, nodes: readonly NewNode[], known: number): Promise<Appended> {
  return (await (await sendJson(`${at(id)}/nodes`, { nodes }, { headers: revision(known) })).json()) as Appended
}

export async function patchDesign(id: string, patch: DesignPatch, known: number): Promise<Design> {
  return (await (await sendJson(at(id), patch, { method: 'PATCH', headers: revision(known) })).json()) as Design
}

export async function deleteDesign({ id, revision: known }: DesignSummary): Promise<void> {
  await call(at(id), { method: 'DELETE', headers: revision(known) })
}

/** A whole design, to be read with `fromSaved`, and where it stands. */
export async function fetchDesign(id: string): Promise<{ file: unknown; summary: DesignSummary }> {
  const [file, summary] = await Promise.all([call(`${at(id)}/file`), call(at(id))])
  const known = (await summary.json()) as Design
  // Somebody may have saved between the two answers: what counts is the state that the file has.
  const stated = /^"(\d+)"$/.exec(file.headers.get('etag') ?? '')
  return { file: (await file.json()) as unknown, summary: stated === null ? known : { ...known, revision: Number(stated[1]) } }
}

/** Gives a design a name that nobody can guess, under which others may read it; or takes that away. */
export async function shareDesign(id: string, shared: boolean): Promise<Design> {
  return (await (await call(`${at(id)}/share`, { method: shared ? 'PUT' : 'DELETE' })).json()) as Design
}

/** A shared design, whoever's, to be read with `fromSaved`. */
export async function fetchShared(name: string): Promise<unknown> {
  // What is no name would be an address of another kind, at which the service has a page.
  if (!SHARED_NAME.test(name)) throw new Error(`the link does not name a design: expected letters, digits, “-” and “_”, got “${name.slice(0, 40)}”`)
  return (await (await call(`/shared/${encodeURIComponent(name)}`)).json()) as unknown
}
