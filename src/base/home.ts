/** The program's own directory: a checkout, or an installed package. Every bundle lies as deep below it as this file (packaging/bundle.ts). */
export const home = new URL('../../', import.meta.url)
