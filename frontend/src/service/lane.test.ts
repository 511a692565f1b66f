import { describe, expect, it } from 'vitest'
import { Lane } from './lane'

function task() {
  let end: (how: 'well' | 'badly') => void = () => undefined
  const made = { begun: false, end: (how: 'well' | 'badly') => end(how) }
  const run = () => {
    made.begun = true
    return new Promise<string>((well, badly) => {
      end = (how) => (how === 'well' ? well('done') : badly(new Error('refused')))
    })
  }
  return { made, run }
}

const settle = () => new Promise((go) => setTimeout(go))

describe('Lane', () => {
  it('lets two run at a time, and the others in their order', async () => {
    const lane = new Lane(2)
    const all = [task(), task(), task(), task()]
    const answers = all.map(({ run }) => lane.take(run))
    const begun = () => all.map(({ made }) => made.begun)
    await settle()
    expect(begun()).toEqual([true, true, false, false])
    all[1].made.end('well')
    await settle()
    expect(begun()).toEqual([true, true, true, false])
    all[0].made.end('well')
    await settle()
    expect(begun()).toEqual([true, true, true, true])
    all[2].made.end('well')
    all[3].made.end('well')
    expect(await Promise.all(answers)).toEqual(['done', 'done', 'done', 'done'])
  })

  it('goes on after a task that failed, and is free when all are done', async () => {
    const lane = new Lane(1)
    const [first, second, third] = [task(), task(), task()]
    const failed = lane.take(first.run)
    const next = lane.take(second.run)
    await settle()
    first.made.end('badly')
    await expect(failed).rejects.toThrow('refused')
    await settle()
    expect(second.made.begun).toBe(true)
    second.made.end('well')
    await next
    void lane.take(third.run)
    await settle()
    expect(third.made.begun).toBe(true)
  })
})
