import { useEffect, useRef, useState } from 'react'
import { words } from '../service/http'

export type Answer<T> =
  | { readonly state: 'none' }
  | { readonly state: 'asked'; readonly last: T | null }
  | { readonly state: 'known'; readonly answer: T }
  | { readonly state: 'failed'; readonly why: string }

/** Subjects that follow each other faster than this, as while an atom is dragged, are asked about when they come to rest. */
const REST_MS = 200

/**
 * What the service answers about a subject; `ask` must keep its answers, and be the same function every time. While a new answer is
 * on its way the last one is kept, so that nothing jumps.
 */
export function useAnswer<S, T>(subject: S | null, ask: (subject: S) => Promise<T>, again = 0): Answer<T> {
  const [answer, setAnswer] = useState<{ of: S | null; is: Answer<T> }>({ of: null, is: { state: 'none' } })
  const last = useRef<{ of: S | null; at: number }>({ of: null, at: -Infinity })
  useEffect(() => {
    if (subject === null) return
    let wanted = true
    const go = () => {
      ask(subject).then(
        (found) => {
          if (wanted) setAnswer({ of: subject, is: { state: 'known', answer: found } })
        },
        (error: unknown) => {
          if (wanted) setAnswer({ of: subject, is: { state: 'failed', why: words(error) } })
        },
      )
    }
    const now = performance.now()
    const timer = last.current.of !== subject && now - last.current.at < REST_MS ? setTimeout(go, REST_MS) : undefined
    last.current = { of: subject, at: now }
    if (timer === undefined) go()
    return () => {
      wanted = false
      clearTimeout(timer)
    }
  }, [subject, ask, again])
  if (subject === null) return { state: 'none' }
  if (answer.of === subject) return answer.is
  return { state: 'asked', last: answer.is.state === 'known' ? answer.is.answer : null }
}
