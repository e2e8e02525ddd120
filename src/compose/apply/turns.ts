/** One change of a project at a time: two at once would make the same container twice. */
export class ProjectTurns {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Runs `task` when the project's earlier ones are over; `waits` is called when it must wait for one. */
  async run<T>(project: string, task: () => Promise<T>, waits: () => void): Promise<T> {
    const before = this.#last.get(project)
    if (before !== undefined) waits()
    const turn = (before ?? Promise.resolve()).then(task, task)
    this.#last.set(project, turn)
    try {
      return await turn
    } finally {
      if (this.#last.get(project) === turn) this.#last.delete(project)
    }
  }
}
