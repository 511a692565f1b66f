export type Theme = 'system' | 'light' | 'dark'

const KEY = 'gpff-studio-theme'
const DARK = '(prefers-color-scheme: dark)'

export function storedTheme(): Theme {
  try {
    const value = localStorage.getItem(KEY)
    return value === 'light' || value === 'dark' ? value : 'system'
  } catch {
    return 'system' // storage may be forbidden
  }
}

export function rememberTheme(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme)
  } catch {
    // Without storage the theme lasts until the page is closed.
  }
}

/** The style sheet knows light and dark only; what the system wishes is found out here. */
export function applyTheme(theme: Theme): void {
  const dark = theme === 'dark' || (theme === 'system' && window.matchMedia(DARK).matches)
  document.documentElement.dataset.theme = dark ? 'dark' : 'light'
}

export function followSystem(changed: () => void): void {
  window.matchMedia(DARK).addEventListener('change', changed)
}

export type ShownTheme = 'light' | 'dark'

export const shownTheme = (): ShownTheme => (document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light')

/** Calls back whenever the page turns light or dark; answers how to stop. */
export function watchTheme(changed: () => void): () => void {
  const observer = new MutationObserver(changed)
  observer.observe(document.documentElement, { attributeFilter: ['data-theme'] })
  return () => observer.disconnect()
}
