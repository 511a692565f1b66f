import { findBlob } from '../document/design'
import { scale } from '../geometry/vec3'
import { arrowDirection } from '../gizmo/Gizmo'
import { typeNumber } from '../gizmo/modal'
import { isLive } from '../stream/run'
import { reelOf } from '../studio'
import { stepBy } from '../viewer/clock'
import { chooseAll, chosenAtoms, deleteChosen, moveChosen } from './atoms'
import type { Tools } from './context'
import { homeward, leadingBlob, leadingPlace } from './leading'
import { letGoOfKeys } from './letGo'
import { heedSpace, spaceKey } from './spaceKey'
import { following, HYDROGENS, LABELS } from './viewing'

/** What the help dialog lists. */
export const SHORTCUTS: readonly { title: string; keys: readonly (readonly [string, string])[] }[] = [
  {
    title: 'Design',
    keys: [
      ['V B A M', 'select, blob, attach, measure'],
      ['G R S', 'move, turn, stretch the blob'],
      ['then X Y Z', 'along one of its axes'],
      ['arrows', 'nudge by 0.1 Å, with Shift by 1 Å; in a live run too'],
      ['then a number', 'so many Å, degrees, times'],
      ['click', 'choose an atom to edit; with Shift, more'],
      ['Ctrl A', 'choose all atoms'],
      ['Del', 'remove the blob, or the atoms chosen'],
      ['Ctrl Z', 'undo'],
      ['Ctrl Shift Z', 'redo'],
    ],
  },
  {
    title: 'Generate',
    keys: [
      ['Ctrl Enter', 'generate'],
      ['Esc', 'stop the run, or let go'],
      ['1 – 9', 'focus a candidate; ← → once the run has ended'],
      ['Enter', 'use it as scaffold'],
      ['N', 'again, with a new seed'],
      ['Space', 'play or pause; holds a live run'],
      ['J', 'branch from the step on show'],
      [', .', 'one frame back or on'],
    ],
  },
  {
    title: 'View',
    keys: [
      ['drag', 'turn'],
      ['right drag', 'move; with Space or Shift, the left button too'],
      ['wheel', 'zoom'],
      ['F', 'fit everything'],
      ['H', 'hydrogens: all, not on carbon, none'],
      ['L', 'labels: none, elements, numbers'],
      ['I Y T', 'molecule, history, table'],
      ['Tab', 'goes through handles and hydrogens'],
      ['Ctrl K', 'every command, by its name'],
      ['Ctrl S', 'save on the service'],
      ['Ctrl O', 'open a design'],
      ['?', 'this list'],
    ],
  },
]

const TYPING = 'input:not([type=range], [type=checkbox], [type=radio]), textarea, select, [contenteditable=true]'
const SLIDER = 'input[type=range]'
/** Keys that a slider in focus has to itself. */
const SLIDING = /^(Arrow.*|Home|End|Page.*)$/
const PRESSABLE = 'button, a, summary, input[type=checkbox], input[type=radio], [role=button], [role=slider], [role=radio], [role=menuitem]'

/** Listens for keys anywhere on the page, but leaves fields, menus and dialogs alone. */
export function attachShortcuts(tools: Tools): () => void {
  const onKey = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing) return
    const target = event.target instanceof Element ? event.target : null
    if (target?.closest('[role=dialog], [role=menu]') != null) return
    if (event.ctrlKey || event.metaKey) {
      if (withControl(tools, event)) event.preventDefault()
      return
    }
    const live = tools.studio.runs.active !== null && isLive(tools.studio.runs.active.run)
    if (event.key === 'Escape' && live && tools.studio.session.getState().modal === null) {
      tools.actions.running.stop() // from wherever one types, too
      return
    }
    if (event.altKey || target?.closest(TYPING) != null) return
    if (target?.matches(SLIDER) === true && SLIDING.test(event.key)) return
    if ((event.key === 'Enter' || event.key === ' ') && target?.closest(PRESSABLE) != null) return
    if (arrow(tools, event) || letter(tools, event)) event.preventDefault()
  }
  // A transform in progress comes before everything: its Escape must not stop a run, nor its Enter press a button that happens to be
  // in focus, as a menu's is again once the menu has closed.
  const onKeyFirst = (event: KeyboardEvent) => {
    const target = event.target instanceof Element ? event.target : null
    if (tools.studio.session.getState().modal === null || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    if (target?.closest(`[role=dialog], [role=menu], ${TYPING}`) != null || !inModal(tools, event)) return
    event.preventDefault()
    event.stopImmediatePropagation()
  }
  const stopLettingGo = letGoOfKeys()
  const stopHeeding = heedSpace(() => {
    if (tools.studio.session.getState().mode === 'results') tools.actions.running.playOrPause()
  })
  window.addEventListener('keydown', onKey)
  window.addEventListener('keydown', onKeyFirst, true)
  return () => {
    stopLettingGo()
    stopHeeding()
    window.removeEventListener('keydown', onKey)
    window.removeEventListener('keydown', onKeyFirst, true)
  }
}

function withControl({ studio, actions, filing }: Tools, event: KeyboardEvent): boolean {
  const key = event.key.toLowerCase()
  if (key === 'enter') {
    const next = actions.next()
    if (next.kind === 'accept') actions.running.generateAgain()
    else if (next.kind !== 'stop') actions.run(next)
    return true
  }
  if (key === 'k' || key === 'o') {
    studio.desk.setState(key === 'k' ? { palette: true } : { dialog: 'open' })
    return true
  }
  if (key === 's' && !event.shiftKey) {
    void filing.saving.save()
    return true
  }
  const typing = event.target instanceof Element && event.target.closest(TYPING) !== null
  if (typing) return false
  if (key === 'a' && studio.document.getState().design.scaffold !== null) chooseAll(studio)
  else if (key === 'z' && !event.shiftKey) actions.travels.undo()
  else if (key === 'y' || (key === 'z' && event.shiftKey)) actions.travels.redo()
  else return false
  return true
}

/** A key of a transform in progress. */
function inModal({ studio, actions }: Tools, event: KeyboardEvent): boolean {
  const axis = 'xyz'.indexOf(event.key.toLowerCase())
  if (axis === 0 || axis === 1 || axis === 2) {
    actions.poses.setAxis(axis)
    return true
  }
  if (event.key === 'Enter') {
    actions.poses.end(true)
    return true
  }
  if (event.key === 'Escape') {
    actions.poses.end(false)
    return true
  }
  const { modal } = studio.session.getState()
  const typed = modal === null ? null : typeNumber(modal.typed, event.key)
  if (typed !== null) {
    actions.poses.type(typed)
    return true
  }
  const direction = arrowDirection(event.key, studio.stage.view.getState().camera)
  if (direction === null) return false
  const free = modal?.kind === 'move' && modal.axis === null
  const sign = !free && (event.key === 'ArrowLeft' || event.key === 'ArrowDown') ? -1 : 1
  actions.poses.step(direction, sign * (event.shiftKey ? 10 : 1))
  return true
}

const ORBIT_PX = 40

function arrow({ studio, actions }: Tools, event: KeyboardEvent): boolean {
  const direction = arrowDirection(event.key, studio.stage.view.getState().camera)
  if (direction === null) return false
  const { mode, selected, focus } = studio.session.getState()
  const by = scale(direction, event.shiftKey ? 1 : 0.1)
  if (mode === 'design' && chosenAtoms(studio).length > 0) {
    moveChosen(studio, by)
    return true
  }
  const { design } = studio.document.getState()
  const record = studio.runs.active
  // A run that is live is led by the arrows; candidates are gone through by their numbers then.
  if (mode === 'results' && record !== null && studio.runs.follows(design)) {
    const led = leadingBlob(design, selected)
    if (led !== undefined) actions.nudge(led.id, homeward(leadingPlace(studio.stage.view.getState(), record, focus), by))
    return true
  }
  const sideways = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0
  if (mode === 'results' && sideways !== 0) {
    actions.running.focus(focus === null ? 0 : Math.max(0, focus + sideways))
  } else if (mode === 'design' && findBlob(design, selected) !== undefined && selected !== null) {
    actions.nudge(selected, by)
  } else {
    const vertical = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : 0
    studio.stage.orbit(sideways * ORBIT_PX, vertical * ORBIT_PX)
  }
  return true
}

function letter({ studio, actions }: Tools, event: KeyboardEvent): boolean {
  const { stage, session, runs } = studio
  const { mode, focus } = session.getState()
  const reel = reelOf(runs)
  switch (event.key.toLowerCase()) {
    case 'v': actions.setTool('select'); return true
    case 'b': actions.setTool('blob'); return true
    case 'a': actions.setTool('attach'); return true
    case 'm': actions.setTool('measure'); return true
    case 'g': actions.poses.start('move'); return true
    case 'r': actions.poses.start('turn'); return true
    case 's': actions.poses.start('stretch'); return true
    case 'f': stage.frame(); return true
    case 'i': actions.travels.togglePanel('molecule'); return true
    case 'y': actions.travels.togglePanel('history'); return true
    case 't': actions.travels.togglePanel('tables'); return true
    case 'h': nextLook(studio, 'hydrogens'); return true
    case 'l': nextLook(studio, 'labels'); return true
    case 'n': if (runs.active !== null && !isLive(runs.active.run)) actions.running.generateAgain(); return true
    case '?': session.setState({ help: true }); return true
    case 'delete':
    case 'backspace':
      if (chosenAtoms(studio).length > 0) deleteChosen(studio)
      else actions.removeSelected()
      return true
    case 'j': actions.running.branchHere(); return true
    case 'escape': escape({ studio, actions }); return true
    case 'enter': if (mode === 'results' && focus !== null) actions.running.accept(focus); return true
    case ' ': if (!event.repeat) spaceKey.setState({ is: 'held' }); return true // heard when it is let go
    case ',': if (mode === 'results' && reel.available > 0) stage.playhead.setState(stepBy(stage.playhead.getState(), -1, reel.available)); return true
    case '.': if (mode === 'results' && reel.available > 0) stage.playhead.setState(stepBy(stage.playhead.getState(), 1, reel.available)); return true
    default:
      if (!/^[1-9]$/.test(event.key)) return false
      if (runs.active !== null) actions.running.focus(Number(event.key) - 1)
      return true
  }
}

/** The next way to show hydrogens or labels, and what it is. */
function nextLook({ viewing, session }: Tools['studio'], what: 'hydrogens' | 'labels'): void {
  const look = viewing.getState()
  const next = what === 'hydrogens' ? following(HYDROGENS, look.hydrogens) : following(LABELS, look.labels)
  viewing.setState({ [what]: next.value })
  session.setState({ announcement: next.label })
}

/** Lets go of one thing at a time, the most recent first. */
function escape({ studio, actions }: Pick<Tools, 'studio' | 'actions'>): void {
  const { session } = studio
  const { measured, tool, mode, focus, atoms } = session.getState()
  if (atoms.length > 0) session.setState({ atoms: [] })
  else if (measured.length > 0) session.setState({ measured: [] })
  else if (tool !== 'select') actions.setTool('select')
  else if (mode === 'compare') actions.travels.endCompare()
  else if (mode === 'results') {
    if (focus !== null) session.setState({ focus: null })
    else actions.setMode('design')
  } else actions.select(null)
}
