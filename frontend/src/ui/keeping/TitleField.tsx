import { isSaved } from '../../document/remote'
import { useDocument, useFiling, useKeeping, useRuns, useTools } from '../context'
import { Hint } from '../controls'
import { titleOf } from './naming'

/** What the design is called, where it is kept, and the button that saves it. */
export function TitleField() {
  const { studio } = useTools()
  const { saving } = useFiling()
  const title = useDocument(titleOf)
  const remote = useKeeping((k) => k.remote)
  const busy = useKeeping((k) => k.saving)
  const shelf = useKeeping((k) => k.shelf)
  const saved = useDocument((s) => isSaved(remote, s.history, s))
  const online = useRuns((s) => s.link.kind === 'online')
  const state = busy ? 'Saving…' : saved ? 'Saved on the service' : shelf === 'off' ? 'Not kept' : shelf === 'waiting' ? 'Keeping…' : remote !== null ? 'Changed since saving' : 'Kept in this browser'
  const hint = saved ? 'Everything is saved on the service' : shelf === 'off' ? 'This browser keeps nothing: save the design on the service, or export it' : online ? 'Save on the service' : 'The service is out of reach; the design stays in this browser'
  return (
    <div className="title-field">
      <button type="button" className="title-name" title="Name and tags" onClick={() => studio.desk.setState({ dialog: 'details' })}>{title}</button>
      <span className="title-state" data-state={saved ? 'saved' : shelf === 'off' ? 'off' : 'kept'}>{state}</span>
      {/* It keeps its place when all is saved: whoever clicks twice must not hit what would take it (undo). */}
      <Hint label={hint} keys="Ctrl S" side="bottom">
        <button type="button" className="save-button" disabled={busy || saved || !online} onClick={() => void saving.save()}>Save</button>
      </Hint>
    </div>
  )
}
