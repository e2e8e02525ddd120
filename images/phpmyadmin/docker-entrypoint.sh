#!/bin/sh
# Reads passwords from files, and makes the secret that encrypts cookies once for each container.
set -e
for name in PMA_USER PMA_PASSWORD PMA_HOST PMA_CONTROLPASS MYSQL_ROOT_PASSWORD MYSQL_PASSWORD; do
  eval "file=\${${name}_FILE-}"
  [ -z "$file" ] || export "$name=$(cat "$file")"
done
secret=/etc/phpmyadmin/config.secret.inc.php
if [ ! -e $secret ]; then
  printf "<?php\n\$cfg['blowfish_secret'] = hex2bin('%s');\n" "$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')" >$secret
  chown root:www-data $secret
  chmod 640 $secret
fi
exec docker-php-entrypoint "$@"
