import { Suspense, lazy } from 'react'
import { useActiveRun } from '../context'

const Plot = lazy(() => import('./PropertyPlot'))

/** From how many valid candidates on a picture says more than the numbers do. */
const ENOUGH = 3

/** Where the candidates of a run stand among each other. */
export function CandidatePlot() {
  const record = useActiveRun()
  const candidates = record?.run.result?.candidates ?? []
  if (candidates.filter((c) => c.valid).length < ENOUGH) return null
  return (
    <Suspense fallback={<div className="property-plot" />}>
      <Plot candidates={candidates} />
    </Suspense>
  )
}
