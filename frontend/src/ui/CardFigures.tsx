import { scaffoldFrom } from '../document/design'
import { predictionOf } from '../service/predictions'
import type { Candidate } from '../stream/protocol'
import { gapInShort, predictedFacts } from './molecule/predictedFacts'
import { Spark } from './Spark'
import { useAnswer } from './useAnswer'

const ofCandidate = (candidate: Candidate) => predictionOf(scaffoldFrom(candidate))

/** How a candidate came to rest, and beside it, once it is a molecule, the gap that a network predicts; else the noise that is left. */
export function CardFigures({ reqId, sample, steps, candidate }: { reqId: string; sample: number; steps: number; candidate: Candidate | undefined }) {
  const answer = useAnswer(candidate?.valid === true ? candidate : null, ofCandidate)
  const found = answer.state === 'known' ? answer.answer : null
  const gap = found === null ? null : gapInShort(found)
  return (
    <>
      <Spark reqId={reqId} sample={sample} steps={steps} worded={gap === null} />
      {gap !== null && found !== null && <small className="card-gap" title={`${gap}, predicted. ${predictedFacts(found).note ?? predictedFacts(found).source}`}>{gap}</small>}
    </>
  )
}
