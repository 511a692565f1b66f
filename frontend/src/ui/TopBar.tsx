import * as Menu from '@radix-ui/react-dropdown-menu'
import { EXAMPLES } from '../document/examples'
import { canRedo, canUndo } from '../document/history'
import { useActions, useActiveRun, useDesign, useDocument, useRuns, useSession, useTools } from './context'
import { IconButton } from './controls'
import { AutoIcon, ExportIcon, HelpIcon, MenuIcon, MoonIcon, RedoIcon, SunIcon, UndoIcon } from './icons'
import { candidateStructures, currentStructure } from './files'
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
      <div className="group">
        <IconButton label="Undo" keys="Ctrl Z" disabled={!undoable} onClick={() => actions.undo()}><UndoIcon /></IconButton>
        <IconButton label="Redo" keys="Ctrl ⇧ Z" disabled={!redoable} onClick={() => actions.redo()}><RedoIcon /></IconButton>
      </div>
      <div className="spacer" />
      <LinkBadge />
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
  const actions = useActions()
  return (
    <Menu.Root>
      <Menu.Trigger className="text-button">Design<MenuIcon /></Menu.Trigger>
      <Menu.Portal>
        <Menu.Content className="menu" align="start" sideOffset={6} collisionPadding={8}>
          <Menu.Item onSelect={() => actions.startOver()}>New design</Menu.Item>
          <Menu.Separator />
          <Menu.Label>Examples</Menu.Label>
          {EXAMPLES.map((example) => (
            <Menu.Item key={example.id} onSelect={() => actions.loadExample(example)}>
              <span>{example.title}</span>
              <small>{example.note}</small>
            </Menu.Item>
          ))}
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  )
}

function ExportMenu() {
  const { studio, actions } = useTools()
  // What there is to save changes with these three.
  useSession((s) => `${s.mode}${s.focus ?? ''}`)
  useDesign((d) => d.scaffold)
  const record = useActiveRun()
  const molecule = currentStructure(studio)
  const all = record?.run.phase === 'done' ? candidateStructures(studio) : []
  const nothing = molecule === null && all.length === 0
  return (
    <Menu.Root>
      <Menu.Trigger className="text-button" disabled={nothing} aria-label="Export"><ExportIcon /><span className="wide-only">Export</span></Menu.Trigger>
      <Menu.Portal>
        <Menu.Content className="menu" align="end" sideOffset={6} collisionPadding={8}>
          {molecule !== null && (
            <>
              <Menu.Label className="menu-molecule">{molecule.name}</Menu.Label>
              <Menu.Item onSelect={() => actions.saveMolecules([molecule], 'sdf')}>SDF<small>with bonds</small></Menu.Item>
              <Menu.Item onSelect={() => actions.saveMolecules([molecule], 'xyz')}>XYZ<small>coordinates only</small></Menu.Item>
            </>
          )}
          {molecule !== null && all.length > 1 && <Menu.Separator />}
          {all.length > 1 && (
            <>
              <Menu.Label>All {all.length} candidates</Menu.Label>
              <Menu.Item onSelect={() => actions.saveMolecules(all, 'sdf')}>SDF</Menu.Item>
              <Menu.Item onSelect={() => actions.saveMolecules(all, 'xyz')}>XYZ</Menu.Item>
            </>
          )}
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  )
}

function LinkBadge() {
  const link = useRuns((s) => s.link)
  const model = useRuns((s) => s.model)
  const { studio } = useTools()
  if (link.kind === 'offline') {
    return (
      <button type="button" className="link-badge" data-state="offline" onClick={() => studio.socket.connect()}>
        <i />Offline · trying again
      </button>
    )
  }
  const online = link.kind === 'online'
  const text = !online ? 'Connecting' : model === null ? 'Model is loading' : 'Ready'
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
