import { resetPlacement } from '../document/design'
import { sitesOf } from '../document/placement'
import { LIMITS, type Design, type GaussianBlob } from '../document/types'
import { reshaped, shapeOf } from '../geometry/ellipsoid'
import { fromEuler, toEuler } from '../geometry/quat'
import { withComponent } from '../geometry/vec3'
import { ContentEditor } from './ContentEditor'
import { useActions, useTools } from './context'
import { IconButton, NumberField, Section, Slider } from './controls'
import { ResetIcon, TrashIcon } from './icons'

const AXES = ['x', 'y', 'z'] as const
const SHAPES = [['ball', 'As wide in every direction'], ['disc', 'Flat: thin along z'], ['rod', 'Long: along x, which is the bond of an attached blob']] as const
const STRICTNESS_STEPS = [10, 4, 2, 1, 0.5, 0.25, 0.1]

export function BlobPanel({ design, blob }: { design: Design; blob: GaussianBlob }) {
  const actions = useActions()
  const { studio } = useTools()
  const euler = toEuler(blob.rotation)
  const index = design.blobs.indexOf(blob)
  const title = design.blobs.length > 1 ? `Blob ${index + 1}` : 'Blob'
  const sites = sitesOf(blob).length
  const elsewhere = design.blobs.filter((other) => other !== blob).flatMap(sitesOf).length
  const reset = () => studio.document.getState().commit('Reset blob', resetPlacement(design, blob.id))
  return (
    <Section
      title={title}
      aside={
        <>
          <IconButton label={sites === 0 ? 'Usual size, unturned' : sites === 1 ? 'Back to its place on the bond' : 'Back to its place between the bonds'} onClick={reset}><ResetIcon /></IconButton>
          <IconButton label={sites === 0 ? 'Remove blob' : `Remove blob; its hydrogen${sites === 1 ? ' comes' : 's come'} back`} keys="Del" onClick={() => actions.removeSelected()}><TrashIcon /></IconButton>
        </>
      }
    >
      <ContentEditor design={design} blob={blob} />
      {(sites > 1 || (sites > 0 && elsewhere > 0)) && (
        <div className="button-row">
          {elsewhere > 0 && (
            <button type="button" className="quiet-button" title="A chain or a ring that is bonded at each of them" onClick={() => actions.bridgeAll()}>
              One blob for all {sites + elsewhere} sites
            </button>
          )}
          {sites > 1 && <button type="button" className="quiet-button" title="Each site gets a group of its own" onClick={() => actions.partSites(blob.id)}>A blob for each site</button>}
        </div>
      )}
      <Triple
        name="Centre"
        unit="Å"
        values={blob.center}
        label={(a) => `Centre ${a}, ångström`}
        limits={LIMITS.coordinate}
        step={0.1}
        digits={2}
        onChange={(i, v) => actions.editBlob(blob.id, { center: withComponent(blob.center, i, v) }, 'Move blob', `center-${blob.id}-${i}`)}
      />
      <Triple
        name="Width"
        unit="Å"
        values={blob.widths}
        label={(a) => `Width (σ) along the blob's ${a} axis, ångström`}
        limits={LIMITS.width}
        step={0.05}
        digits={2}
        onChange={(i, v) => actions.editBlob(blob.id, { widths: withComponent(blob.widths, i, v) }, 'Stretch blob', `widths-${blob.id}-${i}`)}
      />
      <Triple
        name="Turn"
        unit="°"
        values={euler}
        label={(a) => `Rotation about ${a}, degrees`}
        limits={{ min: -180, max: 180 }}
        step={5}
        digits={0}
        onChange={(i, v) => actions.editBlob(blob.id, { rotation: fromEuler(withComponent(euler, i, v)) }, 'Turn blob', `turn-${blob.id}-${i}`)}
      />
      <div className="shape-row" role="group" aria-label="Shape">
        <span>Shape</span>
        {SHAPES.map(([kind, words]) => (
          <button key={kind} type="button" aria-pressed={shapeOf(blob.widths) === kind} title={words} onClick={() => actions.editBlob(blob.id, { widths: reshaped(blob.widths, kind, LIMITS.width) }, `Make the blob a ${kind}`)}>
            <i data-shape={kind} />{kind}
          </button>
        ))}
      </div>
      <Slider
        label="Hold"
        value={nearestStep(blob.strictness)}
        min={0}
        max={STRICTNESS_STEPS.length - 1}
        step={1}
        text={holdWord(blob.strictness)}
        onChange={(k) => actions.editBlob(blob.id, { strictness: STRICTNESS_STEPS[k] }, 'Change hold', `hold-${blob.id}`)}
      />
    </Section>
  )
}

function Triple(props: {
  name: string
  unit: string
  values: readonly [number, number, number]
  label: (axis: string) => string
  limits: { min: number; max: number }
  step: number
  digits: number
  onChange: (axis: number, value: number) => void
}) {
  const { name, unit, values, label, limits, step, digits, onChange } = props
  return (
    <div className="triple" role="group" aria-label={name}>
      <span className="triple-name">{name}<small>{unit}</small></span>
      {AXES.map((axis, i) => (
        <NumberField
          key={axis}
          label={label(axis)}
          name={<i className={`axis-tag axis-${axis}`}>{axis}</i>}
          value={values[i]}
          min={limits.min}
          max={limits.max}
          step={step}
          digits={digits}
          onChange={(v) => onChange(i, v)}
        />
      ))}
    </div>
  )
}

/** γ = (1 - k/K)^s: the larger s, the sooner the blob lets go. The slider runs the other way, from loose to firm. */
function nearestStep(strictness: number): number {
  let best = 0
  STRICTNESS_STEPS.forEach((s, k) => {
    if (Math.abs(Math.log(s / strictness)) < Math.abs(Math.log(STRICTNESS_STEPS[best] / strictness))) best = k
  })
  return best
}

function holdWord(strictness: number): string {
  if (strictness <= 0.25) return 'to the end'
  if (strictness < 1) return 'long'
  if (strictness === 1) return 'evenly'
  return strictness <= 2 ? 'briefly' : 'at first only'
}
