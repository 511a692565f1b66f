import * as Tooltip from '@radix-ui/react-tooltip'
import { useEffect, type ReactNode } from 'react'
import { useDesk, useSession, useTools } from './context'
import { LiveRegion } from './controls'
import { HelpDialog } from './HelpDialog'
import { DropZone } from './incoming/DropZone'
import { Inspector } from './Inspector'
import { fetchLateParts, late } from './late'
import { addToast } from './session'
import { attachShortcuts } from './shortcuts'
import { PanelRail, SidePanel } from './SidePanel'
import { StageView } from './Stage'
import { Toasts } from './Toasts'
import { ToolRail } from './ToolRail'
import { TourHost } from './tour/TourHost'
import { TopBar } from './TopBar'
import { Tray } from './Tray'

// Not needed to begin with.
const Dialogs = late(() => import('./Dialogs'))
const Palette = late(() => import('./palette/Palette'))

export function App(): ReactNode {
  const tools = useTools()
  const announcement = useSession((s) => s.announcement)
  const dialog = useDesk((d) => d.dialog !== null)
  const palette = useDesk((d) => d.palette)
  useEffect(() => attachShortcuts(tools), [tools])
  useEffect(fetchLateParts, [])
  const missing = () => {
    tools.studio.desk.setState({ dialog: null, palette: false })
    addToast(tools.studio.session, 'error', 'This part of the page cannot be fetched: the service is out of reach.')
  }
  return (
    <Tooltip.Provider delayDuration={450} skipDelayDuration={200}>
      <div className="app">
        <TopBar />
        <ToolRail />
        <PanelRail />
        <SidePanel />
        <StageView />
        <TourHost />
        <Inspector />
        <Tray />
        <Toasts />
      </div>
      <HelpDialog />
      {dialog && <Dialogs onFailed={missing} />}
      {palette && <Palette onFailed={missing} />}
      <DropZone />
      <LiveRegion text={announcement} />
    </Tooltip.Provider>
  )
}
