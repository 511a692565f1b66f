import { describe, expect, it } from 'vitest'
import { newDesign } from '../document/examples'
import { butVerdicts, NO_RUNS, type RunRecord, type RunsState } from './record'
import { newRun } from './run'

const design = newDesign()
const record: RunRecord = { run: newRun('r1', { n_samples: 2, blobs: [{ formula: 'CO' }] }), design, begun: design, node: 0, filed: null, altered: null, from: null }
const state = (one: RunRecord): RunsState => ({ ...NO_RUNS, active: one.run.reqId, records: new Map([[one.run.reqId, one]]) })
const judged: RunRecord = {
  ...record,
  run: { ...record.run, verdicts: [{ valid: false, smiles: null, reason: 'two fragments', bonds: [] }, null] },
}

describe('a look at the active run without its verdicts', () => {
  it('answers the very record of before while only verdicts have come', () => {
    const look = butVerdicts()
    expect(look(state(record))).toBe(record)
    expect(look(state(judged))).toBe(record)
  })

  it('answers with the newest record, verdicts and all, once anything else has changed', () => {
    const look = butVerdicts()
    look(state(record))
    const done: RunRecord = { ...judged, run: { ...judged.run, phase: 'done' } }
    expect(look(state(done))).toBe(done)
    const led: RunRecord = { ...done, design: { ...design } }
    expect(look(state(led))).toBe(led)
    expect(look(NO_RUNS)).toBeNull()
    expect(look(state(led))).toBe(led)
  })
})
