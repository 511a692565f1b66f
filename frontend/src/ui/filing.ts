import { newDesign, type Example } from '../document/examples'
import { fromArchive, toArchive } from '../document/archive'
import { fromLink, toLink } from '../document/link'
import { fromSaved } from '../document/saved'
import { currentNode } from '../document/history'
import { fetchShared } from '../service/designs'
import { words } from '../service/http'
import { parseMolecules } from '../service/molecules'
import type { ParseResult } from '../service/molecule_types'
import type { Studio } from '../studio'
import type { Actions } from './actions'
import { candidateStructures, currentSmiles, currentStructure, currentTrajectory, saveBlob, saveMolecules, saveTrajectory, type FileFormat, type TrajectoryFormat } from './files'
import { withWriting, writingOver } from './pictureWriting'
import { incoming, isDesignFile, type Incoming } from './incoming/records'
import type { Keeper } from './keeping/keeper'
import { titleOf } from './keeping/naming'
import type { Saving } from './keeping/saving'
import { addToast } from './session'
import { plural } from './words'

/** What a file may hold before the page even looks: the service takes no more. */
const MOST_CHARACTERS = 900_000

/** Whether the page's address points to a design. */
export const pointsSomewhere = (hash: string): boolean => /^#(shared|design)=/.test(hash)

/** Says which of the files, or that it was the pasted text: several may come one after the other. */
const unreadable = (fileName: string, why: string): string => `${fileName === '' ? 'The text' : `“${fileName}”`} cannot be used: ${why}`

function readJson(text: string): { format?: unknown } {
  try {
    return JSON.parse(text) as { format?: unknown }
  } catch {
    throw new Error('it is cut short or damaged: expected the whole text of a design, as JSON')
  }
}

/** What comes in and what goes out: files, pasted texts, links. */
export class Filing {
  constructor(
    private readonly studio: Studio,
    private readonly actions: Actions,
    readonly keeper: Keeper,
    readonly saving: Saving,
  ) {}

  // --- in ------------------------------------------------------------------------------------------

  /** Lets a person choose a file. */
  pickFile(): void {
    const input = window.document.createElement('input')
    input.type = 'file'
    input.accept = '.sdf,.sd,.mol,.xyz,.extxyz,.pdb,.ent,.smi,.smiles,.txt,.json'
    input.onchange = () => {
      const file = input.files?.item(0)
      if (file != null) void this.takeFile(file)
    }
    input.click()
  }

  /** Files that were dropped or pasted together: one is opened, and what becomes of the others is said. */
  async takeFiles(files: Iterable<File>): Promise<void> {
    const [first, ...others] = files
    if (others.length > 0) addToast(this.studio.session, 'info', `One file at a time: “${first.name}” is read, ${plural(others.length, 'other')} left out.`)
    await this.takeFile(first)
  }

  async takeFile(file: File): Promise<void> {
    if (file.size > 8 * MOST_CHARACTERS) {
      this.complain(`“${file.name}” is too large: ${Math.round(file.size / 1000)} kB of at most ${MOST_CHARACTERS / 1000}.`)
      return
    }
    await this.take(await file.text(), file.name)
  }

  /** A text from a file, the clipboard or a field: a design opens, a molecule becomes the scaffold, several are offered. */
  async take(text: string, fileName = ''): Promise<void> {
    if (isDesignFile(text)) {
      await this.openDesign(text, fileName)
      return
    }
    if (text.length > MOST_CHARACTERS) {
      this.complain(`That is too long to read: ${Math.round(text.length / 1000)} kB of at most ${MOST_CHARACTERS / 1000}.`)
      return
    }
    try {
      const { records } = await parseMolecules(text, fileName)
      this.offer(records.map(incoming), fileName)
    } catch (error) {
      this.complain(unreadable(fileName, words(error)))
    }
  }

  /** Reads a text without doing anything with it yet. */
  async read(text: string): Promise<Incoming[]> {
    const { records }: ParseResult = await parseMolecules(text, '')
    return records.map(incoming)
  }

  private offer(found: readonly Incoming[], fileName: string): void {
    const usable = found.filter((one) => one.ok)
    if (found.length === 1 && usable.length === 1) this.useMolecule(usable[0])
    else if (found.length === 1) this.complain(unreadable(fileName, found[0].ok ? '' : found[0].reason))
    else if (found.length === 0) this.complain(unreadable(fileName, 'there is no molecule in it'))
    else this.studio.desk.setState({ dialog: 'paste', offered: { from: fileName, found } })
  }

  /** A molecule from outside becomes the scaffold; blobs on the one before go with it. */
  useMolecule({ title, scaffold, notes }: Extract<Incoming, { ok: true }>): void {
    const { document, session, stage, desk } = this.studio
    this.actions.running.stop()
    const { settings } = document.getState().design
    document.getState().commit(`Import ${title}`, { scaffold, blobs: [], settings })
    session.setState({ selected: null, tool: 'select', focus: null })
    desk.setState({ dialog: null, offered: null })
    this.actions.setMode('design')
    stage.frame()
    session.setState({ announcement: `${title} is the scaffold now.` })
    for (const note of notes) addToast(session, 'info', note)
  }

  private async openDesign(text: string, fileName: string): Promise<void> {
    try {
      const value = readJson(text)
      const opened = value.format === 'gpff-design' ? fromArchive(value) : fromSaved(value).opened
      await this.keeper.open(opened, null)
      addToast(this.studio.session, 'info', `Opened “${titleOf(opened)}”`)
    } catch (error) {
      this.complain(`${fileName === '' ? 'The design' : `“${fileName}”`} cannot be opened: ${words(error)}`)
    }
  }

  /** A new document where this browser keeps the one before; else an edit, so that undo brings it back. */
  async startOver(): Promise<void> {
    if (this.keeper.shelf === null) this.actions.startOver()
    else await this.keeper.startNew(newDesign(), 'New design')
    this.studio.session.setState({ selected: this.studio.document.getState().design.blobs.at(0)?.id ?? null })
  }

  loadExample(example: Example): void {
    this.actions.loadExample(example)
  }

  // --- links ---------------------------------------------------------------------------------------

  /** An address that holds the design itself, and runs it when it shows results. */
  async recipeLink(): Promise<string> {
    const { document } = this.studio
    const opened = document.getState()
    const { origin } = currentNode(opened.history)
    const run = origin.kind === 'generation' && origin.generation.stoppedAt === undefined
    return this.address(`design=${await toLink({ title: opened.title, design: opened.design, run })}`)
  }

  sharedLink(name: string): string {
    return this.address(`shared=${encodeURIComponent(name)}`)
  }

  private address(hash: string): string {
    return `${location.origin}${location.pathname}#${hash}`
  }

  /** Opens what the page's address points to. Answers whether it pointed to anything. */
  async followAddress(hash: string): Promise<boolean> {
    const asked = new URLSearchParams(hash.replace(/^#/, ''))
    const [shared, letters] = [asked.get('shared'), asked.get('design')]
    if (shared === null && letters === null) return false
    // The address would bring the same design again at every reload, over whatever has become of it.
    history.replaceState(null, '', location.pathname + location.search)
    try {
      if (shared !== null) await this.openShared(shared)
      else if (letters !== null) await this.openRecipe(letters)
      return true
    } catch (error) {
      this.complain(`The shared design cannot be opened: ${words(error)}`)
      return false
    }
  }

  private async openShared(name: string): Promise<void> {
    const { opened } = fromSaved(await fetchShared(name))
    await this.keeper.open(opened, null)
    addToast(this.studio.session, 'info', `Opened a copy of “${titleOf(opened)}”`)
  }

  private async openRecipe(letters: string): Promise<void> {
    const { title, design, run } = await fromLink(letters)
    await this.keeper.startNew(design, 'From a link', title)
    if (run) this.whenOnline(() => this.actions.running.generate())
  }

  private whenOnline(then: () => void): void {
    const { store } = this.studio.runs
    const { history } = this.studio.document.getState()
    const ready = () => store.getState().link.kind === 'online' && store.getState().model !== null
    const go = () => {
      // Somebody may have gone on meanwhile.
      if (this.studio.document.getState().history === history) then()
    }
    if (ready()) {
      go()
      return
    }
    const stop = store.subscribe(() => {
      if (!ready()) return
      stop()
      go()
    })
  }

  // --- out -----------------------------------------------------------------------------------------

  exportMolecule(format: FileFormat): void {
    const molecule = currentStructure(this.studio)
    if (molecule === null) this.complain('There is no molecule to save yet.')
    else this.write(() => saveMolecules([molecule], format))
  }

  exportCandidates(format: FileFormat): void {
    this.write(() => saveMolecules(candidateStructures(this.studio), format))
  }

  exportTrajectory(format: TrajectoryFormat): void {
    const moving = currentTrajectory(this.studio)
    if (moving === null) this.complain('There are no frames to save: generate first.')
    else this.write(() => saveTrajectory(moving, format))
  }

  async exportPicture(): Promise<void> {
    const stage = window.document.querySelector('.stage')
    const taken = this.studio.stage.png()
    const writing = stage === null ? null : writingOver(stage) // before the view goes on
    try {
      const picture = await taken
      if (picture === null) {
        this.complain('There is no 3D view to take a picture of.')
        return
      }
      const written = writing === null ? picture : await withWriting(picture, writing)
      this.write(() => saveBlob(written, `${this.stem()}.png`))
    } catch (error) {
      this.complain(words(error))
    }
  }

  exportDesign(): void {
    const { history, title, tags } = this.studio.document.getState()
    const text = JSON.stringify(toArchive({ history, title, tags }))
    this.write(() => saveBlob(new Blob([text], { type: 'application/json' }), `${this.stem()}.gpff.json`))
  }

  copySmiles(): void {
    const smiles = currentSmiles(this.studio)
    const none = () => this.complain('There is no SMILES to copy: the molecule is not known to be one.')
    if (smiles === null) none()
    else if (typeof smiles === 'string') this.actions.copySmiles(smiles)
    else void smiles().then((found) => this.actions.copySmiles(found), none)
  }

  copy(text: string, what: string): void {
    void navigator.clipboard.writeText(text).then(
      () => addToast(this.studio.session, 'info', `Copied ${what}`),
      () => this.complain('The browser does not allow copying here.'),
    )
  }

  private stem(): string {
    return titleOf(this.studio.document.getState()).replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '').slice(0, 60) || 'design'
  }

  private write(save: () => string | null): void {
    try {
      const name = save()
      if (name !== null) addToast(this.studio.session, 'info', `Saved ${name}`)
    } catch (error) {
      this.complain(words(error))
    }
  }

  private complain(text: string): void {
    addToast(this.studio.session, 'error', text)
  }
}

