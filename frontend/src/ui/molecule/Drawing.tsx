import { useCallback, useMemo } from 'react'
import type { Scaffold } from '../../document/types'
import { depict } from '../../service/molecules'
import { useRuns } from '../context'
import { thumbnailUrl } from '../history/thumbnail'
import { useAnswer } from '../useAnswer'
import { useInk, useShownTheme } from '../useTheme'
import { DEFAULT_SETTINGS } from '../../document/types'

const WIDTH = 244
const HEIGHT = 176

/** A structural formula from the service; a flat picture of the atoms where there is none. Its place never changes its size. */
export function Drawing({ structure, drawable, highlight }: { structure: Scaffold; drawable: boolean; highlight: readonly number[] }) {
  const theme = useShownTheme()
  const ink = useInk()
  const online = useRuns((s) => s.link.kind === 'online')
  const asked = useMemo(() => ({ structure, highlight, theme }), [structure, highlight, theme])
  const ask = useCallback(
    (one: typeof asked) => depict(one.structure, { width: WIDTH, height: HEIGHT, theme: one.theme, highlight: one.highlight }),
    [],
  )
  const answer = useAnswer(drawable ? asked : null, ask, Number(online))
  const known = answer.state === 'known' ? answer.answer : answer.state === 'asked' ? answer.last : null
  const flat = useMemo(() => thumbnailUrl({ scaffold: structure, blobs: [], settings: DEFAULT_SETTINGS }, ink, HEIGHT), [structure, ink])
  const name = structure.smiles ?? 'the molecule'
  return (
    <figure className="drawing" data-state={answer.state}>
      {known !== null ? (
        <img src={`data:image/svg+xml,${encodeURIComponent(known.svg)}`} width={WIDTH} height={HEIGHT} alt={`Structural formula of ${name}`} />
      ) : drawable && answer.state !== 'failed' ? (
        <span className="drawing-wait" aria-hidden="true" />
      ) : (
        <img src={flat} width={HEIGHT} height={HEIGHT} alt={`Flat picture of ${name}`} />
      )}
      {answer.state === 'failed' && <figcaption>No structural formula: {answer.why}</figcaption>}
    </figure>
  )
}
