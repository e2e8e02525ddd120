import type { Counted } from './switches.ts'

/** What is told while a project comes up or goes down; one stream, drawn by whoever listens. Times are left to the listener. */
export type ComposeEvent =
  | StepEvent
  /** A line that a program printed on the way, such as one of a build. */
  | { readonly type: 'output'; readonly id: string; readonly subject: string; readonly text: string }
  /** Something that stops nothing. */
  /** `ko` where it is told in both languages, as findings are. */
  | { readonly type: 'warning'; readonly text: string; readonly ko?: string }
  /** What is done now, such as the limits of the wait. */
  | { readonly type: 'note'; readonly text: string }
  /** How far a started service is. */
  | {
      readonly type: 'service'
      readonly service: string
      readonly subject: string
      readonly state: 'waiting' | 'up' | 'completed' | 'failed'
      readonly text: string
    }
  /** A step that would be carried out; `rehearsed` where people are to see that it is not. */
  | {
      readonly type: 'planned'
      readonly subject: string
      readonly action: string
      readonly why: readonly string[]
      readonly rehearsed?: true
    }
  /** What was counted while a service went over from one container to the next. */
  | SwitchEvent
  /** A published port, as a person would use it. */
  | { readonly type: 'address'; readonly service: string; readonly url: string; readonly answers: boolean; readonly fails?: true }

export interface StepEvent {
  readonly type: 'step'
  readonly id: string
  /** `Container meal-app-1`. */
  readonly subject: string
  /** `Creating`, `Created`. */
  readonly status: string
  readonly state: 'working' | 'done' | 'failed' | 'skipped'
  /** What goes on inside, or why it failed. */
  readonly detail?: string
  /** How much of all, while something is transferred or made. */
  readonly amount?: Amount
}

export interface SwitchEvent {
  readonly type: 'switch'
  readonly service: string
  readonly subject: string
  /** Connections that the old container had at the switch, and those that were left when it had to stop. */
  readonly open: number
  readonly left: number
  /** Absent where the kernel could not count. */
  readonly counted?: Counted
}

export interface Amount {
  readonly current: number
  readonly total: number
  /** What is counted; bytes when absent. */
  readonly units?: string
}

export type Report = (event: ComposeEvent) => void
