/** On a telephone everything is on one page that scrolls: what happens may be out of sight. Where nothing scrolls these do nothing. */

const behavior = (): ScrollBehavior => (matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth')

/** Scrolls back up to the 3D view. */
export function showPicture(): void {
  document.querySelector('.app')?.scrollTo({ top: 0, behavior: behavior() })
}

/** Scrolls so far that the formula can be typed, and no farther. */
export function showFormula(): void {
  document.getElementById('formula')?.scrollIntoView({ block: 'nearest', behavior: behavior() })
}
