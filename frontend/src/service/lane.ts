/** Lets so many tasks run at a time; others wait in the order in which they came. */
export class Lane {
  private running = 0
  private readonly waiting: (() => void)[] = []

  constructor(private readonly most: number) {}

  async take<T>(task: () => Promise<T>): Promise<T> {
    if (this.running >= this.most) await new Promise<void>((go) => this.waiting.push(go))
    else this.running += 1
    try {
      return await task()
    } finally {
      // The place goes on to the next in line without ever being free.
      const next = this.waiting.shift()
      if (next === undefined) this.running -= 1
      else next()
    }
  }
}
