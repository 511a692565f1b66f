import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Tools } from './context'
import { attachShortcuts } from './shortcuts'

vi.mock('../viewer/adapter', () => ({})) // wants a browser

afterEach(() => {
  vi.unstubAllGlobals()
})

/** Presses a key while a run is live. Answers what was done, and whether the control in focus saw the key. */
function press(key: string, transforming: boolean): { done: string[]; seen: boolean } {
  const [first, last]: ((event: unknown) => void)[][] = [[], []]
  const listen = (type: string, f: (event: unknown) => void, capture = false) => {
    if (type === 'keydown') (capture ? first : last).push(f)
  }
  vi.stubGlobal('window', { addEventListener: listen })
  vi.stubGlobal('Element', Map)
  const done: string[] = []
  const tools = {
    studio: {
      runs: { active: { run: { phase: 'running' } } },
      session: { getState: () => ({ modal: transforming ? { kind: 'move', typed: '' } : null }) },
    },
    actions: {
      running: { stop: () => done.push('stopped') },
      poses: { end: (keep: boolean) => done.push(keep ? 'kept' : 'dropped') },
    },
  } as unknown as Tools
  attachShortcuts(tools)
  vi.stubGlobal('HTMLInputElement', Map)
  const stop = vi.fn()
  const event = { key, target: null, preventDefault: () => undefined, stopImmediatePropagation: stop }
  for (const f of first) f(event)
  const seen = stop.mock.calls.length === 0
  if (seen) for (const f of last) f(event)
  return { done, seen }
}

describe('Escape, while a run is live', () => {
  it('stops it', () => {
    expect(press('Escape', false)).toEqual({ done: ['stopped'], seen: true })
  })

  it('lets go of the blob that is being moved first', () => {
    expect(press('Escape', true)).toEqual({ done: ['dropped'], seen: false })
  })
})

it('Enter keeps a transform, whatever control is in focus: a menu has given the focus back to its button', () => {
  expect(press('Enter', true)).toEqual({ done: ['kept'], seen: false })
})

/** Presses an arrow key over a grid of candidates. */
function arrow(key: string, live: boolean): unknown[][] {
  const listeners: ((event: unknown) => void)[] = []
  vi.stubGlobal('window', { addEventListener: (type: string, f: (event: unknown) => void, capture = false) => type === 'keydown' && !capture && listeners.push(f) })
  vi.stubGlobal('Element', Map)
  const done: unknown[][] = []
  const note = (what: string) => (...args: unknown[]) => void done.push([what, ...args])
  const camera = { rotation: [0, 0, 0, 1], target: [0, 0, 0], distance: 30 }
  const tools = {
    studio: {
      runs: { active: { run: { phase: live ? 'running' : 'done', spec: { n_samples: 4 } } }, follows: () => live },
      session: { getState: () => ({ modal: null, mode: 'results', selected: null, focus: 1, atoms: [] }) },
      document: { getState: () => ({ design: { blobs: [{ id: 'b1' }], scaffold: null } }) },
      stage: { view: { getState: () => ({ camera, grid: null }) }, orbit: note('orbit') },
    },
    actions: { nudge: note('nudge'), running: { focus: note('focus') } },
  } as unknown as Tools
  attachShortcuts(tools)
  for (const f of listeners) f({ key, target: null, preventDefault: () => undefined })
  return done
}

describe('arrows over candidates', () => {
  it('lead a run that is live', () => {
    expect(arrow('ArrowUp', true)).toEqual([['nudge', 'b1', [0, 0.1, 0].map((x) => expect.closeTo(x) as number)]])
    expect(arrow('ArrowLeft', true)[0][0]).toBe('nudge')
  })

  it('go through those of one that has ended, and turn the view', () => {
    expect(arrow('ArrowLeft', false)).toEqual([['focus', 0]])
    expect(arrow('ArrowUp', false)[0][0]).toBe('orbit')
  })
})
