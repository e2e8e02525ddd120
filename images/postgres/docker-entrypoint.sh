#!/bin/bash
# Starts PostgreSQL in a container. On the first start with an empty data directory: makes the cluster with the user and the database that
# the environment asks for, and runs what lies in /docker-entrypoint-initdb.d, all that with no port open.
set -eo pipefail
shopt -s nullglob

say() { printf '%s: %s\n' "$0" "$*"; }
fail() { printf 'Error: %s\n' "$*" >&2; exit 1; }

# setting NAME DEFAULT: what POSTGRES_NAME says, or the file that POSTGRES_NAME_FILE names.
setting() {
  local value=POSTGRES_$1 file=POSTGRES_$1_FILE
  [ -z "${!value}" ] || [ -z "${!file}" ] || fail "$value and $file are both set, but only one of them can count"
  if [ -n "${!file}" ]; then cat "${!file}"; else printf %s "${!value:-$2}"; fi
}

read_settings() {
  # One each: of several assignments in a line, only the last one's failure would be seen.
  POSTGRES_PASSWORD=$(setting PASSWORD)
  POSTGRES_USER=$(setting USER postgres)
  POSTGRES_DB=$(setting DB "$POSTGRES_USER")
  POSTGRES_INITDB_ARGS=$(setting INITDB_ARGS)
  export POSTGRES_PASSWORD POSTGRES_USER POSTGRES_DB POSTGRES_INITDB_ARGS
  # This script runs once more, as another user.
  unset POSTGRES_PASSWORD_FILE POSTGRES_USER_FILE POSTGRES_DB_FILE POSTGRES_INITDB_ARGS_FILE
}

check_settings() {
  if [ -z "$POSTGRES_PASSWORD" ] && [ "$POSTGRES_HOST_AUTH_METHOD" != trust ]; then
    fail "Database is uninitialized and superuser password is not specified. Set POSTGRES_PASSWORD to a password, or" \
      "POSTGRES_HOST_AUTH_METHOD=trust to let everybody in without one."
  fi
  [ "$POSTGRES_HOST_AUTH_METHOD" != trust ] || say 'warning: POSTGRES_HOST_AUTH_METHOD is trust: anyone who reaches the port gets in without a password'
}

prepare_directories() {
  mkdir -p "$PGDATA"
  chmod 700 "$PGDATA" 2>/dev/null || :
  mkdir -p /var/run/postgresql
  chmod 3775 /var/run/postgresql 2>/dev/null || :
  [ -z "$POSTGRES_INITDB_WALDIR" ] || mkdir -p "$POSTGRES_INITDB_WALDIR"
  [ "$(id -u)" = 0 ] || return 0
  find "$PGDATA" /var/run/postgresql ${POSTGRES_INITDB_WALDIR:+"$POSTGRES_INITDB_WALDIR"} ! -user postgres -exec chown postgres: {} +
}

# initdb asks for the name of whoever runs it, and --user may be a number that no account has.
with_a_name() {
  if getent passwd "$(id -u)" >/dev/null; then "$@"; return; fi
  local accounts groups
  accounts=$(mktemp)
  groups=$(mktemp)
  echo "postgres:x:$(id -u):$(id -g):PostgreSQL:$PGDATA:/bin/false" >"$accounts"
  echo "postgres:x:$(id -g):" >"$groups"
  NSS_WRAPPER_PASSWD=$accounts NSS_WRAPPER_GROUP=$groups LD_PRELOAD=libnss_wrapper.so "$@"
  rm -f "$accounts" "$groups"
}

make_cluster() {
  # As a shell would read them: --locale 'de DE' is two words.
  eval "local options=($POSTGRES_INITDB_ARGS)"
  [ -z "$POSTGRES_INITDB_WALDIR" ] || options+=(--waldir "$POSTGRES_INITDB_WALDIR")
  local secret
  secret=$(mktemp)
  printf '%s\n' "$POSTGRES_PASSWORD" >"$secret"
  [ -z "$POSTGRES_PASSWORD" ] || options+=(--pwfile="$secret")
  with_a_name initdb --username="$POSTGRES_USER" "${options[@]}"
  rm -f "$secret"
  local method=${POSTGRES_HOST_AUTH_METHOD:-$(postgres -C password_encryption)}
  printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
}

start_private_server() {
  # After the caller's own options, so that these count.
  set -- "${@:2}" -c listen_addresses= -p "${PGPORT:-5432}"
  pg_ctl -D "$PGDATA" -o "$(printf '%q ' "$@")" -w start
}

stop_private_server() { pg_ctl -D "$PGDATA" -m fast -w stop; }

# SQL from standard input, or what options say, as the superuser in the database. Init scripts use this function too.
docker_process_sql() {
  local options=(-v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --no-password --no-psqlrc)
  [ -z "$POSTGRES_DB" ] || options+=(--dbname "$POSTGRES_DB")
  PGHOST='' PGHOSTADDR='' psql "${options[@]}" "$@"
}

make_database() {
  local there
  there=$(POSTGRES_DB='' docker_process_sql --dbname postgres --set db="$POSTGRES_DB" -tA <<<"SELECT 1 FROM pg_database WHERE datname = :'db';")
  [ -n "$there" ] || POSTGRES_DB='' docker_process_sql --dbname postgres --set db="$POSTGRES_DB" <<<'CREATE DATABASE :"db";'
}

run_init_files() {
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    case $file in
      # A script that is not executable belongs to this shell, and can use its functions.
      *.sh) if [ -x "$file" ]; then say "running $file"; "$file"; else say "sourcing $file"; . "$file"; fi ;;
      *.sql) say "running $file"; docker_process_sql -f "$file" ;;
      *.sql.gz) say "running $file"; gunzip -c "$file" | docker_process_sql ;;
      *.sql.xz) say "running $file"; xzcat "$file" | docker_process_sql ;;
      *.sql.zst) say "running $file"; zstd -dc "$file" | docker_process_sql ;;
      *) say "ignoring $file" ;;
    esac
  done
}

first_start() {
  check_settings
  make_cluster
  export PGPASSWORD=${PGPASSWORD:-$POSTGRES_PASSWORD}
  start_private_server "$@"
  make_database
  run_init_files
  stop_private_server
  unset PGPASSWORD
  echo
  echo 'PostgreSQL init process complete; ready for start up.'
  echo
}

[ "${1:0:1}" != - ] || set -- postgres "$@"
[ "$1" = postgres ] || exec "$@"
for argument; do
  case $argument in -'?' | --help | --describe-config | -V | --version) exec "$@" ;; esac
done

read_settings
prepare_directories
[ "$(id -u)" != 0 ] || exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
if [ -s "$PGDATA/PG_VERSION" ]; then
  echo
  echo 'PostgreSQL Database directory appears to contain a database; Skipping initialization'
  echo
else
  first_start "$@"
fi
exec "$@"
