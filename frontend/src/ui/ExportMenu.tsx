import * as Menu from '@radix-ui/react-dropdown-menu'
import { useActiveRunButVerdicts, useDesign, useRuns, useSession, useTools } from './context'
import { candidateStructures, currentSmiles, currentStructure, currentTitle, currentTrajectory, FORMATS, type FileFormat } from './files'
import { ExportIcon } from './icons'

const ALL = Object.keys(FORMATS) as FileFormat[]

/** Everything that can be taken along: the molecule, all candidates, the trajectory, the picture, the design. */
export function ExportMenu() {
  const { studio, filing } = useTools()
  // What there is to save changes with these.
  const mode = useSession((s) => s.mode)
  const focus = useSession((s) => s.focus)
  useDesign((d) => d.scaffold)
  useRuns((s) => s.active)
  const record = useActiveRunButVerdicts()
  const molecule = currentStructure(studio)
  const all = record !== null && record.run.result !== null ? candidateStructures(studio) : []
  const moving = currentTrajectory(studio)
  const smiles = currentSmiles(studio)
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger className="text-button" aria-label="Export"><ExportIcon /><span className="wide-only">Export</span></Menu.Trigger>
      <Menu.Portal>
        <Menu.Content className="menu export-menu" align="end" sideOffset={6} collisionPadding={8}>
          {molecule !== null && (
            <>
              <Menu.Label className="menu-molecule"><span>{currentTitle(studio)}</span> {molecule.name}</Menu.Label>
              {ALL.map((format) => (
                <Menu.Item key={format} onSelect={() => filing.exportMolecule(format)}>{FORMATS[format].title}<small>{FORMATS[format].note}</small></Menu.Item>
              ))}
              {smiles !== null && <Menu.Item onSelect={() => filing.copySmiles()}>Copy SMILES</Menu.Item>}
              <Menu.Separator />
            </>
          )}
          {all.length > 1 && (
            <>
              <Menu.Label>All {all.length} candidates{mode === 'results' && focus === null && <small>Click one to save it alone</small>}</Menu.Label>
              <div className="menu-row">
                {ALL.filter((format) => FORMATS[format].many).map((format) => (
                  <Menu.Item key={format} aria-label={`All candidates as ${FORMATS[format].title}`} onSelect={() => filing.exportCandidates(format)}>{FORMATS[format].title}</Menu.Item>
                ))}
              </div>
              <Menu.Separator />
            </>
          )}
          {moving !== null && (
            <>
              <Menu.Label>Trajectory, {moving.frames.length} frames</Menu.Label>
              <div className="menu-row">
                <Menu.Item aria-label="Trajectory as extXYZ" onSelect={() => filing.exportTrajectory('extxyz')}>extXYZ</Menu.Item>
                <Menu.Item aria-label="Trajectory as PDB" onSelect={() => filing.exportTrajectory('pdb')}>PDB</Menu.Item>
              </div>
              <Menu.Separator />
            </>
          )}
          <Menu.Item onSelect={() => void filing.exportPicture()}>Picture<small>PNG</small></Menu.Item>
          <Menu.Item onSelect={() => filing.exportDesign()}>Design<small>with its history</small></Menu.Item>
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  )
}
