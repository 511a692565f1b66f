import { findBlob } from '../document/design'
import { AtomsPanel } from './AtomsPanel'
import { BlobPanel } from './BlobPanel'
import { useActions, useDesign, useSession } from './context'
import { GeneratePanel } from './GeneratePanel'
import { PrimaryAction } from './PrimaryAction'
import { ScaffoldPanel } from './ScaffoldPanel'

export function Inspector() {
  const design = useDesign((d) => d)
  const selected = useSession((s) => s.selected)
  const chosen = useSession((s) => s.atoms)
  const atoms = chosen.filter((i) => i < (design.scaffold?.numbers.length ?? 0))
  const blob = findBlob(design, selected)
  return (
    <aside className="inspector" aria-label="Inspector">
      <div className="inspector-body">
        {design.blobs.length > 1 && <BlobTabs />}
        {blob !== undefined && <BlobPanel design={design} blob={blob} />}
        {design.scaffold !== null && atoms.length > 0 && <AtomsPanel design={design} scaffold={design.scaffold} atoms={atoms} />}
        {design.scaffold !== null && <ScaffoldPanel design={design} scaffold={design.scaffold} />}
        {blob === undefined && design.scaffold === null && <NothingHere />}
        <GeneratePanel />
      </div>
      <PrimaryAction />
    </aside>
  )
}

function BlobTabs() {
  const blobs = useDesign((d) => d.blobs)
  const selected = useSession((s) => s.selected)
  const actions = useActions()
  return (
    <div className="blob-tabs" role="group" aria-label="Blobs">
      {blobs.map((blob, k) => (
        <button key={blob.id} type="button" aria-pressed={blob.id === selected} onClick={() => actions.select(blob.id)}>
          Blob {k + 1}
        </button>
      ))}
    </div>
  )
}

function NothingHere() {
  const actions = useActions()
  const blobs = useDesign((d) => d.blobs)
  return (
    <section className="section empty">
      <p>{blobs.length > 0 ? 'No blob is selected.' : 'A blob says where new atoms shall be, and which.'}</p>
      <button type="button" className="quiet-button" onClick={() => (blobs.length > 0 ? actions.select(blobs[0].id) : actions.placeBlob([0, 0, 0]))}>
        {blobs.length > 0 ? 'Select the blob' : 'Place a blob'}
      </button>
    </section>
  )
}
