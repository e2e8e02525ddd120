/** One thing that the doctor looked at. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'failure'
  readonly what: string
  /** One line that mends it, to be pasted into a shell where that is possible. */
  readonly fix?: string
}

export function ok(what: string): Finding {
  return { level: 'ok', what }
}

export function warning(what: string, fix: string): Finding {
  return { level: 'warning', what, fix }
}

export function failure(what: string, fix: string): Finding {
  return { level: 'failure', what, fix }
}
