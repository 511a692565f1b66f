import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { heedSpace, pansBySpace, spaceKey } from './spaceKey'

const listeners = new Map<string, (event: unknown) => void>()
const pressed = vi.fn()

beforeEach(() => {
  listeners.clear()
  pressed.mockClear()
  vi.stubGlobal('window', { addEventListener: (type: string, f: (event: unknown) => void) => listeners.set(type, f), removeEventListener: (type: string) => listeners.delete(type) })
  spaceKey.setState({ is: 'up' })
})

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('Space', () => {
  it('is a key like others when it is let go of', () => {
    heedSpace(pressed)
    spaceKey.setState({ is: 'held' })
    listeners.get('keyup')?.({ key: ' ' })
    expect(pressed).toHaveBeenCalledOnce()
    expect(pansBySpace()).toBe(false)
  })

  it('is none once it has panned', () => {
    heedSpace(pressed)
    spaceKey.setState({ is: 'held' })
    expect([pansBySpace(), pansBySpace()]).toEqual([true, true])
    listeners.get('keyup')?.({ key: ' ' })
    expect(pressed).not.toHaveBeenCalled()
  })

  it('is forgotten when another window takes the keys', () => {
    const stop = heedSpace(pressed)
    spaceKey.setState({ is: 'held' })
    listeners.get('blur')?.({})
    listeners.get('keyup')?.({ key: ' ' })
    expect(pressed).not.toHaveBeenCalled()
    stop()
    expect(listeners.size).toBe(0)
  })
})
