/** Runs a task when the page has nothing better to do, within `timeout` ms where the browser can say so. Answers how to call it off. */
export function whenIdle(task: () => void, timeout: number): () => void {
  if ('requestIdleCallback' in window) {
    const id = window.requestIdleCallback(task, { timeout })
    return () => window.cancelIdleCallback(id)
  }
  const timer = setTimeout(task, Math.min(timeout, 3_000) / 2)
  return () => clearTimeout(timer)
}
