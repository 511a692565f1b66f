import { describe, expect, it } from 'vitest'

const sources = import.meta.glob<string>(['./**/*.{ts,tsx}', '!./**/*.test.*', '!./**/*.d.ts'], { query: '?raw', import: 'default', eager: true })

/** Files that each file imports, types too. */
const imports = new Map(Object.entries(sources).map(([file, text]) => [file, importsOf(file, text)]))

function importsOf(file: string, text: string): string[] {
  const folder = new URL(file, 'file:///')
  return [...text.matchAll(/\b(?:from |import\(?\s*)'(\.[^']+)'/g)].flatMap(([, found]) => {
    const path = `.${new URL(found, folder).pathname}`
    return [path, `${path}.ts`, `${path}.tsx`].filter((name) => name in sources)
  })
}

/** The first way found that leads from a file back to itself. */
function circle(): string[] | null {
  const done = new Set<string>()
  const visit = (file: string, way: readonly string[]): string[] | null => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file]
    if (done.has(file)) return null
    for (const next of imports.get(file) ?? []) {
      const found = visit(next, [...way, file])
      if (found !== null) return found
    }
    done.add(file)
    return null
  }
  for (const file of imports.keys()) {
    const found = visit(file, [])
    if (found !== null) return found
  }
  return null
}

/** What lies lower knows nothing of what stands on it. */
const ABOVE: Record<string, readonly string[]> = {
  geometry: ['chemistry', 'document', 'stream', 'service', 'viewer', 'gizmo', 'ui'],
  chemistry: ['document', 'stream', 'service', 'viewer', 'gizmo', 'ui'],
  service: ['document', 'viewer', 'gizmo', 'ui'],
  stream: ['viewer', 'gizmo', 'ui', 'service'],
  document: ['viewer', 'gizmo', 'ui'],
  viewer: ['gizmo', 'ui', 'service'],
  gizmo: ['ui', 'service'],
}

describe('imports', () => {
  it('were read', () => {
    expect(imports.get('./main.tsx')).toContain('./studio.ts')
    expect(imports.get('./viewer/stage.ts')).toContain('./viewer/adapter.ts')
  })

  it('go in no circle, not even for types', () => {
    expect(circle()).toBeNull()
  })

  it('go downward', () => {
    const upward = [...imports].flatMap(([file, found]) => {
      const above = ABOVE[file.split('/')[1]] ?? []
      return found.filter((path) => above.includes(path.split('/')[1])).map((path) => `${file} imports ${path}`)
    })
    expect(upward).toEqual([])
  })
})
