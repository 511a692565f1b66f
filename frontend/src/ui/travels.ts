import { findBlob } from '../document/design'
import { currentNode, nodeOf, redoneNaming, undoneNaming } from '../document/history'
import { isLive } from '../stream/run'
import { reelOf } from '../studio'
import { Acting } from './acting'
import type { Panel, Place } from './desk'

/** Going through the history, and looking at two of its places side by side. */
export class Travels extends Acting {
  undo(): void {
    const { history } = this.studio.document.getState()
    const left = currentNode(history)
    const naming = undoneNaming(history)
    this.studio.document.getState().undo()
    if (naming !== null) {
      this.sayName(naming.node)
      return
    }
    this.travelled(left.origin.kind === 'pick' ? left.origin.candidate : null)
    if (left.parent !== null) this.say(`Undone: ${left.label}`)
  }

  redo(): void {
    const { history: from } = this.studio.document.getState()
    const naming = redoneNaming(from)
    this.studio.document.getState().redo()
    if (naming !== null) {
      this.sayName(naming.node)
      return
    }
    this.travelled(null)
    const { history } = this.studio.document.getState()
    if (history.current !== from.current) this.say(`Redone: ${currentNode(history).label}`)
  }

  /** Goes to any node of the history; to one candidate of a generation, when it is said which. */
  jump(node: number, candidate: number | null = null): void {
    this.studio.document.getState().jump(node)
    this.travelled(candidate)
    const { history } = this.studio.document.getState()
    this.say(`At: ${currentNode(history).name ?? currentNode(history).label}`)
  }

  nameNode(node: number, name: string): void {
    this.studio.document.getState().nameNode(node, name)
    this.sayName(node)
  }

  private sayName(node: number): void {
    const { name: given, label } = nodeOf(this.studio.document.getState().history, node)
    this.say(given === null ? `“${label}” has no name of its own.` : `“${label}” is called “${given}”.`)
  }

  /** Shows two places in the history side by side. */
  compare(compared: readonly [Place, Place]): void {
    this.studio.desk.setState({ compared, panel: 'history' })
    this.setMode('compare')
    this.studio.stage.frame()
    this.say('Comparing two designs.')
  }

  /** Compares a place with what is shown now. */
  compareWith(place: Place): void {
    const { mode, focus } = this.studio.session.getState()
    const { history } = this.studio.document.getState()
    const generation = currentNode(history).origin.kind === 'generation'
    this.compare([place, { node: history.current, candidate: mode === 'results' && generation ? focus : null }])
  }

  /** Two candidates of the generation on show side by side: the one in focus, and another. */
  compareCandidates(other: number): void {
    const { runs, session } = this.studio
    const { focus } = session.getState()
    const node = runs.active?.filed ?? null
    if (node === null || focus === null || focus === other) return
    this.compare([{ node, candidate: focus }, { node, candidate: other }])
  }

  /** Back to where the history stands, and to the candidate that was compared there. */
  endCompare(): void {
    const { compared } = this.studio.desk.getState()
    const { current } = this.studio.document.getState().history
    this.travelled(compared?.find(({ node }) => node === current)?.candidate ?? null)
    this.say('The comparison has ended.')
  }

  togglePanel(panel: Panel): void {
    const { desk, session } = this.studio
    const open = desk.getState().panel !== panel
    desk.setState({ panel: open ? panel : null })
    if (session.getState().mode === 'compare' && desk.getState().panel !== 'history') this.endCompare()
  }

  /** After a step through the history: the results that belong here, and nothing selected that is gone. */
  private travelled(candidate: number | null): void {
    const { document, session, runs, stage } = this.studio
    const { history, design } = document.getState()
    const { selected, atoms } = session.getState()
    // Atoms that are still chosen are what one works at: no blob takes their place.
    if (findBlob(design, selected) === undefined && atoms.length === 0) this.select(design.blobs.at(0)?.id ?? null)
    const { id, origin } = currentNode(history)
    if (origin.kind === 'generation') {
      runs.recall(id, design, origin.generation)
      const firstValid = origin.generation.candidates.findIndex((c) => c.valid)
      session.setState({ focus: candidate ?? (firstValid < 0 ? null : firstValid) })
      stage.playhead.setState({ at: reelOf(runs).available - 1, playing: false })
    }
    const live = origin.kind !== 'generation' && runs.show(id)
    this.setMode(origin.kind === 'generation' || (live && runs.active !== null && isLive(runs.active.run)) ? 'results' : 'design')
    stage.frame()
  }
}
