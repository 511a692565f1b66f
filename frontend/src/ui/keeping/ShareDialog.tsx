import { useEffect, useState } from 'react'
import { isSaved } from '../../document/remote'
import { words } from '../../service/http'
import { useDocument, useFiling, useKeeping, useRuns, useTools } from '../context'
import { CopyIcon } from '../icons'
import { Sheet } from '../sheet'

/** Two ways to hand a design on: a name on the service, or a link that holds the design itself. */
export function ShareDialog() {
  const { studio } = useTools()
  return (
    <Sheet title="Share" lead="Whoever opens a link gets a copy of their own." onClose={() => studio.desk.setState({ dialog: null })}>
      <SavedLink />
      <RecipeLink />
    </Sheet>
  )
}

function SavedLink() {
  const filing = useFiling()
  const { saving } = filing
  const remote = useKeeping((k) => k.remote)
  const busy = useKeeping((k) => k.saving)
  const saved = useDocument((s) => isSaved(remote, s.history, s))
  const online = useRuns((s) => s.link.kind === 'online')
  const share = remote?.share ?? null
  const begin = async () => {
    if (await saving.save()) await saving.share(true)
  }
  return (
    <section className="share-way">
      <h3>The whole design, kept on the service</h3>
      <p>With its history and every candidate. Whoever has the link can open it, until you end that.</p>
      {share === null ? (
        <button type="button" className="strong-button" disabled={busy || !online} onClick={() => void begin()}>{saved ? 'Make a link' : 'Save, and make a link'}</button>
      ) : (
        <>
          <LinkField label="Link to the saved design" link={filing.sharedLink(share)} />
          <div className="share-row">
            {!saved && <button type="button" className="quiet-button" disabled={busy} onClick={() => void saving.save()}>Save what is new</button>}
            <button type="button" className="quiet-button" onClick={() => void saving.share(false)}>End sharing</button>
            {!saved && <span>There are changes that the link does not show yet.</span>}
          </div>
        </>
      )}
      {!online && share === null && <p className="panel-note">The service is out of reach.</p>}
    </section>
  )
}

function RecipeLink() {
  const filing = useFiling()
  const [link, setLink] = useState<{ text: string } | { failed: string } | null>(null)
  useEffect(() => {
    let wanted = true
    filing.recipeLink().then(
      (text) => { if (wanted) setLink({ text }) },
      (error: unknown) => { if (wanted) setLink({ failed: words(error) }) },
    )
    return () => { wanted = false }
  }, [filing])
  return (
    <section className="share-way">
      <h3>What is shown now, within the link itself</h3>
      <p>Molecule, blobs, settings and seed. Nothing is kept on the service; a generation is run again, and comes out the same.</p>
      {link === null ? <LinkField label="Link that holds the design" link="" /> : 'failed' in link ? <p className="panel-note">{link.failed}</p> : <LinkField label="Link that holds the design" link={link.text} />}
    </section>
  )
}

function LinkField({ label, link }: { label: string; link: string }) {
  const filing = useFiling()
  return (
    <div className="link-field">
      <input className="text-field" aria-label={label} readOnly value={link} onFocus={(event) => event.target.select()} />
      <button type="button" className="quiet-button" disabled={link === ''} onClick={() => filing.copy(link, 'the link')}><CopyIcon />Copy</button>
    </div>
  )
}
