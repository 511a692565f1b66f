import { useEffect, useState, type ComponentType, type ReactNode } from 'react'
import { whenIdle } from './idle'

interface Part<P> {
  readonly load: () => Promise<ComponentType<P>>
  loaded: ComponentType<P> | null
}

const parts: (() => Promise<unknown>)[] = []

/**
 * A part of the page that is fetched after the rest, and shown when it is there. Unlike React's own, one that cannot be fetched takes
 * nothing else with it: `onFailed` is told, and the next time it is tried again.
 */
export function late<P extends object>(load: () => Promise<{ default: ComponentType<P> }>): ComponentType<P & { onFailed?: () => void; meanwhile?: ReactNode }> {
  const part: Part<P> = {
    loaded: null,
    load: async () => (part.loaded ??= (await load()).default),
  }
  parts.push(part.load)
  return function Late({ onFailed, meanwhile = null, ...props }) {
    const [Loaded, setLoaded] = useState<ComponentType<P> | null>(() => part.loaded)
    useEffect(() => {
      if (part.loaded !== null) return
      let wanted = true
      part.load().then(
        (found) => { if (wanted) setLoaded(() => found) },
        () => { if (wanted) onFailed?.() },
      )
      return () => { wanted = false }
      // Once: it is tried again when it is next shown.
      // eslint-disable-next-line react-hooks/exhaustive-deps
    }, [])
    return Loaded === null ? meanwhile : <Loaded {...(props as unknown as P)} />
  }
}

/** Fetches what is to come later while nobody waits for it, so that it is there without a connection, too. */
export function fetchLateParts(): void {
  const fetchAll = () => {
    for (const load of parts) load().catch(() => undefined)
  }
  whenIdle(fetchAll, 8_000)
}
