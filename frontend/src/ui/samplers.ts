import type { Sampler } from '../stream/protocol'

export interface SamplerWords {
  readonly value: Sampler
  readonly label: string
  readonly group: string
  readonly note: string
}

/** All samplers of the protocol, in the order in which one would try them. */
export const SAMPLERS: readonly SamplerWords[] = [
  { value: 'sdd', label: 'SDD · stochastic', group: 'Denoising', note: 'Adds a little noise before each step, less and less of it. Most molecules come out valid.' },
  { value: 'dd', label: 'DD · deterministic', group: 'Denoising', note: 'Goes straight down and stops when the forces vanish: few steps, less variety.' },
  { value: 'ancestral', label: 'Ancestral', group: 'Diffusion', note: 'The classic reverse diffusion on a fixed noise schedule.' },
  { value: 'heun', label: 'Heun', group: 'Diffusion', note: 'Second order, deterministic: two looks at each noise level.' },
  { value: 'stochastic_heun', label: 'Heun, stochastic', group: 'Diffusion', note: 'Second order, with fresh noise at each level.' },
  { value: 'as_ancestral', label: 'Ancestral, adaptive', group: 'Adaptive to σ̂', note: 'As ancestral; the noise level is read off the forces, so it may end early.' },
  { value: 'as_heun', label: 'Heun, adaptive', group: 'Adaptive to σ̂', note: 'As Heun; the noise level is read off the forces, so it may end early.' },
  { value: 'as_stochastic_heun', label: 'Heun, stochastic, adaptive', group: 'Adaptive to σ̂', note: 'As stochastic Heun; the noise level is read off the forces.' },
]
