import { AnswerCache } from './cache'
import { sendJson, ServiceError } from './http'
import type { Geometry, Prediction, PredictResult, PropertyModel } from './molecule_types'

/** What a network predicts of one geometry, and which network that is, with its errors. */
export interface Predicted extends Prediction {
  readonly model: PropertyModel
}

interface Waiting {
  readonly geometry: Geometry
  readonly tell: (found: Predicted | null) => void
  readonly fail: (error: unknown) => void
}

/** Molecules in one question; the service takes more. */
const MOST = 100

/**
 * Asks the service what its network predicts. Those who ask at the same time share one question, and the same geometry is asked for
 * only once. Null, for good: this service has no such network.
 */
export class Predictor {
  private readonly answers = new AnswerCache<Predicted | null>(500)
  private waiting: Waiting[] = []
  private without = false

  constructor(
    private readonly ask: (molecules: readonly Geometry[]) => Promise<PredictResult>,
    private readonly after: (run: () => void) => void = (run) => void setTimeout(run),
  ) {}

  of({ numbers, positions }: Geometry): Promise<Predicted | null> {
    if (this.without) return Promise.resolve(null)
    const geometry = { numbers, positions }
    return this.answers.get(JSON.stringify(geometry), () => new Promise((tell, fail) => this.wait({ geometry, tell, fail })))
  }

  private wait(one: Waiting): void {
    if (this.waiting.push(one) > 1) return
    this.after(() => {
      const all = this.waiting.splice(0)
      for (let k = 0; k < all.length; k += MOST) void this.send(all.slice(k, k + MOST))
    })
  }

  private async send(all: readonly Waiting[]): Promise<void> {
    try {
      const { model, molecules } = await this.ask(all.map((one) => one.geometry))
      all.forEach(({ tell }, k) => tell({ ...molecules[k], model }))
    } catch (error) {
      this.without ||= error instanceof ServiceError && error.status === 404
      for (const { tell, fail } of all) if (this.without) tell(null)
      else fail(error)
    }
  }
}

const predictor = new Predictor(async (molecules) => (await (await sendJson('/molecules/predict', { molecules })).json()) as PredictResult)

/** Gap and atomisation energy of this geometry; null where the service has no network for them. */
export const predictionOf = (molecule: Geometry): Promise<Predicted | null> => predictor.of(molecule)
