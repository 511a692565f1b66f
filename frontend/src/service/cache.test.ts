import { describe, expect, it } from 'vitest'
import { AnswerCache } from './cache'

describe('answers', () => {
  it('are asked for once, also by two at a time', async () => {
    const cache = new AnswerCache<number>(2)
    let asked = 0
    const ask = () => Promise.resolve(++asked)
    await expect(Promise.all([cache.get('a', ask), cache.get('a', ask)])).resolves.toEqual([1, 1])
    await expect(cache.get('a', ask)).resolves.toBe(1)
  })

  it('that are used least go first', async () => {
    const cache = new AnswerCache<number>(2)
    let asked = 0
    const ask = () => Promise.resolve(++asked)
    await cache.get('a', ask)
    await cache.get('b', ask)
    await cache.get('a', ask)
    await cache.get('c', ask)
    await expect(cache.get('a', ask)).resolves.toBe(1)
    await expect(cache.get('b', ask)).resolves.toBe(4)
  })

  it('that failed are asked for again', async () => {
    const cache = new AnswerCache<number>(2)
    await expect(cache.get('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    await expect(cache.get('a', () => Promise.resolve(7))).resolves.toBe(7)
  })
})
