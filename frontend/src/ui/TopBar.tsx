import * as Menu from '@radix-ui/react-dropdown-menu'
import { useEffect } from 'react'
import { EXAMPLES } from '../document/examples'
import { canRedo, canUndo } from '../document/history'
import { modelCard } from '../service/model'
import { useActions, useDocument, useRuns, useSession, useTools } from './context'
import { IconButton } from './controls'
import { ExportMenu } from './ExportMenu'
import { AutoIcon, HelpIcon, MenuIcon, MoonIcon, RedoIcon, SearchIcon, ShareIcon, SunIcon, UndoIcon } from './icons'
import { TitleField } from './keeping/TitleField'
import type { Theme } from './theme'

export function TopBar() {
  const actions = useActions()
  const { studio } = useTools()
  const undoable = useDocument((s) => canUndo(s.history))
  const redoable = useDocument((s) => canRedo(s.history))
  return (
    <header className="top-bar">
      <h1 className="brand"><Mark />GPFF Studio</h1>
      <DesignMenu />
      <TitleField />
      <div className="group">
        <IconButton label="Undo" keys="Ctrl Z" disabled={!undoable} onClick={() => actions.travels.undo()}><UndoIcon /></IconButton>
        <IconButton label="Redo" keys="Ctrl ⇧ Z" disabled={!redoable} onClick={() => actions.travels.redo()}><RedoIcon /></IconButton>
      </div>
      <div className="spacer" />
      <LinkBadge />
      <button type="button" className="palette-button" aria-label="Find a command, Ctrl K" onClick={() => studio.desk.setState({ palette: true })}>
        <SearchIcon /><kbd>Ctrl K</kbd>
      </button>
      <button type="button" className="text-button" aria-label="Share" onClick={() => studio.desk.setState({ dialog: 'share' })}><ShareIcon /><span className="wide-only">Share</span></button>
      <ExportMenu />
      <ThemeButton />
      <IconButton label="Help and shortcuts" keys="?" onClick={() => studio.session.setState({ help: true })}><HelpIcon /></IconButton>
    </header>
  )
}

function Mark() {
  return (
    <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
      <ellipse cx="19" cy="13" rx="11" ry="8" transform="rotate(-28 19 13)" fill="var(--blob)" fillOpacity=".5" stroke="var(--blob)" strokeWidth="1.5" />
      <path d="M7 25l7-7.5 7-4.5" stroke="currentColor" strokeOpacity=".55" strokeWidth="2.6" strokeLinecap="round" fill="none" />
      <circle cx="7" cy="25" r="3.6" fill="#e5484d" />
      <circle cx="14" cy="17.5" r="3.9" fill="#8a929c" />
    </svg>
  )
}

function DesignMenu() {
  const { studio, filing } = useTools()
  const dialog = (name: 'open' | 'details' | 'paste') => () => studio.desk.setState({ dialog: name })
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger className="text-button">Design<MenuIcon /></Menu.Trigger>
      <Menu.Portal>
        <Menu.Content className="menu" align="start" sideOffset={6} collisionPadding={8}>
          <Menu.Item onSelect={() => void filing.startOver()}>New design</Menu.Item>
          <Menu.Item onSelect={dialog('open')}>Open…<kbd>Ctrl O</kbd></Menu.Item>
          <Menu.Item onSelect={() => void filing.saving.save()}>Save on the service<kbd>Ctrl S</kbd></Menu.Item>
          <Menu.Item onSelect={dialog('details')}>Name and tags…</Menu.Item>
          <Menu.Separator />
          <Menu.Item onSelect={dialog('paste')}>Start from a real molecule…</Menu.Item>
          <Menu.Item onSelect={() => filing.pickFile()}>Open a file…</Menu.Item>
          <Menu.Separator />
          <Menu.Label>Examples</Menu.Label>
          {EXAMPLES.map((example) => (
            <Menu.Item key={example.id} onSelect={() => filing.loadExample(example)}>
              <span>{example.title}</span>
              <small>{example.note}</small>
            </Menu.Item>
          ))}
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  )
}

/** How often a service that is loading its model is asked whether it has it. */
const ASK_MS = 2_000

function LinkBadge() {
  const link = useRuns((s) => s.link)
  const model = useRuns((s) => s.model)
  // Before the service has greeted nobody knows whether it has its model.
  const greeted = useRuns((s) => s.limits !== null)
  const { studio } = useTools()
  const online = link.kind === 'online'
  const { runs } = studio
  // The service says it once, when one comes: who came before the model has to ask.
  useEffect(() => {
    if (!online || model !== null) return
    const timer = setInterval(() => void modelCard().then((card) => runs.store.setState({ model: card }), () => undefined), ASK_MS)
    return () => clearInterval(timer)
  }, [online, model, runs])
  if (link.kind === 'offline') {
    return (
      <button type="button" className="link-badge" data-state="offline" onClick={() => studio.socket.connect()}>
        <i />Offline · trying again
      </button>
    )
  }
  const text = !online || !greeted ? 'Connecting' : model === null ? 'Model is loading' : 'Ready'
  const title = model === null ? undefined : `Model ${model.name} (${model.hash.slice(0, 8)}) on ${model.device}`
  return (
    <span className="link-badge" data-state={online && model !== null ? 'online' : 'waiting'} title={title}>
      <i />{text}
    </span>
  )
}

const THEMES: Record<Theme, { next: Theme; label: string }> = {
  system: { next: 'light', label: 'Theme: as the system' },
  light: { next: 'dark', label: 'Theme: light' },
  dark: { next: 'system', label: 'Theme: dark' },
}

function ThemeButton() {
  const theme = useSession((s) => s.theme)
  const actions = useActions()
  return (
    <IconButton label={THEMES[theme].label} onClick={() => actions.setTheme(THEMES[theme].next)}>
      {theme === 'system' ? <AutoIcon /> : theme === 'light' ? <SunIcon /> : <MoonIcon />}
    </IconButton>
  )
}
