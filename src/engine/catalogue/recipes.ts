import { busybox } from './recipes/busybox.ts'
import { debian } from './recipes/debian.ts'
import { eclipseTemurin, openjdk } from './recipes/java.ts'
import { gradle, maven } from './recipes/java-tools.ts'
import { golang, node, python } from './recipes/languages.ts'
import { mariadb } from './recipes/mariadb.ts'
import { mysql } from './recipes/mysql.ts'
import { php, phpmyadmin } from './recipes/php.ts'
import { postgres } from './recipes/postgres.ts'
import { rabbitmq } from './recipes/rabbitmq.ts'
import { redis } from './recipes/redis.ts'
import { haproxy, httpd, memcached, nginx, registry } from './recipes/servers.ts'
import { alpine, ubuntu } from './recipes/systems.ts'
import type { Recipe } from './recipe.ts'

/** Every image that Galley can make without a registry. */
export const recipes: readonly Recipe[] = [
  alpine,
  busybox,
  debian,
  eclipseTemurin,
  golang,
  gradle,
  haproxy,
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
  python,
  rabbitmq,
  redis,
  registry,
  ubuntu,
]
