import { element } from '../chemistry/elements'
import { freeHydrogens, openSite } from '../document/design'
import { addAtom, changeElement, deleteAtoms, fitHydrogens, moveAtoms, setBond, setFree } from '../document/edit'
import { sitesOf } from '../document/placement'
import type { Design } from '../document/types'
import type { Vec3 } from '../geometry/vec3'
import type { Studio } from '../studio'
import { addToast } from './session'
import { plural } from './words'

/** What can be done with the scaffold's atoms; buttons, keys and handles all end here. */

const designOf = (studio: Studio): Design => studio.document.getState().design

/** The atoms chosen, but for those that are gone. */
export function chosenAtoms(studio: Studio): readonly number[] {
  const count = designOf(studio).scaffold?.numbers.length ?? 0
  return studio.session.getState().atoms.filter((i) => i < count)
}

export function chooseAtoms(studio: Studio, atoms: readonly number[]): void {
  studio.session.setState({ atoms, measured: [], modal: null, ...(atoms.length === 0 ? {} : { selected: null, tool: 'select', mode: 'design' }) })
}

/** A click on an atom: it alone, or, `adding`, it as well; a chosen one is let go. */
export function chooseAtom(studio: Studio, atom: number, adding: boolean): void {
  const chosen = chosenAtoms(studio)
  if (adding) chooseAtoms(studio, chosen.includes(atom) ? chosen.filter((i) => i !== atom) : [...chosen, atom])
  else chooseAtoms(studio, chosen.length === 1 && chosen[0] === atom ? [] : [atom])
}

export function chooseAll(studio: Studio): void {
  chooseAtoms(studio, [...(designOf(studio).scaffold?.numbers.keys() ?? [])])
}

function commit(studio: Studio, label: string, design: Design, mergeKey?: string): void {
  studio.document.getState().commit(label, design, mergeKey)
  studio.session.setState({ mode: 'design', announcement: label })
}

export function deleteChosen(studio: Studio): void {
  const atoms = chosenAtoms(studio)
  if (atoms.length > 0) commit(studio, `Delete ${plural(atoms.length, 'atom')}`, deleteAtoms(designOf(studio), atoms))
}

/** Makes the chosen atoms another element, and keeps them chosen. */
export function makeElement(studio: Studio, number: number): void {
  const atoms = chosenAtoms(studio)
  const { scaffold } = designOf(studio)
  if (atoms.length === 0 || scaffold === null) return
  const places = atoms.map((i) => scaffold.positions[i])
  const next = changeElement(designOf(studio), atoms, number)
  commit(studio, `Make ${plural(atoms.length, 'atom')} ${element(number).symbol}`, next)
  chooseAtoms(studio, nearest(next, places))
}

/** After an edit atoms have other numbers: those at these places, or next to them. */
function nearest({ scaffold }: Design, places: readonly Vec3[]): number[] {
  if (scaffold === null) return []
  const found = places.map((at) => {
    let best = -1
    let reach = 0.8
    scaffold.positions.forEach((p, i) => {
      const d = Math.hypot(p[0] - at[0], p[1] - at[1], p[2] - at[2])
      if (d < reach) [best, reach] = [i, d]
    })
    return best
  })
  return [...new Set(found.filter((i) => i >= 0))]
}

/** A new atom on each chosen one; the new ones are chosen then, so that a chain can be built by clicking again. */
export function growAtoms(studio: Studio, number: number): void {
  const { scaffold } = designOf(studio)
  if (scaffold === null) return
  let design = designOf(studio)
  const places: Vec3[] = []
  for (const at of chosenAtoms(studio).map((i) => scaffold.positions[i])) {
    const [to] = nearest(design, [at])
    const grown = addAtom(design, to, number)
    if (grown === null) continue
    // The hydrogens that go may shift its number.
    design = grown.design
    const place = design.scaffold?.positions[grown.atom]
    if (place !== undefined) places.push(place)
  }
  if (places.length === 0) {
    addToast(studio.session, 'info', 'There is no room for another bond.')
    return
  }
  commit(studio, `Add ${places.length === 1 ? element(number).symbol : `${places.length} ${element(number).symbol}`}`, design)
  chooseAtoms(studio, nearest(design, places))
}

/** Bonds the two chosen atoms, or parts them. */
export function bondChosen(studio: Studio, order: number): void {
  const chosen = chosenAtoms(studio)
  const { scaffold } = designOf(studio)
  if (scaffold === null || chosen.length !== 2) return
  const [a, b] = chosen
  const places = [scaffold.positions[a], scaffold.positions[b]]
  const next = setBond(designOf(studio), a, b, order)
  commit(studio, order === 0 ? 'Part two atoms' : `Bond of order ${order}`, next)
  chooseAtoms(studio, nearest(next, places))
}

export function moveChosen(studio: Studio, by: Vec3, label: 'Move atoms' | 'Nudge atoms' = 'Nudge atoms'): void {
  const atoms = chosenAtoms(studio)
  if (atoms.length > 0) commit(studio, label, moveAtoms(designOf(studio), atoms, by), `move-${atoms.join()}`)
}

export function freeChosen(studio: Studio, free: boolean): void {
  const atoms = chosenAtoms(studio)
  commit(studio, `${free ? 'Free' : 'Freeze'} ${plural(atoms.length, 'atom')}`, setFree(designOf(studio), atoms, free))
}

export function freezeAll(studio: Studio): void {
  commit(studio, 'Freeze all atoms', setFree(designOf(studio), designOf(studio).scaffold?.free ?? [], false))
}

export function fillHydrogens(studio: Studio): void {
  const chosen = chosenAtoms(studio)
  commit(studio, 'Fit hydrogens', fitHydrogens(designOf(studio), chosen.length === 0 ? undefined : chosen))
}

/** Every chosen hydrogen gives way to a blob of its own. */
export function openChosen(studio: Studio): void {
  const free = new Set(freeHydrogens(designOf(studio)))
  let design = designOf(studio)
  let last: string | null = null
  for (const hydrogen of chosenAtoms(studio).filter((i) => free.has(i))) {
    const opened = openSite(design, hydrogen, design.blobs.findLast((b) => sitesOf(b).length === 1)?.content ?? { kind: 'formula', text: 'CH3' })
    design = opened.design
    last = opened.id
  }
  if (last === null) return
  commit(studio, 'Open sites', design)
  studio.session.setState({ selected: last, atoms: [] })
  studio.stage.frame()
}

/** Puts the scaffold right with the model: these atoms, or all. */
export function relax(studio: Studio, atoms: readonly number[] = []): void {
  const { document, relaxer, session } = studio
  const { design, history } = document.getState()
  const moving = atoms.length > 0 ? atoms : [...(design.scaffold?.numbers.keys() ?? [])]
  session.setState({ mode: 'design', announcement: `Relaxing ${plural(moving.length, 'atom')}.` })
  relaxer.start(design, history.current, moving)
}
