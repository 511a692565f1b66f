import type { Design } from '../../document/types'
import type { Tools } from '../context'
import { startDesign } from './route'

const KEY = 'gpff-studio-tour'

/** Whether this browser has seen the invitation or the tour. */
export function isInvited(): boolean {
  try {
    return localStorage.getItem(KEY) === null
  } catch {
    return false // without storage it would come again and again
  }
}

export function rememberTour(): void {
  try {
    localStorage.setItem(KEY, 'seen')
  } catch {
    // Then it is not offered at all.
  }
}

/** Begins the guided tour. What is on the page stays in its history. */
export function startTour(tools: Tools): void {
  rememberTour()
  load(tools, startDesign())
  tools.studio.session.setState({ help: false })
  tools.studio.desk.setState({ touring: true, palette: false, dialog: null })
}

export function endTour({ studio }: Tools): void {
  rememberTour()
  studio.desk.setState({ touring: false })
}

export function load({ studio, actions }: Tools, design: Design): void {
  actions.running.stop()
  studio.document.getState().commit('Tour: acetaldehyde', design)
  studio.session.setState({ selected: null, tool: 'select', focus: null })
  actions.setMode('design')
  studio.stage.frame()
}
