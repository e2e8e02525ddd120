#!/bin/bash
# Starts MySQL or MariaDB in a container. On the first start with an empty data directory: makes the system tables, sets the
# accounts that the environment asks for and runs what lies in /docker-entrypoint-initdb.d; all that with no port open.
set -eo pipefail
shopt -s nullglob

if command -v mariadbd >/dev/null; then
  product=MariaDB server=mariadbd client=mariadb prefixes=(MARIADB MYSQL)
else
  product=MySQL server=mysqld client=mysql prefixes=(MYSQL)
fi
socket=/run/mysqld/mysqld.sock

say() { printf '%s [Note] [Entrypoint]: %s\n' "$(date --rfc-3339=seconds)" "$*"; }
fail() { printf '%s [ERROR] [Entrypoint]: %s\n' "$(date --rfc-3339=seconds)" "$*" >&2; exit 1; }

# setting NAME: what MYSQL_NAME says (with MariaDB MARIADB_NAME first), or the file that MYSQL_NAME_FILE names.
setting() {
  local prefix value file
  for prefix in "${prefixes[@]}"; do
    value=${prefix}_$1 file=${prefix}_$1_FILE
    [ -z "${!value}" ] || [ -z "${!file}" ] || fail "$value and $file are both set, but only one of them can count"
    if [ -n "${!value}" ]; then printf %s "${!value}"; return; fi
    if [ -n "${!file}" ]; then cat "${!file}"; return; fi
  done
}

read_settings() {
  local unsupported
  for unsupported in REPLICATION_USER REPLICATION_PASSWORD REPLICATION_PASSWORD_HASH MASTER_HOST MASTER_PORT; do
    [ -z "$(setting $unsupported)" ] || fail "${prefixes[0]}_$unsupported is not supported by this stand-in"
  done
  # One each: of several assignments in a line, only the last one's failure would be seen.
  root_password=$(setting ROOT_PASSWORD)
  root_hash=$(setting ROOT_PASSWORD_HASH)
  root_host=$(setting ROOT_HOST)
  root_empty=$(setting ALLOW_EMPTY_PASSWORD)$(setting ALLOW_EMPTY_ROOT_PASSWORD)
  root_random=$(setting RANDOM_ROOT_PASSWORD)
  database=$(setting DATABASE)
  user=$(setting USER)
  password=$(setting PASSWORD)
  hash=$(setting PASSWORD_HASH)
  root_host=${root_host:-%}
}

check_settings() {
  if [ -z "$root_password$root_hash$root_empty$root_random" ]; then
    fail "the database is not initialized and no root password option is given; set one of ${prefixes[0]}_ROOT_PASSWORD," \
      "${prefixes[0]}_ALLOW_EMPTY_PASSWORD and ${prefixes[0]}_RANDOM_ROOT_PASSWORD"
  fi
  [ "$user" != root ] || fail "${prefixes[0]}_USER can't be root, which is there already; set ${prefixes[0]}_ROOT_PASSWORD for it"
  [ -z "$password$hash" ] || [ -n "$user" ] || fail "a password is given, but no ${prefixes[0]}_USER"
  [ -z "$user" ] || [ -n "$password$hash" ] || fail "${prefixes[0]}_USER is given, but no password for it"
}

# A text as SQL writes it.
quoted() {
  local text=${1//\\/\\\\}
  printf "'%s'" "${text//\'/\'\'}"
}

# The name of a database in a GRANT, where _ and % would stand for any characters.
granted() {
  local name=${1//\`/\`\`}
  name=${name//_/\\_}
  printf '`%s`' "${name//%/\\%}"
}

# identified PASSWORD HASH
identified() {
  if [ -n "$2" ]; then printf 'IDENTIFIED BY PASSWORD %s' "$(quoted "$2")"; else printf 'IDENTIFIED BY %s' "$(quoted "$1")"; fi
}

# SQL from standard input, as root. Init scripts use this function too; options go to the client.
docker_process_sql() {
  local options=()
  [ -z "$database" ] || [ -z "$database_made" ] || options=(--database="$database")
  "$client" --defaults-extra-file=<(printf '[client]\npassword="%s"\n' "${known_password//[\\\"]/\\&}") \
    --protocol=socket --socket="$socket" --user=root --comments "${options[@]}" "$@"
}

make_system_tables() {
  say "Initializing database files"
  if [ $product = MariaDB ]; then
    # Options of the server in general would not be understood here.
    mariadb-install-db --datadir="$datadir" --auth-root-authentication-method=normal --skip-test-db --skip-name-resolve \
      --old-mode= --cross-bootstrap >/dev/null
  else
    "$@" --initialize-insecure
  fi
}

start_private_server() {
  "$@" --skip-networking --socket="$socket" "${private_options[@]}" &
  server_pid=$!
  until docker_process_sql --silent -e 'DO 0' 2>/dev/null; do
    kill -0 "$server_pid" 2>/dev/null || fail "the server ended while it was being set up"
    sleep 0.1
  done
}

stop_private_server() {
  kill "$server_pid"
  wait "$server_pid" || fail "the server could not be stopped after it was set up"
}

load_time_zones() {
  [ -z "$(setting INITDB_SKIP_TZINFO)" ] || return 0
  local convert=mysql_tzinfo_to_sql
  command -v $convert >/dev/null || convert=mariadb-tzinfo-to-sql
  # Leap second files and the like are not zones.
  $convert /usr/share/zoneinfo 2>/dev/null | docker_process_sql --database=mysql
}

set_accounts() {
  if [ -n "$root_random" ] && [ -z "$root_password$root_hash" ]; then
    root_password=$(head -c 24 /dev/urandom | base64)
    say "GENERATED ROOT PASSWORD: $root_password"
  fi
  local root user_text
  root=$(identified "$root_password" "$root_hash")
  {
    echo "SET @@SESSION.SQL_LOG_BIN = 0;"
    # MariaDB's installer makes accounts without a password for other names of this host.
    [ $product != MariaDB ] || echo "DELETE FROM mysql.global_priv WHERE Host <> 'localhost' OR User = ''; FLUSH PRIVILEGES;"
    if [ "$root_host" != localhost ]; then
      echo "CREATE USER 'root'@$(quoted "$root_host") $root; GRANT ALL ON *.* TO 'root'@$(quoted "$root_host") WITH GRANT OPTION;"
    fi
    [ -z "$database" ] || echo "CREATE DATABASE IF NOT EXISTS \`${database//\`/\`\`}\`;"
    if [ -n "$user" ]; then
      user_text="$(quoted "$user")@'%'"
      echo "CREATE USER $user_text $(identified "$password" "$hash");"
      [ -z "$database" ] || echo "GRANT ALL ON $(granted "$database").* TO $user_text;"
    fi
    [ $product != MariaDB ] || make_healthcheck_account
    # Last, because from here on the password counts.
    echo "ALTER USER 'root'@'localhost' $root;"
  } | docker_process_sql --binary-mode
  known_password=$root_password database_made=yes
}

make_healthcheck_account() {
  local secret host
  secret=$(head -c 24 /dev/urandom | base64)
  (umask 077 && printf '[client]\nuser=healthcheck\npassword="%s"\n' "$secret" >"$datadir/.my-healthcheck.cnf")
  for host in localhost 127.0.0.1 ::1; do
    echo "CREATE USER 'healthcheck'@'$host' IDENTIFIED BY $(quoted "$secret"); GRANT USAGE ON *.* TO 'healthcheck'@'$host';"
  done
}

run_init_files() {
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    say "$file"
    case $file in
      # A script that is not executable belongs to this shell, and can use its functions.
      *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
      *.sql) docker_process_sql <"$file" ;;
      *.sql.gz) gzip -dc "$file" | docker_process_sql ;;
      *.sql.bz2) bzip2 -dc "$file" | docker_process_sql ;;
      *.sql.xz) xz -dc "$file" | docker_process_sql ;;
      *.sql.zst) zstd -dc "$file" | docker_process_sql ;;
      *) say "$file is ignored" ;;
    esac
  done
}

first_start() {
  read_settings
  check_settings
  make_system_tables "$@"
  known_password= database_made=
  private_options=()
  [ $product = MariaDB ] || private_options=(--skip-mysqlx)
  start_private_server "$@"
  load_time_zones
  set_accounts
  run_init_files
  [ -z "$(setting ONETIME_PASSWORD)" ] || echo "ALTER USER 'root'@$(quoted "$root_host") PASSWORD EXPIRE;" | docker_process_sql
  stop_private_server
  say "$product init process done. Ready for start up."
}

# server_option NAME COMMAND...: what the configuration files or the command line say, the last one.
server_option() {
  local name=$1
  shift 2
  { my_print_defaults mysqld server mariadb mariadbd; printf '%s\n' "$@"; } | sed -n "s/^--$name[= ]//p" | tail -n 1
}

[ "${1:0:1}" != - ] || set -- "$server" "$@"
case $1 in
  mysqld | mariadbd) ;;
  *) exec "$@" ;;
esac
command -v "$1" >/dev/null || set -- "$server" "${@:2}"
for argument; do
  case $argument in -'?' | -h | --help | -V | --version | --print-defaults) exec "$@" ;; esac
done

datadir=$(server_option datadir "$@")
datadir=${datadir:-/var/lib/mysql}
if [ "$(id -u)" = 0 ]; then
  mkdir -p "$datadir"
  find "$datadir" /run/mysqld ! -user mysql -exec chown mysql: {} +
  exec setpriv --reuid=mysql --regid=mysql --init-groups "$0" "$@"
fi
[ -d "$datadir/mysql" ] || first_start "$@"
exec "$@"
