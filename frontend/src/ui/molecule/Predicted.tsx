import { predictionOf } from '../../service/predictions'
import type { Scaffold } from '../../document/types'
import { useRuns } from '../context'
import { useAnswer } from '../useAnswer'
import { predictedFacts } from './predictedFacts'

/** What a network predicts of the geometry that is looked at; nothing where the service has no such network. */
export function Predicted({ structure }: { structure: Scaffold }) {
  const online = useRuns((s) => s.link.kind === 'online')
  const answer = useAnswer(structure, predictionOf, Number(online))
  const found = answer.state === 'known' ? answer.answer : answer.state === 'asked' ? answer.last : null
  if (found === null) return null
  const { facts, source, note } = predictedFacts(found)
  return (
    <section className="predicted" aria-busy={answer.state === 'asked'}>
      <h4 title={source}>Predicted from this geometry</h4>
      <dl className="facts">
        {facts.map(({ name, value, error, hint }) => (
          <div key={name} title={hint}>
            <dt>{name}</dt>
            <dd>{value}<small>{error === null ? '' : ` ± ${error}`} eV</small></dd>
          </div>
        ))}
      </dl>
      {note !== null && <p className="predicted-note">{note}</p>}
    </section>
  )
}
