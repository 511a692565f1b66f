import { LIMITS, type Design, type GaussianBlob } from '../document/types'
import type { Studio } from '../studio'
import type { Mode, Tool } from './session'

export type BlobPatch = Partial<Omit<GaussianBlob, 'id' | 'site'>>

/** What every kind of action needs: the design, a way to change it, and what is on show and chosen. */
export class Acting {
  constructor(protected readonly studio: Studio) {}

  protected get design(): Design {
    return this.studio.document.getState().design
  }

  protected commit(label: string, design: Design, mergeKey?: string): void {
    this.studio.document.getState().commit(label, design, mergeKey)
  }

  protected say(announcement: string): void {
    this.studio.session.setState({ announcement })
  }

  /** Whether the live run on show follows an edit, so that there is no need to turn back to the design. */
  protected leads(design: Design): boolean {
    return this.studio.session.getState().mode === 'results' && this.studio.runs.follows(design)
  }

  setTool(tool: Tool): void {
    this.studio.session.setState({ tool, measured: [], modal: null, ...(tool === 'select' ? {} : { atoms: [] }) })
    if (tool === 'blob' || tool === 'attach') this.setMode('design')
  }

  select(blob: string | null): void {
    this.studio.session.setState({ selected: blob, modal: null, ...(blob === null ? {} : { atoms: [] }) })
  }

  setMode(mode: Mode): void {
    if (mode === 'results' && this.studio.runs.active === null) return
    if (mode !== 'compare') this.studio.desk.setState({ compared: null })
    const atoms = mode === 'design' ? this.studio.session.getState().atoms : []
    this.studio.session.setState({ mode, measured: [], hover: null, hoverAtom: null, modal: null, atoms })
  }
}

/** Widths within their limits; a blob whose widths a hand has changed keeps them from then on. */
export function byHand(blob: GaussianBlob | undefined, patch: BlobPatch): BlobPatch {
  if (blob === undefined || patch.widths === undefined) return patch
  const { min, max } = LIMITS.width
  const [x, y, z] = patch.widths.map((w) => Math.min(max, Math.max(min, w)))
  const changed = x !== blob.widths[0] || y !== blob.widths[1] || z !== blob.widths[2]
  return { ...patch, widths: [x, y, z], ...(changed ? { autoSize: false } : {}) }
}
