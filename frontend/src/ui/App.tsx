import * as Tooltip from '@radix-ui/react-tooltip'
import { useEffect, type ReactNode } from 'react'
import { useSession, useTools } from './context'
import { LiveRegion } from './controls'
import { HelpDialog } from './HelpDialog'
import { Inspector } from './Inspector'
import { attachShortcuts } from './shortcuts'
import { PanelRail, SidePanel } from './SidePanel'
import { StageView } from './Stage'
import { Toasts } from './Toasts'
import { ToolRail } from './ToolRail'
import { TopBar } from './TopBar'
import { Tray } from './Tray'

export function App(): ReactNode {
  const tools = useTools()
  const announcement = useSession((s) => s.announcement)
  useEffect(() => attachShortcuts(tools), [tools])
  return (
    <Tooltip.Provider delayDuration={450} skipDelayDuration={200}>
      <div className="app">
        <TopBar />
        <ToolRail />
        <PanelRail />
        <SidePanel />
        <StageView />
        <Inspector />
        <Tray />
      </div>
      <HelpDialog />
      <Toasts />
      <LiveRegion text={announcement} />
    </Tooltip.Provider>
  )
}
