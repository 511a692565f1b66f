import { useMemo } from 'react'
import { useStore } from 'zustand'
import { useTools } from '../context'

/** Which drawn atom is which atom of the molecule: the scaffold's for null, else the candidate's. Empty while it is not drawn. */
export function useDrawnAtoms(candidate: number | null): ReadonlyMap<number, number> {
  const { stage } = useTools().studio
  const origin = useStore(stage.drawn, () => stage.drawing.origin)
  return useMemo(() => {
    const found = new Map<number, number>()
    origin.forEach(({ molecule, atom }, k) => {
      if (molecule === (candidate ?? 0)) found.set(atom, k)
    })
    return found
  }, [origin, candidate])
}
