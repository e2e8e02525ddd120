import { label } from '#base/compose-labels.ts'
import { humanDuration } from '#base/human-duration.ts'
import type { Templated } from '../template/rows.ts'
import { nameOf, serviceOf, type ContainerRow } from './containers.ts'

/** A container as `docker compose ps --format json` tells of it: the same fields, with the same kinds of values. */
export interface PsRow {
  /** In quotes, cut to 20 letters. */
  readonly Command: string
  /** `2026-11-26 04:34:18 +0000 UTC` */
  readonly CreatedAt: string
  readonly ExitCode: number
  /** `starting`, `healthy`, `unhealthy`, or nothing where there is no health check. */
  readonly Health: string
  /** The first 12 digits. */
  readonly ID: string
  readonly Image: string
  /** `NAME=VALUE`, with commas between. */
  readonly Labels: string
  readonly LocalVolumes: string
  readonly Mounts: string
  readonly Name: string
  readonly Names: string
  readonly Networks: string
  readonly Ports: string
  readonly Project: string
  readonly Publishers: readonly {
    readonly URL: string
    readonly TargetPort: number
    readonly PublishedPort: number
    readonly Protocol: string
  }[]
  /** `3 seconds ago` */
  readonly RunningFor: string
  readonly Service: string
  readonly Size: string
  readonly State: string
  /** `Up 3 seconds (healthy)` */
  readonly Status: string
}

const longest = 20

/** `now` is in milliseconds. */
export function psRow(row: ContainerRow, now: number): PsRow {
  const { Command, Created, Id, Image, Labels, Mounts = [], NetworkSettings, Ports, State, Status } = row
  const mounts = Mounts.map(({ Name, Source }) => Name ?? Source ?? '')
  return {
    Command: JSON.stringify(Command.length > longest ? `${Command.slice(0, longest - 1)}…` : Command),
    CreatedAt: new Date(Created * 1000).toISOString().replace('T', ' ').replace('.000Z', ' +0000 UTC'),
    ExitCode: Number(/^Exited \((\d+)\)/.exec(Status)?.[1] ?? 0),
    Health: /\((?:health: )?(starting|healthy|unhealthy)\)$/.exec(Status)?.[1] ?? '',
    ID: Id.slice(0, 12),
    Image,
    Labels: Object.entries(Labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(','),
    LocalVolumes: String(Mounts.filter(({ Driver }) => Driver === 'local').length),
    Mounts: mounts.join(','),
    Name: nameOf(row),
    Names: nameOf(row),
    Networks: Object.keys(NetworkSettings?.Networks ?? {}).join(','),
    Ports: portsText(Ports),
    Project: Labels[label.project] ?? '',
    Publishers: Ports.map(({ IP, PrivatePort, PublicPort, Type }) => ({
      URL: IP ?? '',
      TargetPort: PrivatePort,
      PublishedPort: PublicPort ?? 0,
      Protocol: Type,
    })),
    RunningFor: `${humanDuration(now - Created * 1000)} ago`,
    Service: serviceOf(row),
    Size: '0B',
    State,
    Status,
  }
}

/** `127.0.0.1:8080->80/tcp, 90/tcp` */
function portsText(ports: ContainerRow['Ports']): string {
  return ports
    .map(({ IP, PrivatePort, PublicPort, Type }) =>
      PublicPort === undefined
        ? `${PrivatePort}/${Type}`
        : `${IP?.includes(':') === true ? `[${IP}]` : (IP ?? '')}:${PublicPort}->${PrivatePort}/${Type}`,
    )
    .join(', ')
}

/** What docker compose's templates find in a container, beside the fields. */
export const templates = {
  heads: {
    ID: 'CONTAINER ID',
    Name: 'NAME',
    Project: 'PROJECT',
    Service: 'SERVICE',
    Image: 'IMAGE',
    Command: 'COMMAND',
    CreatedAt: 'CREATED AT',
    RunningFor: 'CREATED',
    Ports: 'PORTS',
    State: 'STATE',
    Status: 'STATUS',
    Size: 'SIZE',
    Labels: 'LABELS',
  },
  named: {
    raw: String.raw`container_id: {{.ID}}\nimage: {{.Image}}\ncommand: {{.Command}}\ncreated_at: {{.CreatedAt}}\nstate: {{- pad .State 1 0}}\nstatus: {{- pad .Status 1 0}}\nnames: {{.Names}}\nlabels: {{- pad .Labels 1 0}}\nports: {{- pad .Ports 1 0}}\n`,
  },
} as const satisfies Omit<Templated<PsRow>, 'fieldsOf'>
