import { useDesk } from './context'
import { PasteDialog } from './incoming/PasteDialog'
import { ConflictDialog } from './keeping/ConflictDialog'
import { DetailsDialog } from './keeping/DetailsDialog'
import { OpenDialog } from './keeping/OpenDialog'
import { ShareDialog } from './keeping/ShareDialog'

const DIALOGS = { open: OpenDialog, share: ShareDialog, details: DetailsDialog, paste: PasteDialog, conflict: ConflictDialog }

/** The one dialog that is open. */
export default function Dialogs() {
  const dialog = useDesk((d) => d.dialog)
  if (dialog === null) return null
  const Body = DIALOGS[dialog]
  return <Body />
}
