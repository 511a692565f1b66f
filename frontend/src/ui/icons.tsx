import type { ReactNode } from 'react'

/** Line icons on a 20 × 20 grid, drawn in the text's colour. */
function icon(children: ReactNode) {
  return function Icon() {
    return (
      <svg className="icon" viewBox="0 0 20 20" width="20" height="20" fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
        {children}
      </svg>
    )
  }
}

export const SelectIcon = icon(<path d="M5 3.5l10.5 5.8-4.6 1.3-2.4 4.4z" />)
export const BlobIcon = icon(<><ellipse cx="10" cy="10" rx="7" ry="4.8" transform="rotate(-30 10 10)" /><circle cx="10" cy="10" r="1" fill="currentColor" stroke="none" /></>)
export const AttachIcon = icon(<><circle cx="5.5" cy="14.5" r="2.5" /><path d="M7.4 12.6L11 9" /><circle cx="13.5" cy="6.5" r="3.6" strokeDasharray="2.2 2" /></>)
export const MeasureIcon = icon(<><path d="M3 13.5L13.5 3 17 6.5 6.5 17z" /><path d="M6.2 10.3l1.5 1.5M8.8 7.7l2.2 2.2M11.4 5.1l1.5 1.5" /></>)
export const UndoIcon = icon(<path d="M7.5 4.5L4 8l3.5 3.5M4 8h7.5a4.25 4.25 0 010 8.5H8" />)
export const RedoIcon = icon(<path d="M12.5 4.5L16 8l-3.5 3.5M16 8H8.5a4.25 4.25 0 000 8.5H12" />)
export const FitIcon = icon(<path d="M3.5 7V3.5H7M13 3.5h3.5V7M16.5 13v3.5H13M7 16.5H3.5V13" />)
export const HelpIcon = icon(<><circle cx="10" cy="10" r="7" /><path d="M7.9 7.9a2.15 2.15 0 114.2.7c0 1.5-2.1 1.7-2.1 3M10 14.2v.1" /></>)
export const SunIcon = icon(<><circle cx="10" cy="10" r="3.2" /><path d="M10 2.5v2M10 15.5v2M2.5 10h2M15.5 10h2M4.7 4.7l1.4 1.4M13.9 13.9l1.4 1.4M15.3 4.7l-1.4 1.4M6.1 13.9l-1.4 1.4" /></>)
export const MoonIcon = icon(<path d="M16 12.2A6.5 6.5 0 017.8 4a6.5 6.5 0 108.2 8.2z" />)
export const AutoIcon = icon(<><circle cx="10" cy="10" r="6.5" /><path d="M10 3.5a6.5 6.5 0 010 13z" fill="currentColor" stroke="none" /></>)
export const PlayIcon = icon(<path d="M6.5 4.5v11l9-5.5z" fill="currentColor" />)
export const PauseIcon = icon(<path d="M7 5v10M13 5v10" strokeWidth="2.6" />)
export const BackIcon = icon(<path d="M12 5.5L7.5 10l4.5 4.5" />)
export const ForwardIcon = icon(<path d="M8 5.5l4.5 4.5L8 14.5" />)
export const DiceIcon = icon(<><rect x="3.5" y="3.5" width="13" height="13" rx="3" /><circle cx="7.3" cy="7.3" r=".9" fill="currentColor" /><circle cx="12.7" cy="12.7" r=".9" fill="currentColor" /><circle cx="10" cy="10" r=".9" fill="currentColor" /></>)
export const TrashIcon = icon(<path d="M4 6h12M8 6V4h4v2M5.5 6l.8 10h7.4l.8-10M8.5 9v4.5M11.5 9v4.5" />)
export const CheckIcon = icon(<path d="M4.5 10.5l3.7 3.7L15.5 6.5" strokeWidth="2" />)
export const CrossIcon = icon(<path d="M5.5 5.5l9 9M14.5 5.5l-9 9" strokeWidth="2" />)
export const CloseIcon = icon(<path d="M5.5 5.5l9 9M14.5 5.5l-9 9" />)
export const ExportIcon = icon(<path d="M10 12.5V3.5M6.5 6.5L10 3l3.5 3.5M4 12v4.5h12V12" />)
export const CopyIcon = icon(<><rect x="7" y="7" width="9.5" height="9.5" rx="2" /><path d="M13 7V5a1.5 1.5 0 00-1.5-1.5H5A1.5 1.5 0 003.5 5v6.5A1.5 1.5 0 005 13h2" /></>)
export const PlusIcon = icon(<path d="M10 4.5v11M4.5 10h11" />)
export const MinusIcon = icon(<path d="M4.5 10h11" />)
export const ResetIcon = icon(<path d="M4 4v4h4M4.3 8a6.3 6.3 0 11-.4 3.5" />)
export const MenuIcon = icon(<path d="M6 8l4 4 4-4" />)
export const RepeatIcon = icon(<path d="M5 8.5A5.5 5.5 0 0115 7l1.5 1.5M16.5 4.5v4h-4M15 11.5A5.5 5.5 0 015 13l-1.5-1.5M3.5 15.5v-4h4" />)
export const StopIcon = icon(<rect x="5.5" y="5.5" width="9" height="9" rx="1.5" fill="currentColor" />)
export const HistoryIcon = icon(<><circle cx="6" cy="4.5" r="1.8" /><circle cx="6" cy="15.5" r="1.8" /><circle cx="14" cy="10" r="1.8" /><path d="M6 6.3v7.4M6 8c0 1.6 2 2 6.2 2" /></>)
export const MoleculeIcon = icon(<><path d="M10 3l5.6 3.25v6.5L10 16l-5.6-3.25v-6.5z" /><path d="M10 5.6l3.3 1.9v3.9" /></>)
export const TableIcon = icon(<><rect x="3.5" y="4" width="13" height="12" rx="2" /><path d="M3.5 8h13M3.5 12h13M8 8v8" /></>)
export const SearchIcon = icon(<><circle cx="9" cy="9" r="5" /><path d="M12.8 12.8l3.7 3.7" /></>)
export const CompareIcon = icon(<><rect x="3" y="5" width="5.5" height="10" rx="1.5" /><rect x="11.5" y="5" width="5.5" height="10" rx="1.5" /><path d="M10 3v14" strokeDasharray="2 2" /></>)
export const PencilIcon = icon(<path d="M4 16l.8-3.4 8.6-8.6 2.6 2.6-8.6 8.6zM11.8 5.6l2.6 2.6" />)
export const ShareIcon = icon(<><circle cx="5.5" cy="10" r="2" /><circle cx="14.5" cy="5" r="2" /><circle cx="14.5" cy="15" r="2" /><path d="M7.3 9l5.4-3M7.3 11l5.4 3" /></>)
export const SwapIcon = icon(<path d="M4 7.5h11M12 4.5l3 3-3 3M16 12.5H5M8 9.5l-3 3 3 3" />)
export const EyeIcon = icon(<><path d="M2.5 10S5.5 5 10 5s7.5 5 7.5 5-3 5-7.5 5-7.5-5-7.5-5z" /><circle cx="10" cy="10" r="2.2" /></>)
