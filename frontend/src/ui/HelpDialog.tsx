import * as Dialog from '@radix-ui/react-dialog'
import { useSession, useTools } from './context'
import { CloseIcon } from './icons'
import { SHORTCUTS } from './shortcuts'
import { startTour } from './tour/touring'

export function HelpDialog() {
  const tools = useTools()
  const { studio } = tools
  const open = useSession((s) => s.help)
  return (
    <Dialog.Root open={open} onOpenChange={(help) => studio.session.setState({ help })}>
      <Dialog.Portal>
        <Dialog.Overlay className="dialog-shade" />
        <Dialog.Content className="dialog">
          <header>
            <Dialog.Title>How it works</Dialog.Title>
            <Dialog.Close className="icon-button" aria-label="Close"><CloseIcon /></Dialog.Close>
          </header>
          <Dialog.Description className="lead">
            The orange <b>blob</b> says where new atoms shall be and which they are; the model moves them until they make a molecule.
          </Dialog.Description>
          <ol className="steps">
            <li><b>Shape the blob.</b> Drag its arrows, rings and knobs, or type a formula.</li>
            <li><b>Generate.</b> Candidates form side by side; scrub the timeline to see how.</li>
            <li><b>Use one as scaffold.</b> Its atoms stay exactly where they are from then on.</li>
            <li><b>Click a hydrogen.</b> It gives way to the next blob, and so on.</li>
          </ol>
          <p className="help-tour">
            <button type="button" className="tour-next" onClick={() => startTour(tools)}>Take the tour</button>
            Build aspirin from acetaldehyde, step by step, in two minutes.
          </p>
          <div className="shortcut-columns">
            {SHORTCUTS.map(({ title, keys }) => (
              <section key={title}>
                <h3>{title}</h3>
                <dl>
                  {keys.map(([key, meaning]) => (
                    <div key={key}><dt><kbd>{key}</kbd></dt><dd>{meaning}</dd></div>
                  ))}
                </dl>
              </section>
            ))}
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
