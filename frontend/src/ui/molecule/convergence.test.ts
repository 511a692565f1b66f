import { expect, it } from 'vitest'
import { convergence } from './convergence'

it('takes one candidate’s values, and leaves out what a logarithm cannot take', () => {
  const frame = (step: number, sigma: number[], force: number[]) => ({
    step,
    positions: new Float32Array(),
    bonds: [],
    sigmaHat: Float32Array.from(sigma),
    rmsForce: Float32Array.from(force),
  })
  const found = convergence({ frames: [frame(0, [1, 2], [8, 4]), frame(4, [0.5, 0], [NaN, -1])] }, 1)
  expect(found).toEqual({ steps: [0, 4], sigma: [2, null], force: [4, null] })
  expect(convergence({ frames: [frame(0, [1], [1])] }, 3).sigma).toEqual([null])
})
