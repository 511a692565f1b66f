import { findBlob } from '../document/design'
import { describeContent } from '../document/difference'
import type { GaussianBlob } from '../document/types'
import { rotate } from '../geometry/quat'
import { addScaled } from '../geometry/vec3'
import { AtomsPanel } from './AtomsPanel'
import { BlobPanel } from './BlobPanel'
import { useActions, useDesign, useSession, useTools } from './context'
import { IconButton } from './controls'
import { PlusIcon } from './icons'
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
        {design.blobs.length > 0 && <BlobTabs />}
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

/** A place next to the last blob, so that the new one can be seen and grabbed. */
function besideAll(blobs: readonly GaussianBlob[]): GaussianBlob['center'] {
  const last = blobs.at(-1)
  return last === undefined ? [0, 0, 0] : addScaled(last.center, rotate(last.rotation, [0, 1, 0]), 2 * last.widths[1] + 1.2)
}

function BlobTabs() {
  const blobs = useDesign((d) => d.blobs)
  const selected = useSession((s) => s.selected)
  const actions = useActions()
  const { studio } = useTools()
  return (
    <div className="blob-tabs" role="group" aria-label="Blobs">
      {blobs.map((blob, k) => (
        <button key={blob.id} type="button" aria-pressed={blob.id === selected} onClick={() => actions.select(blob.id)}>
          <span className="visually-hidden">Blob {k + 1}, </span>{describeContent(blob.content)}<small aria-hidden="true">{k + 1}</small>
        </button>
      ))}
      <IconButton label="One more blob, beside the others" side="left" onClick={() => {
        actions.placeBlob(besideAll(blobs))
        studio.stage.frame()
      }}><PlusIcon /></IconButton>
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
