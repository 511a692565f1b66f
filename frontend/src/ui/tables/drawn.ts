import { useMemo } from 'react'
import { useStore } from 'zustand'
import { useTools } from '../context'

/** Which drawn atom is which atom of the molecule: the scaffold's for null, else the candidate's. Empty while it is not drawn. */
export function useDrawnAtoms(candidate: number | null): ReadonlyMap<number, number> {
  const { stage } = useTools().studio
  const revision = useStore(stage.view, (v) => v.revision)
  return useMemo(() => {
    const found = new Map<number, number>()
    stage.drawing.origin.forEach(({ molecule, atom }, k) => {
      if (molecule === (candidate ?? 0)) found.set(atom, k)
    })
    return found
    // The drawing changes with its revision.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [stage, candidate, revision])
}
