import { describe, expect, it } from 'vitest'
import { FIRST_EXAMPLE } from './examples'
import { fromLink, toLink } from './link'

const recipe = { title: 'Größe №1', design: FIRST_EXAMPLE.design(), run: true }

describe('a link', () => {
  it('brings back the design, bit for bit', async () => {
    expect(await fromLink(await toLink(recipe))).toEqual(recipe)
  })

  it('reads a design of earlier pages, which had fewer settings', async () => {
    const { noise, validOnly, ...before } = recipe.design.settings
    expect([noise, validOnly]).toEqual([null, false])
    const old = { ...recipe, design: { ...recipe.design, settings: before } }
    expect(await fromLink(await toLink(old as typeof recipe))).toEqual(recipe)
  })

  it('is made of letters that an address may hold, and short', async () => {
    const letters = await toLink(recipe)
    expect(letters).toMatch(/^[A-Za-z0-9_-]+$/)
    expect(letters.length).toBeLessThan(2_000)
  })

  it('says so when a part of it is missing', async () => {
    const letters = await toLink(recipe)
    await expect(fromLink(letters.slice(0, 200))).rejects.toThrow(/all of them/)
    await expect(fromLink('???')).rejects.toThrow(/all of them/)
  })

  it('refuses what lies farther away than any design', async () => {
    const { design } = recipe
    const far = design.blobs.map((blob) => ({ ...blob, center: [1e9, 0, 0] as const }))
    await expect(fromLink(await toLink({ ...recipe, design: { ...design, blobs: far } }))).rejects.toThrow(/blobs\[0\]\.center.*from -1000000 to 1000000, got 1000000000/)
    const { scaffold } = design
    if (scaffold === null) throw new Error('the first example has a scaffold')
    const spread = { ...scaffold, positions: scaffold.positions.map(([x, y]) => [x, y, 1e9] as const) }
    await expect(fromLink(await toLink({ ...recipe, design: { ...design, scaffold: spread } }))).rejects.toThrow(/scaffold\.positions\[0\]/)
  })

  it('refuses a design that is none', async () => {
    const letters = await toLink({ ...recipe, design: { ...recipe.design, settings: { ...recipe.design.settings, seed: -1 } } })
    await expect(fromLink(letters)).rejects.toThrow(/seed/)
  })
})
