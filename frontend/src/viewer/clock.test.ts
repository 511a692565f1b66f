import { describe, expect, it } from 'vitest'
import { advance, framesPerSecond, onSameStep, stepBy, togglePlay } from './clock'

describe('advance', () => {
  const playing = { at: 3, playing: true }

  it('goes on with time and stops at the end of a finished run', () => {
    expect(advance(playing, 40, 65, 65, false).at).toBeGreaterThan(3)
    expect(advance({ at: 63.9, playing: true }, 1000, 65, 65, false)).toEqual({ at: 64, playing: false })
  })

  it('waits at the newest frame of a live run and goes on when more arrive', () => {
    const waiting = advance(playing, 5000, 6, 65, true)
    expect(waiting).toEqual({ at: 5, playing: true })
    expect(advance(waiting, 40, 20, 65, true).at).toBeGreaterThan(5)
  })

  it('stands still when stopped or before the first frame', () => {
    const stopped = { at: 3, playing: false }
    expect(advance(stopped, 100, 65, 65, false)).toBe(stopped)
    expect(advance(playing, 100, 0, 65, true)).toBe(playing)
  })
})

it('stays on its step when frames come in before it', () => {
  const steps = (...list: number[]) => list.map((step) => ({ step }))
  const now = steps(0, 1, 2, 3, 4)
  expect(onSameStep({ at: 1, playing: false }, steps(0, 4), now)).toEqual({ at: 4, playing: false })
  expect(onSameStep({ at: 1.4, playing: true }, steps(0, 2, 4), now)).toEqual({ at: 2, playing: true })
  const head = { at: 7, playing: false }
  expect(onSameStep(head, steps(0, 4), now)).toBe(head)
})

it('plays every length in between 1.4 and 4 seconds', () => {
  for (const frames of [2, 17, 65, 257, 1025]) {
    const seconds = (frames - 1) / framesPerSecond(frames)
    expect(seconds).toBeGreaterThan(1.39)
    expect(seconds).toBeLessThan(4.01)
  }
})

describe('stepping', () => {
  it('lands on whole frames and stays inside', () => {
    expect(stepBy({ at: 3.4, playing: true }, 1, 10)).toEqual({ at: 4, playing: false })
    expect(stepBy({ at: 3.4, playing: true }, -1, 10)).toEqual({ at: 3, playing: false })
    expect(stepBy({ at: 9, playing: false }, 1, 10).at).toBe(9)
    expect(stepBy({ at: 0, playing: false }, -1, 10).at).toBe(0)
  })

  it('plays again from the start once at the end', () => {
    expect(togglePlay({ at: 9, playing: false }, 10)).toEqual({ at: 0, playing: true })
    expect(togglePlay({ at: 4, playing: false }, 10)).toEqual({ at: 4, playing: true })
    expect(togglePlay({ at: 4, playing: true }, 10)).toEqual({ at: 4, playing: false })
  })
})
