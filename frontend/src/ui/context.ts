import { createContext, useContext, useState } from 'react'
import { useStore } from 'zustand'
import type { DocumentState } from '../document/store'
import type { Design } from '../document/types'
import { activeRecord, butVerdicts, type RunRecord, type RunsState } from '../stream/record'
import type { Studio } from '../studio'
import type { View } from '../viewer/stage'
import type { Actions } from './actions'
import type { Desk } from './desk'
import type { Filing } from './filing'
import type { Keeping } from './keeping/keeper'
import type { Session } from './session'
import type { Look } from '../viewer/look'

export interface Tools {
  readonly studio: Studio
  readonly actions: Actions
  readonly filing: Filing
}

export const ToolsContext = createContext<Tools | null>(null)

export function useTools(): Tools {
  const tools = useContext(ToolsContext)
  if (tools === null) throw new Error('useTools outside ToolsContext')
  return tools
}

export const useFiling = (): Filing => useTools().filing
export const useActions = (): Actions => useTools().actions
export const useDocument = <T,>(select: (state: DocumentState) => T): T => useStore(useTools().studio.document, select)
export const useDesign = <T,>(select: (design: Design) => T): T => useDocument((s) => select(s.design))
export const useSession = <T,>(select: (session: Session) => T): T => useStore(useTools().studio.session, select)
export const useDesk = <T,>(select: (desk: Desk) => T): T => useStore(useTools().studio.desk, select)
export const useLook = <T,>(select: (look: Look) => T): T => useStore(useTools().studio.viewing, select)
export const useKeeping = <T,>(select: (keeping: Keeping) => T): T => useStore(useTools().filing.keeper.store, select)
export const useRuns = <T,>(select: (state: RunsState) => T): T => useStore(useTools().studio.runs.store, select)
export const useView = <T,>(select: (view: View) => T): T => useStore(useTools().studio.stage.view, select)

/** Lets a component that stands upon atoms, while it does, follow them: it is drawn again whenever they are. */
export const useMovingAtoms = (follows: boolean): number => useStore(useTools().studio.stage.drawn, (d) => (follows ? d.revision : 0))

/** The run on show; changes with its phase and its verdicts, never with its frames. */
export const useActiveRun = (): RunRecord | null => useRuns(activeRecord)

/** The run on show for those who do not look at verdicts while it is live. */
export function useActiveRunButVerdicts(): RunRecord | null {
  const [select] = useState(butVerdicts)
  return useRuns(select)
}
