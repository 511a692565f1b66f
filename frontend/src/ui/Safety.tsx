import { Component, type ErrorInfo, type ReactNode } from 'react'

/** What is shown when a part of the page has failed in a way that nobody foresaw: why, and the way back. */
export class Safety extends Component<{ children: ReactNode }, { failure: Error | null }> {
  override state: { failure: Error | null } = { failure: null }

  static getDerivedStateFromError(failure: unknown) {
    return { failure: failure instanceof Error ? failure : new Error(String(failure)) }
  }

  override componentDidCatch(failure: Error, { componentStack }: ErrorInfo): void {
    console.error(failure, componentStack)
  }

  override render(): ReactNode {
    const { failure } = this.state
    if (failure === null) return this.props.children
    return (
      <main className="safety" role="alert">
        <h1>The page has stumbled</h1>
        <p>{failure.message}</p>
        <p>The design is kept in this browser as far as it had come; loading the page again brings it back.</p>
        <button type="button" className="strong-button" autoFocus onClick={() => location.reload()}>Load the page again</button>
      </main>
    )
  }
}
