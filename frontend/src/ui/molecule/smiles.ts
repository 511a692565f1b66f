import { useCallback } from 'react'
import { valenceFlaws } from '../../document/edit'
import { currentNode } from '../../document/history'
import type { Scaffold } from '../../document/types'
import { propertiesOf } from '../../service/molecules'
import type { PropertiesResult } from '../../service/molecule_types'
import { useDocument, useRuns } from '../context'
import { useAnswer, type Answer } from '../useAnswer'

/** Stands where a SMILES will, so that nothing jumps. */
export const COMING = '…'

/** The molecule's own SMILES; else, as after an edit by hand, the one that its properties came with, or `COMING`. Null for none. */
export function smilesIn({ smiles }: Pick<Scaffold, 'smiles'>, properties: Answer<PropertiesResult>): string | null {
  if (smiles !== null) return smiles
  if (properties.state === 'asked') return COMING
  return properties.state === 'known' ? properties.answer.smiles : null
}

/** The SMILES of the scaffold as the history has it: places on the way of a drag are not asked about. */
export function useScaffoldSmiles(): string | null {
  const scaffold = useDocument((s) => currentNode(s.history).value.scaffold)
  const online = useRuns((s) => s.link.kind === 'online')
  const ask = useCallback((one: Scaffold) => propertiesOf(one), [])
  const unknown = scaffold !== null && scaffold.smiles === null && valenceFlaws(scaffold).length === 0
  const properties = useAnswer(unknown ? scaffold : null, ask, Number(online))
  return scaffold === null ? null : smilesIn(scaffold, properties)
}
