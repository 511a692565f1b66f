import { nodeOf } from '../../document/history'
import { isLive } from '../../stream/run'
import type { Studio } from '../../studio'
import type { Actions } from '../actions'
import { begunWith, interruptedRun, runMemory } from './interrupted'
import type { Keeper } from './keeper'

/** Goes on with a run that a reload interrupted, and remembers from now on whether one is going on. */
export function goOnAfterReload(studio: Studio, keeper: Keeper, actions: Actions): void {
  const { runs, document, stage, reducedMotion } = studio
  const { history } = document.getState()
  const going = interruptedRun(keeper.store.getState().id)
  if (going !== null) {
    // The last edits may have come too late to be kept: the run is led to what there is.
    const node = history.nodes.has(going.node) ? going.node : history.current
    runs.adopt(going, begunWith(nodeOf(history, node).value, going.settings), node)
    if (node === history.current) {
      actions.setMode('results')
      stage.playhead.setState({ at: 0, playing: !reducedMotion() })
    }
  }
  const remember = runMemory()
  runs.store.subscribe(() => {
    const record = runs.active
    if (record === null || !isLive(record.run)) {
      remember(null)
      return
    }
    const { node, altered, from, run, design } = record
    const { settings } = design
    remember({ document: keeper.store.getState().id, node, altered, from, job: run.job, spec: run.spec, settings })
  })
}
