import { useSyncExternalStore } from 'react'
import type { Ink } from './history/thumbnail'
import { shownTheme, watchTheme, type ShownTheme } from './theme'

/** Light or dark, as the page is shown now. */
export const useShownTheme = (): ShownTheme => useSyncExternalStore(watchTheme, shownTheme)

const INKS: Record<ShownTheme, Ink> = {
  light: { bond: '#7d8794', outline: '#3d454f', blob: '#ee8413' },
  dark: { bond: '#8b96a4', outline: '#05070a', blob: '#ff9a3c' },
}

/** What small pictures are drawn with. */
export const useInk = (): Ink => INKS[useShownTheme()]
