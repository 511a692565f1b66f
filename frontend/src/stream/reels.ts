import { openScaffold } from '../document/spec'
import type { Design } from '../document/types'
import { repeatBonds } from './batch'
import type { Frame } from './codec'
import type { Candidate, Topology } from './protocol'
import { withReruns } from './rerun'
import { Trajectory } from './trajectory'

/** The frames of all runs that are kept, outside the store: they only wake those who look. */
export class Reels {
  private readonly reels = new Map<string, Trajectory>()
  /** Frames of runs from which some were dropped on the way, sent once more from the first. */
  private readonly refills = new Map<string, Trajectory>()
  /** Of runs in which candidates were run again: how it was. That is what the service has, and what a branch goes on from. */
  private readonly before = new Map<string, Trajectory>()
  private readonly watchers = new Set<(reqId: string) => void>()

  /** `replaced`: frames that were missing have come in, before anybody is told. */
  constructor(private readonly replaced: (reqId: string, before: Trajectory, now: Trajectory) => void) {}

  get(reqId: string): Trajectory | null {
    return this.reels.get(reqId) ?? null
  }

  set(reqId: string, trajectory: Trajectory): void {
    this.reels.set(reqId, trajectory)
  }

  /** The atoms of a run are known. A branch has its parent's already. */
  open(reqId: string, design: Design, topology: Topology): void {
    if (!this.reels.has(reqId)) this.reels.set(reqId, new Trajectory(topology, frozenBonds(design, topology)))
  }

  /** A branch begins with the frames that led to it. */
  branch(reqId: string, parentId: string, design: Design, step: number): void {
    const parent = this.asStreamed(parentId)
    if (parent === undefined) return
    const branch = new Trajectory(parent.topology, frozenBonds(design, parent.topology))
    branch.follow(parent, step)
    this.reels.set(reqId, branch)
  }

  /** Takes a frame; `ended`: of a run that has ended, so that it can only be one that was asked for again. */
  push(reqId: string, frame: Frame, ended: boolean): void {
    const refill = ended ? this.refills.get(reqId) : undefined
    if (refill !== undefined) {
      refill.push(frame)
      return
    }
    this.reels.get(reqId)?.push(frame)
    this.tell(reqId)
  }

  /** Whether frames of a run that has ended are missing, and nobody has asked for them yet: from now on they count as asked for. */
  wantsRefill(reqId: string): boolean {
    const reel = this.asStreamed(reqId)
    if (reel?.gaps !== true || this.refills.has(reqId)) return false
    this.refills.set(reqId, reel.afresh())
    return true
  }

  /** Whether frames that were asked for again have not all come yet. */
  refilling(reqId: string): boolean {
    return this.refills.has(reqId)
  }

  /** All frames that were asked for again are here. Answers whether any were asked for. */
  refilled(reqId: string): boolean {
    const [refill, had] = [this.refills.get(reqId), this.reels.get(reqId)]
    if (refill === undefined) return false
    this.refills.delete(reqId)
    if (had === undefined || refill.length >= had.length) {
      this.reels.set(reqId, refill)
      this.before.delete(reqId)
      if (had !== undefined) this.replaced(reqId, had, refill)
      this.tell(reqId)
    }
    return true
  }

  /** The connection broke: what was asked for again does not come any more. */
  dropRefills(): void {
    this.refills.clear()
  }

  /** Candidates that were run again are shown in the places of those that failed. */
  showReruns(reqId: string, design: Design, candidates: readonly Candidate[]): void {
    const reel = this.asStreamed(reqId)
    if (reel === undefined) return
    this.before.set(reqId, reel)
    this.reels.set(reqId, withReruns(reel, candidates, openScaffold(design)?.bonds ?? []))
    this.tell(reqId)
  }

  forget(reqId: string): void {
    this.reels.delete(reqId)
    this.refills.delete(reqId)
    this.before.delete(reqId)
  }

  clear(): void {
    this.reels.clear()
    this.refills.clear()
    this.before.clear()
  }

  /** Tells of every frame of any run, until the answer is called. */
  watch(watcher: (reqId: string) => void): () => void {
    this.watchers.add(watcher)
    return () => this.watchers.delete(watcher)
  }

  private asStreamed(reqId: string): Trajectory | undefined {
    return this.before.get(reqId) ?? this.reels.get(reqId)
  }

  private tell(reqId: string): void {
    for (const watcher of this.watchers) watcher(reqId)
  }
}

const frozenBonds = (design: Design, { ptr }: Topology) => repeatBonds(openScaffold(design)?.bonds ?? [], ptr)
