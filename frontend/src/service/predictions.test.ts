import { expect, it } from 'vitest'
import { ServiceError } from './http'
import type { Geometry, PredictResult } from './molecule_types'
import { Predictor } from './predictions'

const atom = (number: number): Geometry => ({ numbers: [number], positions: [[0, 0, 0]] })
const model: PredictResult['model'] = {
  name: 'properties', hash: 'abc', test_mae: { gap_ev: 0.1, atomisation_energy_ev: 0.2 },
  trained_on: { data: 'QM9', level: 'B3LYP', elements: [1, 6], max_heavy_atoms: 9 },
}
const gap = (gap_ev: number): PredictResult['molecules'][number] => ({ gap_ev, atomisation_energy_ev: 1, beyond_training: false, reason: null })

function setUp(answer: (molecules: readonly Geometry[]) => Promise<PredictResult>) {
  const asked: (readonly Geometry[])[] = []
  const later: (() => void)[] = []
  const predictor = new Predictor((molecules) => {
    asked.push(molecules)
    return answer(molecules)
  }, (run) => void later.push(run))
  return { predictor, asked, go: () => { for (const run of later.splice(0)) run() } }
}

const byNumber = (molecules: readonly Geometry[]) => Promise.resolve({ model, molecules: molecules.map((m) => gap(m.numbers[0])) })

it('those who ask at once share one question, and each gets its own answer', async () => {
  const { predictor, asked, go } = setUp(byNumber)
  const all = Promise.all([6, 7, 6, 8].map((z) => predictor.of(atom(z))))
  go()
  expect((await all).map((p) => p?.gap_ev)).toEqual([6, 7, 6, 8])
  expect(asked).toEqual([[atom(6), atom(7), atom(8)]])
  expect((await predictor.of(atom(7)))?.model.test_mae.gap_ev).toBe(0.1)
  expect(asked).toHaveLength(1)
})

it('a service without a network is asked once and no more', async () => {
  const { predictor, asked, go } = setUp(() => Promise.reject(new ServiceError('none', 404)))
  const first = predictor.of(atom(6))
  go()
  expect(await first).toBeNull()
  expect(await predictor.of(atom(7))).toBeNull()
  expect(asked).toHaveLength(1)
})

it('what fails otherwise is asked for again', async () => {
  let fails = true
  const { predictor, go } = setUp((molecules) => (fails ? Promise.reject(new ServiceError('busy', 503)) : byNumber(molecules)))
  const first = predictor.of(atom(6))
  go()
  await expect(first).rejects.toThrow('busy')
  fails = false
  const second = predictor.of(atom(6))
  go()
  expect((await second)?.gap_ev).toBe(6)
})
