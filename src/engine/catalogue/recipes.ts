import { busybox, helloWorld } from './recipes/busybox.ts'
import { buildpackDeps, debian } from './recipes/debian.ts'
import { eclipseTemurin, openjdk } from './recipes/java.ts'
import { gradle, maven } from './recipes/java-tools.ts'
import { golang, node, python } from './recipes/languages.ts'
import { mariadb } from './recipes/mariadb.ts'
import { mysql } from './recipes/mysql.ts'
import { adminer, php, phpmyadmin, wordpress } from './recipes/php.ts'
import { postgres } from './recipes/postgres.ts'
import { prometheus } from './recipes/prometheus.ts'
import { rabbitmq } from './recipes/rabbitmq.ts'
import { redis, valkey } from './recipes/redis.ts'
import { haproxy, httpd, memcached, nginx, registry } from './recipes/servers.ts'
import { alpine, ubuntu } from './recipes/systems.ts'
import type { Recipe } from './recipe.ts'

/** Every image that Galley can make without a registry. */
export const recipes: readonly Recipe[] = [
  adminer,
  alpine,
  buildpackDeps,
  busybox,
  debian,
  eclipseTemurin,
  golang,
  gradle,
  haproxy,
  helloWorld,
  httpd,
  mariadb,
  maven,
  memcached,
  mysql,
  nginx,
  node,
  openjdk,
  php,
  ...phpmyadmin,
  postgres,
  ...prometheus,
  python,
  rabbitmq,
  redis,
  registry,
  ubuntu,
  valkey,
  wordpress,
]
