import { useEffect, useRef } from 'react'
import type { Trajectory } from '../stream/trajectory'
import { useTools } from './context'
import { sparkPaths, type SparkPaths } from './sparkPaths'

const WIDTH = 66
const HEIGHT = 22
/** Pictures this small need no more than a few new ones in a second. */
const EVERY_MS = 250

/** How the noise level σ̂ and the force of one candidate fell, step by step; drawn beside React as frames come in. `worded`: with σ̂ in words. */
export function Spark({ reqId, sample, steps, worded }: { reqId: string; sample: number; steps: number; worded: boolean }) {
  const { runs } = useTools().studio
  const svg = useRef<SVGSVGElement>(null)
  const text = useRef<HTMLElement>(null)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | null = null
    const draw = () => {
      timer = null
      const trajectory = runs.trajectory(reqId)
      if (trajectory !== null && trajectory.length > 0) show(svg.current, text.current, sparkOf(trajectory, sample, steps))
    }
    draw()
    const stop = runs.watchFrames((id) => {
      if (id === reqId) timer ??= setTimeout(draw, EVERY_MS)
    })
    return () => {
      stop()
      if (timer !== null) clearTimeout(timer)
    }
  }, [runs, reqId, sample, steps])
  return (
    <span className="spark">
      <svg ref={svg} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} aria-hidden="true">
        <path className="spark-force" />
        <path className="spark-sigma" />
      </svg>
      <small ref={text} hidden={!worded} title="Noise level σ̂ that the model still sees, and the root mean square force on the atoms; both fall as a molecule forms" />
    </span>
  )
}

/** A point for every pixel is enough. */
function sparkOf({ frames }: Trajectory, sample: number, steps: number): SparkPaths {
  const count = Math.min(frames.length, WIDTH)
  const points = Array.from({ length: count }, (_, k) => {
    const { step, sigmaHat, rmsForce } = frames[Math.round((k * (frames.length - 1)) / Math.max(1, count - 1))]
    return { step, sigma: sigmaHat[sample], force: rmsForce[sample] }
  })
  return sparkPaths(points, steps, WIDTH, HEIGHT)
}

function show(svg: SVGSVGElement | null, text: HTMLElement | null, { sigma, force, words }: SparkPaths): void {
  svg?.querySelector('.spark-sigma')?.setAttribute('d', sigma)
  svg?.querySelector('.spark-force')?.setAttribute('d', force)
  if (text !== null && text.textContent !== words) text.textContent = words
}
