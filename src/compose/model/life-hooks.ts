import type { LifeHooks, Service } from './model.ts'

/** A service's hooks by moment. */
export function hooksOf({ postStart = [], preStop = [] }: Pick<Service, 'postStart' | 'preStop'>): LifeHooks {
  return { post_start: postStart, pre_stop: preStop }
}
