import { ELEMENTS } from '../../chemistry/elements'
import { freeHydrogens } from '../../document/design'
import { EXAMPLES } from '../../document/examples'
import { canRedo, canUndo, currentNode, nodeOf, undoneNaming } from '../../document/history'
import { isLive } from '../../stream/run'
import { reelOf } from '../../studio'
import { stepBy } from '../../viewer/clock'
import { chooseAll, chooseAtoms, chosenAtoms, deleteChosen, fillHydrogens, freeChosen, freezeAll, growAtoms, makeElement, openChosen, relax } from '../atoms'
import type { Tools } from '../context'
import { candidateStructures, currentSmiles, currentStructure, currentTitle, currentTrajectory, FORMATS, type FileFormat } from '../files'
import { obstacle } from '../primary'
import { startTour } from '../tour/touring'
import { HYDROGENS, LABELS, STYLES } from '../viewing'

export interface Command {
  readonly id: string
  readonly title: string
  readonly group: string
  /** Other words by which it is found. */
  readonly words?: string
  readonly keys?: string
  /** Shown only to those who ask for it: there are many of its kind. */
  readonly quiet?: boolean
  readonly run: () => void
}

/** A command, and whether it makes sense just now. */
type Possible = Command & { readonly when?: boolean }

/** Everything that can be done now, in the order of a menu. */
export function commands(tools: Tools): Command[] {
  const all = [...generation(tools), ...design(tools), ...atoms(tools), ...documents(tools), ...looking(tools), ...exporting(tools), ...page(tools)]
  return all.filter(({ when }) => when !== false)
}

function generation({ studio, actions }: Tools): Possible[] {
  const { runs, session, stage } = studio
  const { mode, focus, slow } = session.getState()
  const { validOnly } = studio.document.getState().design.settings
  const record = runs.active
  const live = record !== null && isLive(record.run)
  const next = actions.next()
  const done = record !== null && record.run.result !== null
  const candidates = record?.run.result?.candidates ?? []
  const { available } = reelOf(runs)
  const group = 'Generate'
  const step = (delta: number) => () => {
    actions.setMode('results')
    stage.playhead.setState(stepBy(stage.playhead.getState(), delta, available))
  }
  return [
    { id: 'next', group, title: next.label, words: 'next primary', run: () => actions.run(next), ...(next.note === null ? {} : { keys: next.note.length < 12 ? next.note : '' }) },
    { id: 'again', group, title: 'Generate again with a new seed', words: 're-roll dice', keys: 'N', when: done && obstacle(studio.document.getState().design, runs.store.getState().limits) === null, run: () => actions.running.generateAgain() },
    { id: 'stop', group, title: 'Stop the run', words: 'cancel abort', keys: 'Esc', when: live && next.kind !== 'stop', run: () => actions.running.stop() },
    ...candidates.map((c, k): Possible => ({ id: `focus-${k}`, group, title: `Look at candidate ${k + 1}`, quiet: true, words: `${c.smiles ?? ''} focus`, ...(k < 9 ? { keys: String(k + 1) } : {}), run: () => actions.running.focus(k) })),
    ...candidates.map((_, k): Possible => ({ id: `accept-${k}`, group, title: `Use candidate ${k + 1} as scaffold`, quiet: true, words: 'accept pick take', when: !(mode === 'results' && focus === k), run: () => actions.running.accept(k) })),
    { id: 'valid-only', group, title: validOnly ? 'Keep failed candidates' : 'Run failed candidates again', words: 'valid only rerun retry budget', run: () => actions.setSettings({ validOnly: !validOnly }) },
    { id: 'seed', group, title: 'Roll a new seed', words: 'dice random', run: () => actions.running.newSeed() },
    { id: 'play', group, title: live ? 'Hold the run, or let it go on' : 'Play or pause the trajectory', words: 'pause resume', keys: 'Space', when: available > 1, run: () => actions.running.playOrPause() },
    { id: 'slow', group, title: slow ? 'Run at full speed' : 'Run in slow motion', words: 'speed slower watch', run: () => session.setState({ slow: !slow }) },
    { id: 'branch', group, title: 'Branch from this step', words: 'fork noise', keys: 'J', when: actions.running.branchStep() !== null, run: () => actions.running.branchHere() },
    { id: 'frame-back', group, title: 'One frame back', keys: ',', when: available > 1, run: step(-1) },
    { id: 'frame-on', group, title: 'One frame on', keys: '.', when: available > 1, run: step(1) },
  ]
}

function design({ studio, actions }: Tools): Possible[] {
  const { session, document } = studio
  const { selected, tool } = session.getState()
  const { design: shown } = document.getState()
  const blob = shown.blobs.some((b) => b.id === selected)
  const group = 'Design'
  return [
    { id: 'select', group, title: 'Select', words: 'tool pointer', keys: 'V', when: tool !== 'select', run: () => actions.setTool('select') },
    { id: 'place', group, title: 'Place a blob where I click', words: 'tool add', keys: 'B', run: () => actions.setTool('blob') },
    { id: 'place-center', group, title: 'Place a blob in the middle', words: 'add new', run: () => actions.placeBlob(studio.stage.view.getState().camera.target) },
    { id: 'attach', group, title: 'Attach: choose a hydrogen', words: 'tool grow', keys: 'A', when: freeHydrogens(shown).length > 0, run: () => actions.setTool('attach') },
    { id: 'site', group, title: 'Open a site at the next free hydrogen', words: 'grow attach', when: freeHydrogens(shown).length > 0, run: () => actions.openNextSite() },
    ...shown.blobs.map((b, k): Possible => ({ id: `blob-${b.id}`, group, title: `Select blob ${k + 1}`, quiet: true, when: b.id !== selected, run: () => { actions.select(b.id); actions.setMode('design') } })),
    { id: 'move', group, title: 'Move the blob', keys: 'G', when: blob, run: () => actions.poses.start('move') },
    { id: 'turn', group, title: 'Turn the blob', words: 'rotate', keys: 'R', when: blob, run: () => actions.poses.start('turn') },
    { id: 'stretch', group, title: 'Stretch the blob', words: 'scale size width', keys: 'S', when: blob, run: () => actions.poses.start('stretch') },
    { id: 'bridge', group, title: 'One blob for all open sites', words: 'bridge ring close join', when: shown.blobs.filter((b) => b.site !== null).length > 1, run: () => actions.bridgeAll() },
    { id: 'remove', group, title: 'Remove the blob', words: 'delete', keys: 'Del', when: blob, run: () => actions.removeSelected() },
  ]
}

/** Of the scaffold: those that need atoms chosen only while some are. */
function atoms({ studio, actions }: Tools): Possible[] {
  const { scaffold } = studio.document.getState().design
  if (scaffold === null) return []
  const chosen = chosenAtoms(studio)
  const some = chosen.length > 0
  const open = new Set(freeHydrogens(studio.document.getState().design))
  const hydrogens = chosen.filter((i) => open.has(i))
  const group = 'Atoms'
  const toDesign = (then: () => void) => () => {
    actions.setMode('design')
    then()
  }
  return [
    { id: 'relax', group, title: some ? 'Relax the chosen atoms' : 'Relax the scaffold', words: 'optimise minimise clean geometry', run: toDesign(() => relax(studio, chosenAtoms(studio))) },
    { id: 'choose-all', group, title: 'Choose all atoms', words: 'select edit', keys: 'Ctrl A', run: toDesign(() => chooseAll(studio)) },
    { id: 'choose-none', group, title: 'Choose no atoms', words: 'deselect', when: some, run: () => chooseAtoms(studio, []) },
    { id: 'free', group, title: 'Free the chosen atoms', words: 'unfreeze move', when: some, run: () => freeChosen(studio, true) },
    { id: 'freeze', group, title: 'Freeze the chosen atoms', words: 'fix hold', when: some, run: () => freeChosen(studio, false) },
    { id: 'freeze-all', group, title: 'Freeze all atoms', words: 'fix hold', when: (scaffold.free ?? []).length > 0, run: () => freezeAll(studio) },
    { id: 'fill', group, title: 'Fit hydrogens to the chosen atoms', words: 'add remove valence', when: some, run: () => fillHydrogens(studio) },
    { id: 'open-chosen', group, title: 'Open a site at every chosen hydrogen', words: 'grow attach', when: chosen.some((i) => scaffold.numbers[i] === 1), run: () => openChosen(studio) },
    { id: 'bridge-chosen', group, title: 'Bridge the chosen hydrogens with one blob', words: 'ring close sites several', when: hydrogens.length > 1, run: () => actions.bridge(hydrogens) },
    ...ELEMENTS.map(({ number, name }): Possible => ({ id: `make-${name}`, group, title: `Make the chosen atoms ${name}`, words: 'change element', quiet: true, when: some, run: () => makeElement(studio, number) })),
    ...ELEMENTS.map(({ number, name }): Possible => ({ id: `grow-${name}`, group, title: `Add ${name} to the chosen atoms`, words: 'grow build', quiet: true, when: some, run: () => growAtoms(studio, number) })),
    { id: 'delete-atoms', group, title: 'Delete the chosen atoms', words: 'remove', keys: 'Del', when: some, run: () => deleteChosen(studio) },
  ]
}

function documents({ studio, actions, filing }: Tools): Possible[] {
  const { history } = studio.document.getState()
  const { remote } = filing.keeper.store.getState()
  const group = 'File'
  const dialog = (name: 'open' | 'share' | 'details' | 'paste') => () => studio.desk.setState({ dialog: name })
  const naming = undoneNaming(history)
  const last = naming === null ? currentNode(history).label : `name of “${nodeOf(history, naming.node).label}”`
  return [
    { id: 'undo', group, title: `Undo: ${last}`, keys: 'Ctrl Z', when: canUndo(history), run: () => actions.travels.undo() },
    { id: 'redo', group, title: 'Redo', keys: 'Ctrl ⇧ Z', when: canRedo(history), run: () => actions.travels.redo() },
    { id: 'new', group, title: 'New design', words: 'empty blank', run: () => void filing.startOver() },
    ...EXAMPLES.map((example): Possible => ({ id: `example-${example.id}`, group, title: `Example: ${example.title}`, words: example.note, run: () => filing.loadExample(example) })),
    { id: 'open', group, title: 'Open a design…', words: 'saved recent reopen', keys: 'Ctrl O', run: dialog('open') },
    { id: 'save', group, title: 'Save on the service', words: 'keep store', keys: 'Ctrl S', run: () => void filing.saving.save() },
    { id: 'copy', group, title: 'Save as a copy', words: 'duplicate fork', when: remote !== null, run: () => void filing.saving.keepAsCopy() },
    { id: 'details', group, title: 'Name and tags…', words: 'rename title', run: dialog('details') },
    { id: 'share', group, title: 'Share a link…', words: 'send url', run: dialog('share') },
    { id: 'import', group, title: 'Start from a real molecule…', words: 'import paste smiles sdf mol xyz pdb', run: dialog('paste') },
    { id: 'file', group, title: 'Open a file…', words: 'import upload sdf mol xyz extxyz pdb smiles json', run: () => filing.pickFile() },
  ]
}

function looking({ studio, actions }: Tools): Possible[] {
  const { viewing, stage, session, desk } = studio
  const look = viewing.getState()
  const { measured, mode, layout } = session.getState()
  const group = 'View'
  const record = studio.runs.active
  const several = (record?.run.spec.n_samples ?? 0) > 1
  return [
    { id: 'fit', group, title: 'Fit everything into the view', words: 'zoom frame centre', keys: 'F', run: () => stage.frame() },
    { id: 'mode-design', group, title: 'Show the design', when: mode !== 'design', run: () => actions.setMode('design') },
    { id: 'mode-results', group, title: 'Show the candidates', when: mode !== 'results' && record !== null, run: () => actions.setMode('results') },
    ...([['grid', 'side by side'], ['overlay', 'over each other'], ['single', 'one at a time']] as const).map(([value, words]): Possible => (
      { id: `layout-${value}`, group, title: `Candidates ${words}`, when: several && layout !== value, run: () => { actions.running.layOut(value); actions.setMode('results') } }
    )),
    ...STYLES.map(({ value, label }): Possible => ({ id: `style-${value}`, group, title: `Style: ${label}`, when: look.style !== value, run: () => viewing.setState({ style: value }) })),
    ...HYDROGENS.map(({ value, label }): Possible => ({ id: `hydrogens-${value}`, group, title: `Hydrogens: ${label}`, words: value === 'none' ? 'none hide off' : 'show', ...(value === 'none' ? { keys: 'H' } : {}), when: look.hydrogens !== value, run: () => viewing.setState({ hydrogens: value }) })),
    ...LABELS.map(({ value, label }): Possible => ({ id: `labels-${value}`, group, title: `Labels: ${label}`, words: value === 'none' ? 'none hide off' : 'show atoms', ...(value === 'numbers' ? { keys: 'L' } : {}), when: look.labels !== value, run: () => viewing.setState({ labels: value }) })),
    { id: 'measure', group, title: 'Measure', words: 'distance angle dihedral torsion tool', keys: 'M', run: () => actions.setTool('measure') },
    { id: 'unmeasure', group, title: 'Clear the measurement', when: measured.length > 0, run: () => session.setState({ measured: [] }) },
    { id: 'panel-molecule', group, title: 'Molecule panel', words: 'drawing 2d properties logp', keys: 'I', run: () => actions.travels.togglePanel('molecule') },
    { id: 'panel-history', group, title: 'History panel', words: 'tree undo', keys: 'Y', run: () => actions.travels.togglePanel('history') },
    { id: 'panel-tables', group, title: 'Table of atoms and blobs', words: 'coordinates list accessible', keys: 'T', run: () => actions.travels.togglePanel('tables') },
    { id: 'end-compare', group, title: 'End the comparison', when: desk.getState().compared !== null, run: () => actions.travels.endCompare() },
  ]
}

function exporting({ studio, filing }: Tools): Possible[] {
  const group = 'Export'
  const one = currentStructure(studio) !== null
  const several = candidateStructures(studio).length > 1
  const moving = currentTrajectory(studio) !== null
  const formats = Object.entries(FORMATS) as [FileFormat, (typeof FORMATS)[FileFormat]][]
  return [
    ...formats.map(([format, { title }]): Possible => ({ id: `export-${format}`, group, title: `Export ${currentTitle(studio)} as ${title}`, words: 'molecule save download', when: one, run: () => filing.exportMolecule(format) })),
    ...formats.filter(([, f]) => f.many).map(([format, { title }]): Possible => ({ id: `export-all-${format}`, group, title: `Export all candidates as ${title}`, quiet: true, words: 'save download', when: several, run: () => filing.exportCandidates(format) })),
    { id: 'trajectory-extxyz', group, title: 'Export the trajectory as extXYZ', words: 'frames save', when: moving, run: () => filing.exportTrajectory('extxyz') },
    { id: 'trajectory-pdb', group, title: 'Export the trajectory as PDB', words: 'frames save', when: moving, run: () => filing.exportTrajectory('pdb') },
    { id: 'png', group, title: 'Export the picture as PNG', words: 'image screenshot save', run: () => void filing.exportPicture() },
    { id: 'smiles', group, title: 'Copy SMILES', words: 'clipboard', when: currentSmiles(studio) !== null, run: () => filing.copySmiles() },
    { id: 'export-design', group, title: 'Export the design with its history', words: 'json file backup', run: () => filing.exportDesign() },
  ]
}

function page(tools: Tools): Possible[] {
  const { studio, actions } = tools
  const { session, socket, runs } = studio
  const { theme } = session.getState()
  const group = 'Page'
  return [
    ...(['system', 'light', 'dark'] as const).map((value): Possible => ({ id: `theme-${value}`, group, title: value === 'system' ? 'Theme: as the system' : `Theme: ${value}`, words: 'colours mode', when: theme !== value, run: () => actions.setTheme(value) })),
    { id: 'reconnect', group, title: 'Connect to the service again', when: runs.store.getState().link.kind === 'offline', run: () => socket.connect() },
    { id: 'tour', group, title: 'Take the tour to aspirin', words: 'guide learn tutorial help', run: () => startTour(tools) },
    { id: 'help', group, title: 'Help and shortcuts', keys: '?', run: () => session.setState({ help: true }) },
  ]
}
