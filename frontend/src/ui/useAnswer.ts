import { useEffect, useState } from 'react'
import { words } from '../service/http'

export type Answer<T> =
  | { readonly state: 'none' }
  | { readonly state: 'asked'; readonly last: T | null }
  | { readonly state: 'known'; readonly answer: T }
  | { readonly state: 'failed'; readonly why: string }

/**
 * What the service answers about a subject; `ask` must keep its answers, and be the same function every time. While a new answer is
 * on its way the last one is kept, so that nothing jumps.
 */
export function useAnswer<S, T>(subject: S | null, ask: (subject: S) => Promise<T>, again = 0): Answer<T> {
  const [answer, setAnswer] = useState<{ of: S | null; is: Answer<T> }>({ of: null, is: { state: 'none' } })
  useEffect(() => {
    if (subject === null) return
    let wanted = true
    ask(subject).then(
      (found) => {
        if (wanted) setAnswer({ of: subject, is: { state: 'known', answer: found } })
      },
      (error: unknown) => {
        if (wanted) setAnswer({ of: subject, is: { state: 'failed', why: words(error) } })
      },
    )
    return () => {
      wanted = false
    }
  }, [subject, ask, again])
  if (subject === null) return { state: 'none' }
  if (answer.of === subject) return answer.is
  return { state: 'asked', last: answer.is.state === 'known' ? answer.is.answer : null }
}
