import * as Dialog from '@radix-ui/react-dialog'
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react'
import { useTools } from '../context'
import { SearchIcon } from '../icons'
import { commands, type Command } from './commands'
import { search } from './fuzzy'

/** Every command by its name. Open only while it is in the page, so that what is possible is looked up anew each time. */
export default function Palette() {
  const tools = useTools()
  const { desk } = tools.studio
  const [query, setQuery] = useState('')
  const [at, setAt] = useState(0)
  const all = useMemo(() => commands(tools), [tools])
  const found = useMemo(() => search(query, query.trim() === '' ? all.filter((c) => c.quiet !== true) : all, ({ title, group, words = '' }) => [title, words, `${group} ${title}`]), [query, all])
  const list = useRef<HTMLUListElement>(null)
  const chosen = found.at(Math.min(at, found.length - 1))?.item
  useEffect(() => {
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' })
  }, [at, query])
  const close = () => desk.setState({ palette: false })
  const run = (command: Command) => {
    close()
    // After the dialog has given the focus back: a command may want it.
    requestAnimationFrame(() => command.run())
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : event.key === 'PageDown' ? 8 : event.key === 'PageUp' ? -8 : 0
    if (step !== 0) {
      event.preventDefault()
      const end = Math.max(0, found.length - 1)
      const next = at + step
      setAt(Math.abs(step) > 1 ? Math.min(end, Math.max(0, next)) : next < 0 ? end : next > end ? 0 : next)
    } else if (event.key === 'Enter' && chosen !== undefined) {
      event.preventDefault()
      run(chosen)
    }
  }
  return (
    <Dialog.Root open onOpenChange={(open) => { if (!open) close() }}>
      <Dialog.Portal>
        <Dialog.Overlay className="dialog-shade" />
        <Dialog.Content className="palette" aria-describedby={undefined} onKeyDown={onKeyDown}>
          <Dialog.Title className="visually-hidden">Commands</Dialog.Title>
          <label className="palette-field">
            <SearchIcon />
            <input
              role="combobox"
              aria-label="Find a command"
              aria-expanded="true"
              aria-controls="palette-list"
              aria-activedescendant={chosen === undefined ? undefined : `command-${chosen.id}`}
              placeholder="What do you want to do?"
              value={query}
              autoFocus
              spellCheck={false}
              onChange={(event) => { setQuery(event.target.value); setAt(0) }}
            />
            <kbd>Esc</kbd>
          </label>
          <ul id="palette-list" ref={list} role="listbox" aria-label="Commands">
            {found.map(({ item, letters }, k) => (
              <li
                key={item.id}
                id={`command-${item.id}`}
                role="option"
                aria-selected={item === chosen}
                data-first={(query === '' && (k === 0 || found[k - 1].item.group !== item.group)) || undefined}
                onPointerMove={() => setAt(k)}
                onClick={() => run(item)}
              >
                <small>{item.group}</small>
                <span><Marked text={item.title} letters={letters} /></span>
                {item.keys !== undefined && item.keys !== '' && <kbd>{item.keys}</kbd>}
              </li>
            ))}
          </ul>
          {found.length === 0 && <p className="panel-note" role="status">No command is called that.</p>}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

/** The letters that were asked for stand out. */
function Marked({ text, letters }: { text: string; letters: readonly number[] }) {
  if (letters.length === 0) return text
  const chosen = new Set(letters)
  return Array.from(text).map((letter, k) => (chosen.has(k) ? <b key={k}>{letter}</b> : letter))
}
