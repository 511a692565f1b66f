export interface ControlHandlers {
  onOrbit(dx: number, dy: number): void
  onPan(dx: number, dy: number): void
  /** Pixels are the canvas's own. */
  onZoom(factor: number, x: number, y: number): void
  /** `adding`: to what is chosen already. */
  onClick(x: number, y: number, adding: boolean): void
  onHover(x: number, y: number): void
  onLeave(): void
  /** Whether a key is held with which any button pans. */
  pans(): boolean
}

/** A press that moves less than this is a click. */
const CLICK_PX = 4
const WHEEL = 0.0012

interface Contact {
  x: number
  y: number
}

/**
 * Mouse, pen and touch on the canvas: left drag turns, right, Shift or Space drag pans, wheel and pinch zoom. What lies `around`
 * it, as handles do, has the left button to itself, but neither the wheel nor the other buttons. Answers how to let go.
 */
export function attachControls(host: HTMLElement, around: HTMLElement, handlers: ControlHandlers): () => void {
  const contacts = new Map<number, Contact>()
  let pressed: { x: number; y: number; panning: boolean; moved: boolean } | null = null

  const local = (event: MouseEvent): Contact => {
    const box = host.getBoundingClientRect()
    return { x: event.clientX - box.left, y: event.clientY - box.top }
  }

  const down = (event: PointerEvent) => {
    const at = local(event)
    contacts.set(event.pointerId, at)
    host.setPointerCapture(event.pointerId)
    const panning = handlers.pans() || event.button !== 0 || event.shiftKey
    pressed = contacts.size === 1 ? { ...at, panning, moved: false } : null
  }

  const move = (event: PointerEvent) => {
    const at = local(event)
    const before = contacts.get(event.pointerId)
    if (before === undefined) {
      handlers.onHover(at.x, at.y)
      return
    }
    if (contacts.size === 2) pinch(event.pointerId, at)
    else if (pressed !== null) drag(pressed, before, at)
    contacts.set(event.pointerId, at)
  }

  const drag = (press: NonNullable<typeof pressed>, before: Contact, at: Contact) => {
    press.moved ||= Math.hypot(at.x - press.x, at.y - press.y) > CLICK_PX
    if (!press.moved) return
    if (press.panning) handlers.onPan(at.x - before.x, at.y - before.y)
    else handlers.onOrbit(at.x - before.x, at.y - before.y)
  }

  const pinch = (id: number, at: Contact) => {
    const [[, moving], [, other]] = [...contacts].sort(([a]) => (a === id ? -1 : 1))
    const [was, is] = [Math.hypot(moving.x - other.x, moving.y - other.y), Math.hypot(at.x - other.x, at.y - other.y)]
    handlers.onPan((at.x - moving.x) / 2, (at.y - moving.y) / 2)
    if (is > 1) handlers.onZoom(was / is, (at.x + other.x) / 2, (at.y + other.y) / 2)
  }

  const up = (event: PointerEvent) => {
    contacts.delete(event.pointerId)
    const press = pressed
    pressed = null
    if (event.type === 'pointerup' && press !== null && !press.moved && event.button === 0) {
      const at = local(event)
      handlers.onClick(at.x, at.y, event.shiftKey)
    }
  }

  const wheel = (event: WheelEvent) => {
    event.preventDefault()
    const at = local(event)
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * 33 : event.deltaY
    handlers.onZoom(Math.exp(Math.max(-240, Math.min(240, pixels)) * WHEEL), at.x, at.y)
  }

  const downBeside = (event: PointerEvent) => {
    const target = event.target instanceof Element ? event.target : null
    if (event.button !== 0 && target !== null && !host.contains(target) && target.closest('button') === null) down(event)
  }

  const noMenu = (event: Event) => event.preventDefault()
  const leave = () => handlers.onLeave()
  host.addEventListener('pointerdown', down)
  host.addEventListener('pointermove', move)
  host.addEventListener('pointerup', up)
  host.addEventListener('pointercancel', up)
  host.addEventListener('pointerleave', leave)
  around.addEventListener('pointerdown', downBeside)
  around.addEventListener('wheel', wheel, { passive: false })
  around.addEventListener('contextmenu', noMenu)
  return () => {
    host.removeEventListener('pointerdown', down)
    host.removeEventListener('pointermove', move)
    host.removeEventListener('pointerup', up)
    host.removeEventListener('pointercancel', up)
    host.removeEventListener('pointerleave', leave)
    around.removeEventListener('pointerdown', downBeside)
    around.removeEventListener('wheel', wheel)
    around.removeEventListener('contextmenu', noMenu)
  }
}
