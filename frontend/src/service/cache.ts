/** Answers that are worth keeping, by key: the most recently used so many. Concurrent askers share one question; failures are forgotten. */
export class AnswerCache<T> {
  private readonly answers = new Map<string, Promise<T>>()

  constructor(private readonly most: number) {}

  get(key: string, ask: () => Promise<T>): Promise<T> {
    const known = this.answers.get(key)
    const answer = known ?? ask()
    this.answers.delete(key)
    this.answers.set(key, answer)
    if (known === undefined) {
      answer.catch(() => {
        if (this.answers.get(key) === answer) this.answers.delete(key)
      })
      const [oldest] = this.answers.keys()
      if (this.answers.size > this.most) this.answers.delete(oldest)
    }
    return answer
  }
}
