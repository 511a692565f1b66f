import { lazy, Suspense, useState } from 'react'
import { useDesk, useDocument, useTools } from '../context'
import { isInvited, rememberTour, startTour } from './touring'
import './invitation.css'

const Tour = lazy(() => import('./Tour'))

/** The guided tour while it runs; before that, once, an invitation. */
export function TourHost() {
  const touring = useDesk((d) => d.touring)
  return touring ? <Suspense fallback={null}><Tour /></Suspense> : <Invitation />
}

/** Goes away by itself as soon as somebody begins to work. */
function Invitation() {
  const tools = useTools()
  const [open, setOpen] = useState(isInvited)
  const untouched = useDocument((s) => s.history.nodes.size === 1)
  if (!open || !untouched) return null
  const leave = () => {
    rememberTour()
    setOpen(false)
  }
  return (
    <section className="invitation" aria-label="First visit">
      <p><b>New here?</b> Build aspirin from acetaldehyde, step by step, in two minutes.</p>
      <div>
        <button type="button" className="quiet-button" onClick={leave}>Not now</button>
        <button type="button" className="tour-next" onClick={() => startTour(tools)}>Take the tour</button>
      </div>
    </section>
  )
}
