import { Suspense, type ComponentType } from 'react'
import { useDesk, useTools } from './context'
import { IconButton } from './controls'
import type { Panel } from './desk'
import { HistoryPanel } from './history/HistoryPanel'
import { CloseIcon, HistoryIcon, MoleculeIcon, TableIcon } from './icons'
import { MoleculePanel } from './molecule/MoleculePanel'
import { TablesPanel } from './tables/TablesPanel'

const PANELS: readonly { panel: Panel; label: string; hint: string; keys: string; Icon: ComponentType; Body: ComponentType }[] = [
  { panel: 'molecule', label: 'Molecule', hint: 'Molecule: drawing and properties', keys: 'I', Icon: MoleculeIcon, Body: MoleculePanel },
  { panel: 'history', label: 'History', hint: 'History', keys: 'Y', Icon: HistoryIcon, Body: HistoryPanel },
  { panel: 'tables', label: 'Atoms and blobs', hint: 'Table of atoms and blobs', keys: 'T', Icon: TableIcon, Body: TablesPanel },
]

/** Which panel stands beside the canvas: buttons at the foot of the tool rail. */
export function PanelRail() {
  const { actions } = useTools()
  const open = useDesk((d) => d.panel)
  return (
    <nav className="panel-rail" aria-label="Panels">
      {PANELS.map(({ panel, hint, keys, Icon }) => (
        <IconButton key={panel} label={hint} keys={keys} side="right" pressed={panel === open} onClick={() => actions.travels.togglePanel(panel)}>
          <Icon />
        </IconButton>
      ))}
    </nav>
  )
}

export function SidePanel() {
  const { actions } = useTools()
  const open = useDesk((d) => d.panel)
  const found = PANELS.find((p) => p.panel === open)
  if (found === undefined) return null
  const { panel, label, Body } = found
  return (
    <aside className="side-panel" aria-label={label} data-panel={panel}>
      <header className="side-head">
        <h2>{label}</h2>
        <IconButton label={`Close: ${label}`} onClick={() => actions.travels.togglePanel(panel)}><CloseIcon /></IconButton>
      </header>
      <Suspense fallback={<p className="panel-note" role="status">Loading…</p>}>
        <Body />
      </Suspense>
    </aside>
  )
}
