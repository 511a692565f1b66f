import { freeHydrogens } from '../document/design'
import { useActions, useDesign, useSession } from './context'
import { IconButton } from './controls'
import { AttachIcon, BlobIcon, MeasureIcon, SelectIcon } from './icons'
import type { Tool } from './session'

const TOOLS: readonly { tool: Tool; label: string; keys: string; Icon: () => React.ReactNode }[] = [
  { tool: 'select', label: 'Select', keys: 'V', Icon: SelectIcon },
  { tool: 'blob', label: 'Place a blob: click where it shall be', keys: 'B', Icon: BlobIcon },
  { tool: 'attach', label: 'Attach: click a hydrogen to open a site', keys: 'A', Icon: AttachIcon },
  { tool: 'measure', label: 'Measure: click 2, 3 or 4 atoms', keys: 'M', Icon: MeasureIcon },
]

export function ToolRail() {
  const current = useSession((s) => s.tool)
  const actions = useActions()
  const attachable = useDesign((d) => freeHydrogens(d).length > 0)
  return (
    <nav className="tool-rail" aria-label="Tools">
      {TOOLS.map(({ tool, label, keys, Icon }) => (
        <IconButton
          key={tool}
          label={label}
          keys={keys}
          side="right"
          pressed={tool === current}
          disabled={tool === 'attach' && !attachable}
          onClick={() => actions.setTool(tool)}
        >
          <Icon />
        </IconButton>
      ))}
    </nav>
  )
}
