import { connects, healthCheck } from './health-check.ts'
import { expose, ignoring, lines, type Folder, type Proposal } from './proposal.ts'

/** Where pages begin: below `public`, as frameworks have them, or at the top. */
const places = ['public/', ''] as const

/** Pages of PHP behind Apache, with the packages that composer.json asks for. */
export function php(folder: Folder): Proposal | undefined {
  const place = places.find((one) => folder.read(`${one}index.php`) !== undefined)
  if (place === undefined) return undefined
  const source = folder.read(`${place}index.php`) ?? ''
  const lock = folder.names.includes('composer.lock') ? ' composer.lock' : ''
  const packages = [
    'COPY --from=composer:2 /usr/bin/composer /usr/local/bin/composer',
    `COPY composer.json${lock} ./`,
    'RUN composer install --no-dev --no-scripts --no-interaction --optimize-autoloader',
  ]
  return {
    what: `a PHP project (${place}index.php)`,
    dockerfile: lines(
      'FROM php:8.4-apache',
      /mysqli|['"]mysql:/.test(source) ? 'RUN docker-php-ext-install mysqli pdo_mysql' : undefined,
      ...(place === ''
        ? []
        : ['# What is shown is below public; the rest must not be.', 'WORKDIR /var/www', 'RUN rmdir html && ln -s public html']),
      ...(folder.read('composer.json') === undefined ? [] : packages),
      'COPY . .',
      expose('80'),
      healthCheck('80', connects.php),
    ),
    dockerignore: ignoring('vendor', 'node_modules'),
  }
}
