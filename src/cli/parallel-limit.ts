import { GalleyError } from '#base/error.ts'

/**
 * How many images and containers may be worked on at once (COMPOSE_PARALLEL_LIMIT, which `galley compose --parallel` sets); undefined
 * for any number, as docker compose takes what is not above 0. Throws `invalid`.
 */
export function parallelLimit(): number | undefined {
  const text = process.env['COMPOSE_PARALLEL_LIMIT']
  if (text === undefined) return undefined
  if (!/^[+-]?\d+$/.test(text))
    throw new GalleyError('invalid', `COMPOSE_PARALLEL_LIMIT must be an integer (found: "${text}")`, {
      code: 'cli.option-value',
      subject: text,
    })
  return Number(text) > 0 ? Number(text) : undefined
}
