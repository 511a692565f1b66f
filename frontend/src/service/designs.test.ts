import { afterEach, expect, it, vi } from 'vitest'
import { fetchShared } from './designs'

afterEach(() => {
  vi.unstubAllGlobals()
})

it.each(['', '../../x', 'a/b', 'a b'])('refuses the shared name %j in words, and asks the service for nothing', async (name) => {
  const fetching = vi.fn()
  vi.stubGlobal('fetch', fetching)
  await expect(fetchShared(name)).rejects.toThrow(`the link does not name a design: expected letters, digits, “-” and “_”, got “${name}”`)
  expect(fetching).not.toHaveBeenCalled()
})

it('asks for a name that the service may have given', async () => {
  const fetching = vi.fn(() => Promise.resolve(Response.json({ nodes: [] })))
  vi.stubGlobal('fetch', fetching)
  expect(await fetchShared('QXTG-y_C1')).toEqual({ nodes: [] })
  expect(fetching).toHaveBeenCalledWith('/shared/QXTG-y_C1', expect.anything())
})
