import { describe, expect, it } from 'vitest'
import { newRun, type Run } from '../stream/run'
import { aboutRun } from './aboutRun'

const spec = { formula: 'C2H4O', steps: 4, valid_only: true }
const live: Run = { ...newRun('a', spec), phase: 'running', job: '1' }
const from = { reqId: 'a', job: '1', step: 2 }
const [some, all] = [{ available: 3, expected: 5 }, { available: 5, expected: 5 }]

describe('the hint over a run', () => {
  it('says that failed candidates are run again once every frame is there', () => {
    expect(aboutRun({ run: live, from: null }, some)).toBe('Move the blob, and the atoms follow')
    expect(aboutRun({ run: live, from: null }, all)).toContain('run again')
  })

  it('says nothing of the kind over a branch, whose candidates never are, nor where nobody asked for it', () => {
    expect(aboutRun({ run: live, from }, all)).toBe('Move the blob, and the atoms follow')
    expect(aboutRun({ run: { ...live, spec: { ...spec, valid_only: false } }, from: null }, all)).toBe('Move the blob, and the atoms follow')
  })

  it('puts the connection before all else', () => {
    expect(aboutRun({ run: { ...live, lost: true, paused: true }, from: null }, all)).toContain('Connection lost')
    expect(aboutRun({ run: { ...live, paused: true }, from: null }, all)).toContain('Held')
  })
})
