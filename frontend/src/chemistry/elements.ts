/** What the page knows of an element. Colours are Jmol's; radii in Å. */
export interface Element {
  readonly number: number
  readonly symbol: string
  readonly name: string
  /** Bonds that a neutral atom makes. */
  readonly valence: number
  readonly covalentRadius: number
  readonly ballRadius: number
  readonly color: string
}

/** The elements of the training set, in Hill order. */
export const ELEMENTS: readonly Element[] = [
  { number: 6, symbol: 'C', name: 'carbon', valence: 4, covalentRadius: 0.76, ballRadius: 0.4, color: '#909090' },
  { number: 1, symbol: 'H', name: 'hydrogen', valence: 1, covalentRadius: 0.31, ballRadius: 0.25, color: '#ffffff' },
  { number: 9, symbol: 'F', name: 'fluorine', valence: 1, covalentRadius: 0.57, ballRadius: 0.36, color: '#90e050' },
  { number: 7, symbol: 'N', name: 'nitrogen', valence: 3, covalentRadius: 0.71, ballRadius: 0.39, color: '#3050f8' },
  { number: 8, symbol: 'O', name: 'oxygen', valence: 2, covalentRadius: 0.66, ballRadius: 0.38, color: '#ff0d0d' },
]

const BY_NUMBER = new Map(ELEMENTS.map((e) => [e.number, e]))
const BY_SYMBOL = new Map(ELEMENTS.map((e) => [e.symbol, e]))

const UNKNOWN: Element = {
  number: 0,
  symbol: '?',
  name: 'unknown',
  valence: 0,
  covalentRadius: 0.75,
  ballRadius: 0.4,
  color: '#ff1493',
}

/** The element with this atomic number; a pink stand-in for one that the page does not know. */
export const element = (number: number): Element => BY_NUMBER.get(number) ?? UNKNOWN
export const elementBySymbol = (symbol: string): Element | undefined => BY_SYMBOL.get(symbol)
