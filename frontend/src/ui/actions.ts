import {
  addBlob, bridgeSites, displacedHydrogens, findBlob, freeHydrogens, openSite, partSites, removeBlob, setContent, setSettings, updateBlob,
} from '../document/design'
import { newDesign, type Example } from '../document/examples'
import { sitesOf } from '../document/placement'
import type { Problem } from '../document/spec'
import type { Content, Design, Settings } from '../document/types'
import { SHELL_95 } from '../geometry/ellipsoid'
import { scale, type Vec3 } from '../geometry/vec3'
import type { Studio } from '../studio'
import { isWithin } from '../viewer/projection'
import { Acting, byHand, type BlobPatch } from './acting'
import { Poses } from './poses'
import { nextAction, type NextAction } from './primary'
import { Running } from './running'
import { addToast } from './session'
import { applyTheme, rememberTheme, type Theme } from './theme'
import { Travels } from './travels'
import { plural } from './words'

/** What a blob is filled with before anybody says. */
const FIRST_CONTENT: Content = { kind: 'formula', text: 'CHO2' }
const FREE_CONTENT: Content = { kind: 'formula', text: 'C2H4O' }

/** Everything that a person can do, each one small function; buttons, keys and handles all end here. */
export class Actions extends Acting {
  readonly poses: Poses
  readonly travels: Travels
  readonly running: Running

  constructor(studio: Studio) {
    super(studio)
    this.poses = new Poses(studio)
    this.travels = new Travels(studio)
    this.running = new Running(studio)
  }

  setTheme(theme: Theme): void {
    rememberTheme(theme)
    this.studio.session.setState({ theme })
    applyTheme(theme)
    this.studio.stage.recolor()
  }

  // --- blobs --------------------------------------------------------------------------------------

  placeBlob(center: Vec3): void {
    const { design, id } = addBlob(this.design, FREE_CONTENT, center)
    this.commit('Place blob', design)
    this.studio.session.setState({ selected: id, tool: 'select' })
    this.setMode('design')
  }

  /** Opens the site of one of the scaffold's hydrogens, or selects the blob that is there already. */
  openSite(hydrogen: number): void {
    const last = this.design.blobs.at(-1)
    const again = last !== undefined && sitesOf(last).length === 1
    const { design, id } = openSite(this.design, hydrogen, again ? last.content : FIRST_CONTENT)
    this.commit('Open site', design)
    this.opened(id)
  }

  /** For those who do not point: the next free hydrogen. */
  openNextSite(): void {
    const hydrogen = freeHydrogens(this.design).at(0)
    if (hydrogen !== undefined) this.openSite(hydrogen)
  }

  /** One blob for all open sites: a chain between them, or a ring over them. */
  bridgeAll(): void {
    this.bridge([...displacedHydrogens(this.design)])
  }

  /** One blob for these hydrogens, and for the sites of blobs that are on any of them. */
  bridge(hydrogens: readonly number[]): void {
    const { design, id } = bridgeSites(this.design, hydrogens)
    this.commit(`Bridge ${plural(sitesOf(findBlob(design, id) ?? { site: null }).length, 'site')}`, design)
    this.opened(id)
  }

  /** A blob for each of the sites that one had bridged. */
  partSites(id: string): void {
    this.commit('A blob for each site', partSites(this.design, id, { kind: 'formula', text: 'CH3' }))
    this.opened(id)
  }

  private opened(id: string): void {
    this.studio.session.setState({ selected: id, tool: 'select', mode: 'design', measured: [], hoverAtom: null, atoms: [] })
    this.studio.stage.frame()
    const sites = sitesOf(findBlob(this.design, id) ?? { site: null })
    this.say(`A blob is in place of ${sites.map((h) => `hydrogen ${h + 1}`).join(', ')}.`)
  }

  removeSelected(): void {
    const { selected } = this.studio.session.getState()
    if (findBlob(this.design, selected) === undefined || selected === null) return
    this.commit('Remove blob', removeBlob(this.design, selected))
    this.select(this.design.blobs.at(-1)?.id ?? null)
    // Candidates, or two designs side by side, would hide that it has gone.
    this.setMode('design')
    this.say('The blob has been removed.')
  }

  setContent(id: string, content: Content): void {
    const next = setContent(this.design, id, content)
    this.inPicture(id, () => this.commit('Change contents', next, `content-${id}`))
  }

  /** A lasting edit of one blob; a stretched one keeps its size from then on. */
  editBlob(id: string, patch: BlobPatch, label: string, mergeKey?: string): void {
    const next = updateBlob(this.design, id, byHand(findBlob(this.design, id), patch))
    if (this.leads(next)) this.commit(label, next, mergeKey)
    else this.inPicture(id, () => this.commit(label, next, mergeKey))
  }

  /** Turns to the design for an edit of a blob; one that was wholly in the picture still is afterwards. */
  private inPicture(id: string, edit: () => void): void {
    const seen = this.isSeen(id)
    edit()
    this.setMode('design')
    if (seen && !this.isSeen(id)) this.studio.stage.frame()
  }

  /** Whether the picture has the whole blob in it: one that grows beyond the edge would take its handles along. */
  private isSeen(id: string): boolean {
    const blob = findBlob(this.design, id)
    const { camera, viewport } = this.studio.stage.view.getState()
    return blob !== undefined && isWithin(camera, viewport, { ...blob, radii: scale(blob.widths, SHELL_95) })
  }

  nudge(id: string, by: Vec3): void {
    const blob = findBlob(this.design, id)
    if (blob === undefined) return
    const center: Vec3 = [blob.center[0] + by[0], blob.center[1] + by[1], blob.center[2] + by[2]]
    this.editBlob(id, { center }, 'Nudge blob', `nudge-${id}`)
  }

  // --- the document -------------------------------------------------------------------------------

  setSettings(patch: Partial<Settings>): void {
    this.commit(settingsLabel(patch), setSettings(this.design, patch), `settings-${Object.keys(patch).join()}`)
  }

  startOver(): void {
    this.load(newDesign(), 'New design')
  }

  loadExample(example: Example): void {
    this.load(example.design(), example.title)
  }

  private load(design: Design, label: string): void {
    this.running.stop()
    this.commit(label, { ...design, settings: this.design.settings })
    this.studio.session.setState({ selected: design.blobs.at(0)?.id ?? null, tool: 'select', focus: null })
    this.setMode('design')
    this.studio.stage.frame()
  }

  /** What the primary button does. */
  run(action: NextAction): void {
    switch (action.kind) {
      case 'generate':
        this.running.generate()
        break
      case 'again':
        this.running.generateAgain()
        break
      case 'stop':
        this.running.stop()
        break
      case 'accept':
        this.running.accept(action.candidate)
        break
      case 'open-site':
        this.openNextSite()
        break
      case 'place-blob':
        this.placeBlob([0, 0, 0])
        break
      case 'reconnect':
        this.studio.socket.connect()
        break
      case 'fix':
        this.select(action.blob)
        this.setMode('design')
        requestAnimationFrame(() => fieldFor(action.remedy)?.focus())
        break
    }
  }

  next(): NextAction {
    const { document, session, runs } = this.studio
    const { mode, focus } = session.getState()
    const { link, limits } = runs.store.getState()
    const { design } = document.getState()
    const record = runs.active
    return nextAction({ design, mode, focus, link, limits, run: record?.run ?? null, edited: record !== null && record.design !== design })
  }

  // --- handing over -----------------------------------------------------------------------------

  copySmiles(smiles: string): void {
    void navigator.clipboard.writeText(smiles).then(
      () => addToast(this.studio.session, 'info', `Copied ${smiles}`),
      () => addToast(this.studio.session, 'error', 'The browser does not allow copying here.'),
    )
  }
}

/** The field in which a problem can be mended; the inspector shows the one of the blob's contents that there is. */
function fieldFor(remedy: Problem['remedy']): HTMLInputElement | null {
  const [samples, contents] = ['[aria-label="Number of candidates"]', '#formula, [aria-label="Number of heavy atoms"]']
  return window.document.querySelector<HTMLInputElement>(remedy === 'fewer-candidates' ? samples : contents)
}

const SETTING_WORDS: Record<keyof Settings, string> = { samples: 'Candidates', steps: 'Steps', sampler: 'Sampler', seed: 'Seed', noise: 'Noise λ', validOnly: 'Failed candidates' }

const settingsLabel = (patch: Partial<Settings>): string =>
  Object.entries(patch).map(([key, value]) => `${SETTING_WORDS[key as keyof Settings]}: ${settingWord(value)}`).join(', ')

function settingWord(value: Settings[keyof Settings]): string {
  if (value === null) return 'usual'
  if (typeof value === 'boolean') return value ? 'run again' : 'kept'
  return String(value).toUpperCase()
}
