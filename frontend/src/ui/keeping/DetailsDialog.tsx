import { useState } from 'react'
import { useDocument, useKeeping, useTools } from '../context'
import { ago } from '../history/rows'
import { Sheet } from '../sheet'
import { plural } from '../words'
import { tagsFrom, titleOf } from './naming'

/** What a design is called, and what it holds. */
export function DetailsDialog() {
  const { studio } = useTools()
  const opened = useDocument((s) => s)
  const remote = useKeeping((k) => k.remote)
  const [title, setTitle] = useState(opened.title)
  const [tags, setTags] = useState(opened.tags.join(', '))
  const close = () => studio.desk.setState({ dialog: null })
  const nodes = [...opened.history.nodes.values()]
  const generations = nodes.filter((n) => n.origin.kind === 'generation').length
  const begun = nodes[0].at
  return (
    <Sheet title="Design" lead="A name and tags, by which it is found again." onClose={close}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault()
          studio.document.getState().setTitle({ title: title.trim(), tags: tagsFrom(tags) })
          close()
        }}
      >
        <label>
          <span>Name</span>
          <input className="text-field" value={title} maxLength={200} placeholder={titleOf({ ...opened, title: '' })} autoFocus onChange={(event) => setTitle(event.target.value)} />
        </label>
        <label>
          <span>Tags</span>
          <input className="text-field" value={tags} placeholder="with commas between them" onChange={(event) => setTags(event.target.value)} />
        </label>
        <dl className="facts">
          <div><dt>Begun</dt><dd>{ago(begun)}</dd></div>
          <div><dt>History</dt><dd>{plural(nodes.length, 'step')}, {plural(generations, 'generation')}</dd></div>
          <div><dt>On the service</dt><dd>{remote === null ? 'not saved' : remote.share === null ? `version ${remote.revision}` : `version ${remote.revision}, shared`}</dd></div>
        </dl>
        <footer className="form-foot">
          <button type="button" className="quiet-button" onClick={close}>Cancel</button>
          <button type="submit" className="strong-button">Keep</button>
        </footer>
      </form>
    </Sheet>
  )
}
