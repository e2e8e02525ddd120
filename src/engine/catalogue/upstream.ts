/** The program's own version in a package's: `17.0.15` for `17.0.15+6-1~deb12u1`, `10.11.11` for `1:10.11.11-0+deb12u1`. */
export function upstream(version: string): string {
  return version.replace(/^\d+:/, '').replace(/[-+~].*$/, '')
}
