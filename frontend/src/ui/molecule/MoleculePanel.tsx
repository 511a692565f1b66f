import { useCallback, useMemo } from 'react'
import { anchorOf, sitesOf } from '../../document/placement'
import { propertiesOf } from '../../service/molecules'
import { useActions, useDesign, useRuns, useSession } from '../context'
import { IconButton } from '../controls'
import { CopyIcon } from '../icons'
import { explainReason } from '../reasons'
import { useAnswer } from '../useAnswer'
import { CandidatePlot } from './CandidatePlot'
import { Drawing } from './Drawing'
import { Predicted } from './Predicted'
import { Properties } from './Properties'
import { useShown, type Shown } from './shown'
import { COMING, smilesIn } from './smiles'

/** The molecule that is looked at: drawn flat, and what is known of it. */
export function MoleculePanel() {
  const shown = useShown()
  const mode = useSession((s) => s.mode)
  return (
    <div className="molecule-panel">
      {shown === null ? <NoMolecule /> : <Known shown={shown} />}
      {mode === 'results' && <CandidatePlot />}
    </div>
  )
}

function NoMolecule() {
  const mode = useSession((s) => s.mode)
  return (
    <div className="panel-empty">
      <p>{mode === 'results' ? 'Choose a candidate to see it drawn, with its properties.' : 'There is no molecule yet. Generate one, or open a file: its drawing and properties will stand here.'}</p>
    </div>
  )
}

function Known({ shown }: { shown: Shown }) {
  const actions = useActions()
  const { structure, reason, candidate } = shown
  const anchors = useAnchors(candidate === null)
  const online = useRuns((s) => s.link.kind === 'online')
  const ask = useCallback((one: Shown) => propertiesOf(one.structure), [])
  const properties = useAnswer(reason === null ? shown : null, ask, Number(online))
  const smiles = smilesIn(structure, properties)
  return (
    <>
      <h3 className="molecule-title">{candidate === null ? 'Scaffold' : `Candidate ${candidate + 1}`}</h3>
      <Drawing structure={structure} drawable={reason === null} highlight={anchors} />
      {smiles !== null && (
        <div className="molecule-smiles">
          <code title={smiles}>{smiles}</code>
          <IconButton label="Copy SMILES" side="left" disabled={smiles === COMING} onClick={() => actions.copySmiles(smiles)}><CopyIcon /></IconButton>
        </div>
      )}
      {reason !== null ? <NoSuch reason={reason} candidate={candidate} /> : <Properties answer={properties} />}
      {reason === null && <Predicted structure={structure} />}
    </>
  )
}

/** Why it is no molecule, and what to try. */
function NoSuch({ reason, candidate }: { reason: string; candidate: number | null }) {
  const { short, advice } = candidate === null ? { short: reason, advice: 'Change it, its bonds or its neighbours, or undo.' } : explainReason(reason)
  return (
    <div className="molecule-reason">
      <p><b>Not a molecule.</b> {short}.</p>
      <p>{advice}</p>
    </div>
  )
}

/** Atoms of the scaffold at which blobs stand. */
function useAnchors(wanted: boolean): readonly number[] {
  const design = useDesign((d) => d)
  const { scaffold, blobs } = design
  return useMemo(() => {
    if (!wanted || scaffold === null) return []
    return [...new Set(blobs.flatMap(sitesOf).map((site) => anchorOf(scaffold, site)))].filter((i) => i >= 0)
  }, [wanted, scaffold, blobs])
}
