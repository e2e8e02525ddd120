import { adviceWith, GalleyError, idOf, kindOf } from '#base/error.ts'
import { placeOf } from '#build/dockerfile/problem.ts'
import { StatusError } from '#faces/buildkit/grpc/status.ts'
import type { ErrorSource, Failure } from './told.ts'

/** A failed build, as the client shows it. */
export function failureOf(error: unknown): Failure {
  const cause = error instanceof StatusError && error.cause !== undefined ? error.cause : error
  const source = sourceOf(error, cause)
  return { id: idOf(cause), kind: kindOf(cause), message: adviceWith(error), ...(source !== undefined && { source }) }
}

/** What a client of BuildKit is told of the place (`errdefs.Source`), and which part of the line is meant. */
function sourceOf(error: unknown, cause: unknown): ErrorSource | undefined {
  const detail = error instanceof StatusError ? error.details.find(({ type }) => type.includes('errdefs.Source')) : undefined
  const place = placeOf(cause)
  if (detail === undefined || place === undefined) return undefined
  const { info } = JSON.parse(detail.value.toString('utf8')) as { info: { filename: string; data: string } }
  const isExact = cause instanceof GalleyError && cause.code === 'dockerfile.parse'
  return {
    name: info.filename,
    text: Buffer.from(info.data, 'base64').toString('utf8'),
    first: place.line,
    last: place.lastLine ?? place.line,
    ...(isExact && { mark: { column: place.column, length: place.length } }),
  }
}
