import { expect, it } from 'vitest'
import { rememberRun, wasInterrupted } from './interrupted'

function storage(): Storage {
  const held = new Map<string, string>()
  const fake: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> = {
    getItem: (key) => held.get(key) ?? null,
    setItem: (key, value) => void held.set(key, value),
    removeItem: (key) => void held.delete(key),
  }
  return fake as Storage
}

it('knows a run that was going on, where it began and nowhere else', () => {
  const tab = storage()
  expect(wasInterrupted({ document: 'a', node: 3 }, tab)).toBe(false)
  rememberRun({ document: 'a', node: 3 }, tab)
  expect(wasInterrupted({ document: 'a', node: 3 }, tab)).toBe(true)
  expect(wasInterrupted({ document: 'a', node: 4 }, tab)).toBe(false)
  expect(wasInterrupted({ document: 'b', node: 3 }, tab)).toBe(false)
  rememberRun(null, tab)
  expect(wasInterrupted({ document: 'a', node: 3 }, tab)).toBe(false)
})

it('does without storage where it is forbidden', () => {
  const none = new Proxy({} as Storage, { get: () => { throw new Error('forbidden') } })
  expect(() => rememberRun({ document: 'a', node: 1 }, none)).not.toThrow()
  expect(wasInterrupted({ document: 'a', node: 1 }, none)).toBe(false)
})
