import { expect, it } from 'vitest'
import { setSettings } from '../../document/design'
import { FIRST_EXAMPLE } from '../../document/examples'
import { begunWith, interruptedRun, runMemory, type Interrupted } from './interrupted'

function storage(): Storage & { writes: number } {
  const held = new Map<string, string>()
  const fake: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> & { writes: number } = {
    writes: 0,
    getItem: (key) => held.get(key) ?? null,
    setItem: (key, value) => {
      fake.writes += 1
      held.set(key, value)
    },
    removeItem: (key) => void held.delete(key),
  }
  return fake as Storage & { writes: number }
}

const going: Interrupted = {
  document: 'a', node: 3, job: '5', altered: 'branched', from: { reqId: 'r', job: '4', step: 20 }, spec: { n_samples: 2, steps: 64, seed: 9 },
}

it('knows the run that was going on, in its own document and nowhere else', () => {
  const tab = storage()
  const remember = runMemory(() => tab)
  expect(interruptedRun('a', () => tab)).toBeNull()
  remember(going)
  expect(interruptedRun('a', () => tab)).toEqual(going)
  expect(interruptedRun('b', () => tab)).toBeNull()
  remember(null)
  expect(interruptedRun('a', () => tab)).toBeNull()
})

it('writes when something is another than before, not at each message', () => {
  const tab = storage()
  const remember = runMemory(() => tab)
  for (let k = 0; k < 3; k++) remember({ ...going })
  expect(tab.writes).toBe(1)
  remember({ ...going, node: 4 })
  expect(tab.writes).toBe(2)
})

it('makes nothing of what an earlier page has written', () => {
  const tab = storage()
  tab.setItem('gpff-studio-run', 'a 3')
  expect(interruptedRun('a', () => tab)).toBeNull()
})

it('does without storage where it is forbidden', () => {
  const none = () => { throw new Error('forbidden') }
  expect(() => runMemory(none)(going)).not.toThrow()
  expect(interruptedRun('a', none)).toBeNull()
})

it('gives a run the settings that it began with, whatever its node has by now', () => {
  const design = FIRST_EXAMPLE.design()
  const later = setSettings(design, { seed: design.settings.seed + 1 })
  expect(begunWith(later, design.settings)).toEqual(design)
  expect(begunWith(design, { ...design.settings })).toBe(design)
  expect(begunWith(design, undefined)).toBe(design)
})
