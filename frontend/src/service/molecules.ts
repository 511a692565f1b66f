import type { Structure } from '../chemistry/writers'
import { AnswerCache } from './cache'
import { call, sendJson } from './http'
import { Lane } from './lane'
import type { DepictResult, FormatName, MoleculeIn, ParseResult, PropertiesResult, ThemeName } from './molecule_types'

/** A structure as the service takes it. Without bonds the service reads them from the coordinates. */
export type Described = Structure & { readonly charges?: readonly number[]; readonly name?: string; readonly smiles?: string | null }

export const toMolecule = ({ numbers, positions, bonds, charges, name }: Described): MoleculeIn => ({
  numbers,
  positions,
  bonds: bonds.length > 0 || numbers.length === 1 ? bonds : null,
  ...(charges === undefined ? {} : { charges }),
  name: (name ?? '').slice(0, 255),
})

/** Reads a file, or a pasted text, of any format that the service knows. */
export async function parseMolecules(text: string, fileName: string): Promise<ParseResult> {
  const response = await sendJson('/molecules/parse', { text, file_name: fileName.slice(0, 255) })
  return (await response.json()) as ParseResult
}

/** Molecules as the text of a file. */
export async function writeMolecules(molecules: readonly Described[], format: FormatName): Promise<string> {
  const response = await sendJson('/molecules/export', { molecules: molecules.map(toMolecule), format })
  return response.text()
}

export interface Drawing2D {
  readonly width: number
  readonly height: number
  readonly theme: ThemeName
  readonly highlight?: readonly number[]
  readonly hydrogens?: boolean
  readonly labels?: boolean
}

const drawings = new AnswerCache<DepictResult>(300)
const properties = new AnswerCache<PropertiesResult>(300)
/** A run that ends has a dozen questions at once: their answers come two by two, so that none of the page's frames has to take in all. */
const lane = new Lane(2)

/** A drawing in 2D, with where its atoms are. The same one is asked for only once. */
export function depict(molecule: Described, style: Drawing2D): Promise<DepictResult> {
  const body = { molecule: toMolecule({ ...molecule, name: '' }), ...style }
  const text = JSON.stringify(body)
  return drawings.get(text, async () => (await (await send('/molecules/depict', text)).json()) as DepictResult)
}

/** What RDKit computes of a molecule. */
export function propertiesOf(molecule: Described): Promise<PropertiesResult> {
  const text = JSON.stringify({ molecule: toMolecule({ ...molecule, name: '' }) })
  return properties.get(text, async () => (await (await send('/molecules/properties', text)).json()) as PropertiesResult)
}

const send = (path: string, body: string): Promise<Response> =>
  lane.take(() => call(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body }))
