/** What the browser keeps of one document. */
export interface ShelfEntry {
  readonly id: string
  /** When it was kept, ms since 1970. */
  readonly at: number
  readonly title: string
  /** Tags and formula, by which it is found beside its title. Entries of earlier pages have none. */
  readonly words?: readonly string[] | undefined
  readonly nodes: number
  /** The address of a small picture; null for none. */
  readonly picture: string | null
  /** As `toArchive` wrote it; read with `fromArchive`. */
  readonly archive: unknown
  /** Where the service keeps it, when it does. */
  readonly remote: unknown
}

export type ShelfTitle = Omit<ShelfEntry, 'archive' | 'remote'>

/** Documents kept in the browser, the newest so many. */
export interface Shelf {
  keep(entry: ShelfEntry): Promise<void>
  get(id: string): Promise<ShelfEntry | null>
  /** Newest first. */
  list(): Promise<ShelfTitle[]>
  remove(id: string): Promise<void>
}

const DATABASE = 'gpff-studio'
const STORE = 'documents'
const KEPT = 20

/** The browser's own database. Rejects where the browser allows none, as in some private windows. */
export async function openShelf(factory: IDBFactory = indexedDB): Promise<Shelf> {
  const opening = factory.open(DATABASE, 1)
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore(STORE, { keyPath: 'id' }).createIndex('at', 'at')
  }
  const database = await settled(opening)
  const store = (mode: IDBTransactionMode) => database.transaction(STORE, mode).objectStore(STORE)
  const list = async (): Promise<ShelfTitle[]> => {
    const all = (await settled(store('readonly').index('at').getAll())) as ShelfEntry[]
    return all.reverse().map(({ id, at, title, words, nodes, picture }) => ({ id, at, title, words, nodes, picture }))
  }
  const remove = async (id: string): Promise<void> => {
    await settled(store('readwrite').delete(id))
  }
  return {
    keep: async (entry) => {
      await settled(store('readwrite').put(entry))
      const keys = await settled(store('readonly').index('at').getAllKeys())
      for (const old of keys.slice(0, Math.max(0, keys.length - KEPT))) await settled(store('readwrite').delete(old))
    },
    get: async (id) => ((await settled(store('readonly').get(id))) as ShelfEntry | undefined) ?? null,
    list,
    remove,
  }
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new Error('the browser cannot store this'))
  })
}
