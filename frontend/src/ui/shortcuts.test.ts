import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Tools } from './context'
import { attachShortcuts } from './shortcuts'

vi.mock('../viewer/adapter', () => ({})) // wants a browser

afterEach(() => {
  vi.unstubAllGlobals()
})

/** Presses Escape while a run is live; answers what was done. */
function escape(transforming: boolean): string[] {
  const listeners = new Map<string, (event: unknown) => void>()
  vi.stubGlobal('window', { addEventListener: (type: string, f: (event: unknown) => void) => listeners.set(type, f) })
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
  listeners.get('keydown')?.({ key: 'Escape', target: null, preventDefault: () => undefined })
  return done
}

describe('Escape, while a run is live', () => {
  it('stops it', () => {
    expect(escape(false)).toEqual(['stopped'])
  })

  it('lets go of the blob that is being moved first', () => {
    expect(escape(true)).toEqual(['dropped'])
  })
})
