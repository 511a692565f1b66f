import { isLive } from '../../stream/run'
import { useActiveRunButVerdicts, useSession, useTools } from '../context'
import { late } from '../late'
import { countDifferent } from '../same'

const Plot = late(() => import('./PropertyPlot'))
const Convergence = late(() => import('./ConvergencePlot'))

/** From how many different molecules on a picture says more than the numbers do. */
const ENOUGH = 3
/** A generation of old that comes back without its frames has one. */
const FEW_FRAMES = 3

/** Where the candidates of a run stand among each other, and how the one in focus came to rest. */
export function CandidatePlot() {
  const { runs } = useTools().studio
  const record = useActiveRunButVerdicts()
  const focus = useSession((s) => s.focus)
  if (record === null || isLive(record.run)) return null
  const candidates = record.run.result?.candidates ?? []
  const trajectory = runs.trajectory(record.run.reqId)
  return (
    <>
      {countDifferent(candidates) >= ENOUGH && <Plot candidates={candidates} meanwhile={<div className="property-plot" />} />}
      {focus !== null && trajectory !== null && trajectory.length >= FEW_FRAMES && <Convergence trajectory={trajectory} candidate={focus} />}
    </>
  )
}
