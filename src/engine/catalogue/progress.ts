export interface Count {
  readonly current: number
  readonly total: number
  readonly units: string
}

/** Told of each phase of making one layer and, within it, of how far it is. */
export type Progress = (phase: string, count?: Count) => void

const phases: readonly (readonly [RegExp, string])[] = [
  [/^I: running apt-get update/, 'Fetching package lists'],
  [/^I: downloading packages/, 'Downloading packages'],
  [/^I: extracting archives/, 'Extracting packages'],
  [/^I: installing/, 'Installing packages'],
  [/^I: creating tarball/, 'Packing'],
]

/** Reads one line of what mmdebstrap says. */
export function readBootstrapLine(line: string, progress: Progress): void {
  const phase = phases.find(([pattern]) => pattern.test(line))?.[1]
  if (phase !== undefined) progress(phase)
}

/**
 * Reads the lines of apt's status (apt's README.progress-reporting): `dlstatus:3:12.5:Retrieving file 3 of 45 (…)`, `pmstatus:…`. Each
 * phase is told once without a count, for those who show no counts.
 */
export function aptStatusReader(progress: Progress): (line: string) => void {
  let last = ''
  const tell = (phase: string, count: Count): void => {
    if (phase !== last) progress(phase)
    last = phase
    progress(phase, count)
  }
  return (line) => {
    const [kind, , percent = '', text = ''] = line.split(':')
    const [, current, total] = /(\d+) of (\d+)/.exec(text) ?? []
    if (kind === 'dlstatus' && total !== undefined)
      tell('Downloading packages', { current: Number(current), total: Number(total), units: 'packages' })
    if (kind === 'pmstatus') tell('Installing packages', { current: Math.round(Number(percent)), total: 100, units: '%' })
  }
}
