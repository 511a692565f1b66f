import { createStore } from 'zustand/vanilla'

/** Held down, Space makes the mouse pan the view; let go of without that, it is a key like others. */
export type SpaceKey = 'up' | 'held' | 'panned'

export const spaceKey = createStore<{ readonly is: SpaceKey }>()(() => ({ is: 'up' }))

/** Whether a press on the canvas shall pan: Space has then done what it was held for. */
export function pansBySpace(): boolean {
  if (spaceKey.getState().is === 'up') return false
  spaceKey.setState({ is: 'panned' })
  return true
}

/** Hears when Space is let go of, or lost to another window; `pressed` unless it was held to pan. Answers how to stop. */
export function heedSpace(pressed: () => void): () => void {
  const lose = () => spaceKey.setState({ is: 'up' })
  const up = (event: KeyboardEvent) => {
    if (event.key !== ' ') return
    const { is } = spaceKey.getState()
    lose()
    if (is === 'held') pressed()
  }
  window.addEventListener('keyup', up)
  window.addEventListener('blur', lose)
  return () => {
    window.removeEventListener('keyup', up)
    window.removeEventListener('blur', lose)
  }
}
