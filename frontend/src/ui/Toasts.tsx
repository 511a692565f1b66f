import { useSession, useTools } from './context'
import { CloseIcon } from './icons'
import { dismissToast } from './session'

export function Toasts() {
  const { studio } = useTools()
  const toasts = useSession((s) => s.toasts)
  return (
    <div className="toasts">
      {toasts.map(({ id, tone, text }) => (
        <div key={id} className="toast" data-tone={tone} role={tone === 'error' ? 'alert' : 'status'}>
          <span>{text}</span>
          <button type="button" className="icon-button" aria-label="Dismiss" onClick={() => dismissToast(studio.session, id)}><CloseIcon /></button>
        </div>
      ))}
    </div>
  )
}
