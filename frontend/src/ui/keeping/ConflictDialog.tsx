import { useFiling, useTools } from '../context'
import { Sheet } from '../sheet'

/** Somebody else has saved first: which of the two shall go on here. Nothing is lost either way. */
export function ConflictDialog() {
  const { studio } = useTools()
  const { saving } = useFiling()
  const close = () => studio.desk.setState({ dialog: null })
  const choose = (then: () => Promise<unknown>) => {
    close()
    void then()
  }
  return (
    <Sheet title="It has changed on the service" lead="Somebody, or another tab of yours, has saved this design since it was opened here." onClose={close}>
      <div className="choices">
        <button type="button" className="choice" autoFocus onClick={() => choose(() => saving.keepAsCopy())}>
          <b>Save mine as a copy</b>
          <span>What is here becomes a design of its own on the service. Theirs stays as it is.</span>
        </button>
        <button type="button" className="choice" onClick={() => choose(() => saving.loadTheirs())}>
          <b>Load theirs</b>
          <span>What is on the service is opened. What was here stays in this browser, under “Open”.</span>
        </button>
      </div>
    </Sheet>
  )
}
