/** Nanoseconds as Go prints them (`time.Duration`): `1m30s`, `1.5s`, `500ms`, `0s`. */
export function goDuration(nanoseconds: number): string {
  if (nanoseconds === 0) return '0s'
  const sign = nanoseconds < 0 ? '-' : ''
  const all = Math.abs(nanoseconds)
  if (all < 1e3) return `${sign}${all}ns`
  if (all < 1e6) return `${sign}${fraction(all, 1e3)}µs`
  if (all < 1e9) return `${sign}${fraction(all, 1e6)}ms`
  const [hours, minutes] = [Math.floor(all / 3600e9), Math.floor(all / 60e9) % 60]
  const seconds = `${fraction(all % 60e9, 1e9)}s`
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}`
  return minutes > 0 ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`
}

function fraction(nanoseconds: number, unit: number): string {
  const whole = Math.floor(nanoseconds / unit)
  const rest = String(nanoseconds % unit).padStart(Math.log10(unit), '0')
  return `${whole}.${rest}`.replace(/\.?0+$/, '') || '0'
}
