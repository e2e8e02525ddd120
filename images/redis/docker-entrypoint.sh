#!/bin/sh
# Starts the server as its own user. An option or a configuration file alone is the server's.
set -e
case ${1-} in -* | *.conf) set -- redis-server "$@" ;; esac
case ${1-} in redis-server | redis-sentinel) ;; *) exec "$@" ;; esac

if [ "$(id -u)" = 0 ]; then
  find . ! -user redis -exec chown redis: {} +
  exec setpriv --reuid=redis --regid=redis --clear-groups "$0" "$@"
fi
# Nobody else may read what is saved, unless somebody chose otherwise.
[ "$(umask)" != 0022 ] || umask 0077
# Whoever reaches the container's port is meant to, unless the configuration says otherwise.
if [ "$1" = redis-server ]; then
  case " $* " in *protected-mode* | *' -h '* | *' --help '* | *' -v '* | *' --version '* | *' - '*) exec "$@" ;; esac
  [ ! -f "${2-}" ] || ! grep -qi '^[[:space:]]*protected-mode' "$2" || exec "$@"
  exec "$@" --protected-mode no
fi
exec "$@"
