const FIELD = 'input:not([type=range], [type=checkbox], [type=radio]), textarea, select'

/**
 * Whoever works with the mouse means letters, Space and Enter for the page, not for the control that was used last: it lets go of the
 * focus. Whoever goes by keys keeps it where it is. Answers how to end this.
 */
export function letGoOfKeys(): () => void {
  let byPointer = false
  /** The field in focus, if a pointer brought it there. */
  let entered: Element | null = null

  const onPointer = ({ target }: PointerEvent) => {
    byPointer = true
    // Handles keep the browser from taking the focus anywhere, and so from taking it out of a field.
    const field = document.activeElement
    if (target instanceof Element && target.closest('.stage') !== null && field?.matches(FIELD) === true) (field as HTMLElement).blur()
  }
  const onKeyBefore = () => {
    byPointer = false
  }
  const onFocus = ({ target }: FocusEvent) => {
    if (!(target instanceof HTMLElement)) return
    entered = byPointer && target.matches(FIELD) ? target : null
    // A menu gives focus back to its button.
    if (byPointer && target.getAttribute('aria-haspopup') === 'menu') target.blur()
  }
  const onKey = ({ key, target, isComposing }: KeyboardEvent) => {
    if (key === 'Enter' && !isComposing && target instanceof HTMLInputElement && target === entered && target.closest('[role=dialog]') === null) target.blur()
  }
  const onChange = ({ target }: Event) => {
    if (byPointer && target instanceof HTMLSelectElement) target.blur()
  }
  const onClick = ({ detail, target }: MouseEvent) => {
    const button = target instanceof Element ? target.closest('button') : null
    if (detail > 0 && button !== null && button === document.activeElement && !button.hasAttribute('aria-haspopup')) button.blur()
  }

  window.addEventListener('pointerdown', onPointer, true)
  window.addEventListener('keydown', onKeyBefore, true)
  window.addEventListener('focusin', onFocus)
  window.addEventListener('keydown', onKey)
  window.addEventListener('change', onChange)
  window.addEventListener('click', onClick)
  return () => {
    window.removeEventListener('pointerdown', onPointer, true)
    window.removeEventListener('keydown', onKeyBefore, true)
    window.removeEventListener('focusin', onFocus)
    window.removeEventListener('keydown', onKey)
    window.removeEventListener('change', onChange)
    window.removeEventListener('click', onClick)
  }
}
