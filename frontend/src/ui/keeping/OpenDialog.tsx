import { useEffect, useState, type ReactNode } from 'react'
import type { ShelfTitle } from '../../document/shelf'
import { deleteDesign, searchDesigns } from '../../service/designs'
import type { DesignSummary } from '../../service/design_types'
import { words } from '../../service/http'
import { useFiling, useKeeping, useTools } from '../context'
import { IconButton } from '../controls'
import { ago } from '../history/rows'
import { TrashIcon } from '../icons'
import { Sheet } from '../sheet'
import { plural } from '../words'
import { isFoundBy } from './naming'

const TYPING_MS = 200

/** Designs to go on with: those of the service, which can be searched, and those that this browser has kept. */
export function OpenDialog() {
  const { studio } = useTools()
  const filing = useFiling()
  const [text, setText] = useState('')
  const close = () => studio.desk.setState({ dialog: null })
  return (
    <Sheet title="Open a design" lead="What is open now stays kept in this browser." size="middle" onClose={close}>
      <div className="open-head">
        <input
          className="text-field"
          type="search"
          aria-label="Search designs"
          placeholder="Name, tag or formula"
          value={text}
          autoFocus
          onChange={(event) => setText(event.target.value)}
        />
        <button type="button" className="quiet-button" onClick={() => { close(); filing.pickFile() }}>Open a file…</button>
      </div>
      <OnService text={text} onOpened={close} />
      <InBrowser text={text} onOpened={close} />
    </Sheet>
  )
}

interface Found {
  readonly of: string
  readonly designs: readonly DesignSummary[]
  readonly next: string | null
  readonly total: number
}

function OnService({ text, onOpened }: { text: string; onOpened: () => void }) {
  const { saving } = useFiling()
  const own = useKeeping((k) => k.remote?.id ?? null)
  const [found, setFound] = useState<Found | null>(null)
  const [failure, setFailure] = useState<string | null>(null)
  const [again, setAgain] = useState(0)
  useEffect(() => {
    const abort = new AbortController()
    const timer = setTimeout(() => {
      searchDesigns(text, null, abort.signal).then(
        (page) => {
          setFailure(null)
          setFound({ of: text, ...page })
        },
        (error: unknown) => { if (!abort.signal.aborted) setFailure(words(error)) },
      )
    }, text === '' ? 0 : TYPING_MS)
    return () => {
      clearTimeout(timer)
      abort.abort()
    }
  }, [text, again])
  const more = async () => {
    if (found?.next == null) return
    try {
      const page = await searchDesigns(found.of, found.next, new AbortController().signal)
      setFound({ of: found.of, ...page, designs: [...found.designs, ...page.designs] })
    } catch (error) {
      setFailure(words(error))
    }
  }
  const remove = async (design: DesignSummary) => {
    try {
      await deleteDesign(design)
    } catch (error) {
      setFailure(words(error))
    }
    setAgain((n) => n + 1)
  }
  const open = async (id: string) => {
    if (await saving.open(id)) onOpened()
  }
  return (
    <Shelved title="On the service" note={failure ?? (found === null ? 'Looking…' : found.designs.length === 0 ? (text === '' ? 'Nothing is saved yet: “Save” puts the open design here.' : 'Nothing fits.') : null)}>
      {found?.designs.map((d) => (
        <Row
          key={d.id}
          title={d.name === '' ? 'Untitled' : d.name}
          note={[ago(Date.parse(d.updated)), plural(d.n_nodes, 'step'), ...(d.share === null ? [] : ['shared']), ...d.tags].join(' · ')}
          picture={d.thumbnail}
          current={d.id === own}
          onOpen={() => void open(d.id)}
          onRemove={() => void remove(d)}
        />
      ))}
      {found?.next != null && <li><button type="button" className="quiet-button" onClick={() => void more()}>Show more of {found.total}</button></li>}
    </Shelved>
  )
}

function InBrowser({ text, onOpened }: { text: string; onOpened: () => void }) {
  const { keeper } = useFiling()
  const own = useKeeping((k) => k.id)
  const [kept, setKept] = useState<readonly ShelfTitle[] | null>(null)
  const [again, setAgain] = useState(0)
  useEffect(() => {
    let wanted = true
    const list = async () => (await keeper.keep(), (await keeper.shelf?.list()) ?? [])
    list().then((all) => { if (wanted) setKept(all) }, () => { if (wanted) setKept([]) })
    return () => { wanted = false }
  }, [keeper, again])
  const shown = (kept ?? []).filter((k) => isFoundBy(text, k))
  const remove = async (id: string) => {
    await keeper.shelf?.remove(id)
    setAgain((n) => n + 1)
  }
  const note = keeper.shelf === null ? 'This browser keeps nothing.' : kept === null ? 'Looking…' : shown.length === 0 ? (text === '' ? 'Nothing yet.' : 'Nothing fits.') : null
  return (
    <Shelved title="In this browser" note={note}>
      {shown.map(({ id, title, at, nodes, picture }) => (
        <Row
          key={id}
          title={title}
          note={`${ago(at)} · ${plural(nodes, 'step')}`}
          picture={picture}
          current={id === own}
          onOpen={() => { onOpened(); void keeper.openShelved(id) }}
          onRemove={() => void remove(id)}
        />
      ))}
    </Shelved>
  )
}

function Shelved({ title, note, children }: { title: string; note: string | null; children: ReactNode }) {
  return (
    <section className="shelved">
      <h3>{title}</h3>
      <ul>{children}</ul>
      {note !== null && <p className="shelved-note" role="status">{note}</p>}
    </section>
  )
}

function Row(props: { title: string; note: string; picture: string | null; current: boolean; onOpen: () => void; onRemove: () => void }) {
  const { title, note, picture, current, onOpen, onRemove } = props
  const [sure, setSure] = useState(false)
  return (
    <li className="shelved-row" data-current={current || undefined}>
      <button type="button" className="shelved-go" disabled={current} onClick={onOpen}>
        {picture === null ? <i className="shelved-blank" aria-hidden="true" /> : <img src={picture} width="40" height="40" alt="" />}
        <span><b>{title}</b><small>{current ? `open now · ${note}` : note}</small></span>
      </button>
      {!current && (sure
        ? <button type="button" className="danger-button" autoFocus onBlur={() => setSure(false)} onClick={onRemove}>Delete for good</button>
        : <IconButton label={`Delete “${title}”`} side="left" onClick={() => setSure(true)}><TrashIcon /></IconButton>)}
    </li>
  )
}
