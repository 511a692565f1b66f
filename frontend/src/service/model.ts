import type { ModelCard } from '../stream/protocol'
import { call } from './http'

/** Which model is at work. Throws `ServiceError` while it is being loaded. */
export async function modelCard(): Promise<ModelCard> {
  return (await (await call('/model')).json()) as ModelCard
}
