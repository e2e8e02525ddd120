import { one, type Case } from './compose-cases.ts'

/** Projects that both tools refuse, with what Galley says of the place. */
export const refused: Readonly<Record<string, readonly [Case, RegExp]>> = {
  'an unknown attribute': [
    one('services:\n  a:\n    imgae: box\n'),
    /compose\.yaml:3:5: additional property "imgae" is not allowed in services\.a$/,
  ],
  'an unknown attribute deep down': [
    one('services:\n  a: {image: b, deploy: {resources: {limits: {cpu: 1}}}}\n'),
    /:2:47: additional property "cpu" is not allowed in services\.a\.deploy\.resources\.limits/,
  ],
  'an unknown section': [one('service: {}\n'), /:1:1: additional property "service" is not allowed/],
  'a number for a text': [one('services: {a: {image: 1}}'), /services\.a\.image must be a string/],
  'a text for a flag': [one('services: {a: {image: b, tty: maybe}}'), /services\.a\.tty must be true or false/],
  'a text for a list': [one('services: {a: {image: b, ports: "80"}}'), /services\.a\.ports must be a list/],
  'a word that is none of the words': [
    one('services: {a: {image: b, depends_on: {c: {condition: service_health}}}, c: {image: b}}'),
    /must be one of service_started/,
  ],
  'a key without a value': [one('services:\n  a:\n    image: b\n    environment:\n'), /:4:5: services\.a\.environment has no value$/],
  'a section without a value': [one('services: {a: {image: b}}\nvolumes:\n'), /:2:1: volumes has no value$/],
  'a key twice': [one('services:\n  a: {image: b}\n  a: {image: c}\n'), /:3:3: mapping key "a" already defined at line 2/],
  'a required variable': [one('services: {a: {image: "b:${TAG:?must be set}"}}'), /required variable TAG is missing a value: must be set/],
  'a wrong variable': [one('services: {a: {image: "b:${TAG"}}'), /invalid interpolation format/],
  'no image, as its variable is not set': [
    one('services: {a: {image: "${NOTHING}"}}'),
    /service "a" has neither an image nor a build context specified/,
  ],
  'no image': [one('services: {a: {command: x}}'), /service "a" has neither an image nor a build context specified/],
  'an undeclared network': [one('services: {a: {image: b, networks: [n]}}'), /service "a" refers to undefined network n/],
  'an undeclared volume': [one('services: {a: {image: b, volumes: ["data:/x"]}}'), /refers to undefined volume data/],
  'an undeclared secret': [one('services: {a: {image: b, secrets: [s]}}'), /refers to undefined secret s/],
  'an undeclared service': [one('services: {a: {image: b, depends_on: [c]}}'), /depends on undefined service "c"/],
  'a service without its profile': [
    one('services: {a: {image: b, depends_on: [c]}, c: {image: b, profiles: [p]}}'),
    /no active profile enables, "c"/,
  ],
  'a circle of dependencies': [
    one('services: {a: {image: b, depends_on: [c]}, c: {image: b, depends_on: [a]}}'),
    /dependency cycle detected: a -> c -> a/,
  ],
  'a circle of extends': [one('services: {a: {extends: b}, b: {extends: a}}'), /circular reference/],
  'extends of nothing': [one('services: {a: {image: b, extends: c}}'), /cannot extend service "a": service "c" not found/],
  'an include of itself': [one('include: [compose.yaml]\nservices: {a: {image: b}}'), /include cycle detected/],
  'an include that is declared twice': [
    { files: { 'compose.yaml': 'include: [o.yaml]\nservices: {a: {image: b}}', 'o.yaml': 'services: {a: {image: c}}' } },
    /services\.a conflicts with imported resource/,
  ],
  'two numbers of containers': [
    one('services: {a: {image: b, scale: 2, deploy: {replicas: 3}}}'),
    /can't set distinct values on 'scale' and 'deploy\.replicas'/,
  ],
  'one name for several': [one('services: {a: {image: b, scale: 2, container_name: same}}'), /container name must be unique/],
  'one name twice': [
    one('services: {a: {image: b, container_name: same}, c: {image: b, container_name: same}}'),
    /already in use by service a/,
  ],
  'a network mode and networks': [
    one('services: {a: {image: b, network_mode: host, networks: [n]}}\nnetworks: {n: }'),
    /mutually exclusive/,
  ],
  'two things at a place': [one('services: {a: {image: b, tmpfs: /x, volumes: ["./a:/x"]}}'), /target \/x already mounted/],
  'a wrong port': [one('services: {a: {image: b, ports: ["x:80"]}}'), /invalid port "x:80"/],
  'a wrong duration': [
    one('services: {a: {image: b, stop_grace_period: soon}}'),
    /services\.a\.stop_grace_period: invalid duration "soon"/,
  ],
  'a wrong size': [one('services: {a: {image: b, mem_limit: lots}}'), /services\.a\.mem_limit: invalid size "lots"/],
  'a missing env_file': [one('services: {a: {image: b, env_file: none.env}}'), /env file .*none\.env not found/],
  'a wrong name': [one('services: {a: {image: b}}', { options: ['-p', 'Not Good'] }), /invalid project name "Not Good"/],
  'a secret with two sources': [
    one('services: {a: {image: b, secrets: [s]}}\nsecrets: {s: {file: x, environment: Y}}'),
    /mutually exclusive/,
  ],
  'version 1': [one('web:\n  image: box\n'), /:1:1: .*services/],
  'no YAML': [one('services: {a: [\n'), /compose\.yaml:\d+:\d+: /],
  nothing: [one('# only a comment\n'), /empty compose file/],
  'a list that has itself in it': [one('services: {a: &a {image: b, environment: [*a]}}'), /nested too deeply or too large/],
}
