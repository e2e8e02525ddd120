#!/bin/bash
# healthcheck.sh [--connect] [--innodb_initialized]: fails unless the server answers on TCP, and InnoDB has been loaded.
set -eo pipefail
[ $# -gt 0 ] || { echo 'healthcheck.sh: name what to check: --connect, --innodb_initialized' >&2; exit 2; }
datadir=$(my_print_defaults mysqld server mariadb mariadbd | sed -n 's/^--datadir[= ]//p' | tail -n 1)
settings=${datadir:-/var/lib/mysql}/.my-healthcheck.cnf
ask() {
  mariadb --defaults-extra-file="$settings" --protocol=tcp --host=127.0.0.1 --skip-column-names --batch -e "$1"
}
for check; do
  case $check in
    --connect) ask 'SELECT 1' >/dev/null ;;
    --innodb_initialized) [ "$(ask "SELECT SUPPORT FROM information_schema.ENGINES WHERE ENGINE = 'InnoDB'")" = DEFAULT ] ;;
    *) echo "healthcheck.sh: $check is not supported by this stand-in" >&2; exit 2 ;;
  esac
done
