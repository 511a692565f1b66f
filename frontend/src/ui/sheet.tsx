import * as Dialog from '@radix-ui/react-dialog'
import type { ReactNode } from 'react'
import { CloseIcon } from './icons'

/** A dialog with a title, what it is for in a sentence, and a way out. */
export function Sheet(props: { title: string; lead: ReactNode; size?: 'small' | 'middle'; onClose: () => void; children: ReactNode }) {
  const { title, lead, size = 'small', onClose, children } = props
  return (
    <Dialog.Root open onOpenChange={(open) => { if (!open) onClose() }}>
      <Dialog.Portal>
        <Dialog.Overlay className="dialog-shade" />
        <Dialog.Content className="dialog sheet" data-size={size}>
          <header>
            <Dialog.Title>{title}</Dialog.Title>
            <Dialog.Close className="icon-button" aria-label="Close"><CloseIcon /></Dialog.Close>
          </header>
          <Dialog.Description className="lead">{lead}</Dialog.Description>
          {children}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
