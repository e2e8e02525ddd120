import { busybox } from './recipes/busybox.ts'
import { debian } from './recipes/debian.ts'
import { eclipseTemurin, openjdk } from './recipes/java.ts'
import { mariadb } from './recipes/mariadb.ts'
import { mysql } from './recipes/mysql.ts'
import { redis } from './recipes/redis.ts'
import type { Recipe } from './recipe.ts'

/** Every image that Galley can make without a registry. */
export const recipes: readonly Recipe[] = [busybox, debian, eclipseTemurin, mariadb, mysql, openjdk, redis]
