#!/bin/bash
# Starts RabbitMQ, which reads RABBITMQ_DEFAULT_USER, _PASS and _VHOST itself when it makes its database; here they may come in files.
set -eo pipefail
for name in USER PASS VHOST; do
  value=RABBITMQ_DEFAULT_$name file=RABBITMQ_DEFAULT_${name}_FILE
  if [ -n "${!file}" ]; then
    [ -z "${!value}" ] || { echo "error: $value and $file are both set, but only one of them can count" >&2; exit 1; }
    export "$value=$(cat "${!file}")"
    unset "$file"
  fi
done
if [[ $1 == rabbitmq* || $1 == rabbitmqctl ]] && [ "$(id -u)" = 0 ]; then
  [ "$1" != rabbitmq-server ] || find /var/lib/rabbitmq ! -user rabbitmq -exec chown rabbitmq: {} +
  exec setpriv --reuid=rabbitmq --regid=rabbitmq --init-groups "$0" "$@"
fi
if [ -n "$RABBITMQ_ERLANG_COOKIE" ]; then
  (umask 077 && printf %s "$RABBITMQ_ERLANG_COOKIE" >/var/lib/rabbitmq/.erlang.cookie)
fi
# Debian's scripts of these names change the user and log into files; this one is the server.
if [ "$1" = rabbitmq-server ]; then set -- /usr/lib/rabbitmq/bin/rabbitmq-server "${@:2}"; fi
exec "$@"
