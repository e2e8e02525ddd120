#!/bin/sh
# Prepares nginx's configuration by what lies in /docker-entrypoint.d, in the order of the names, and becomes the command.
set -e
if [ -z "${NGINX_ENTRYPOINT_QUIET_LOGS-}" ]; then exec 3>&1; else exec 3>/dev/null; fi
say() { echo "/docker-entrypoint.sh: $*" >&3; }

case $1 in
  nginx | nginx-debug)
    for file in $(find /docker-entrypoint.d -follow -mindepth 1 -type f | sort -V); do
      case $file in
        # These set variables for those that follow.
        *.envsh)
          if [ -x "$file" ]; then say "sourcing $file"; . "$file"; else say "ignoring $file, which is not executable"; fi ;;
        *.sh)
          if [ -x "$file" ]; then say "launching $file"; "$file"; else say "ignoring $file, which is not executable"; fi ;;
        *) say "ignoring $file" ;;
      esac
    done
    say 'Configuration complete; ready for start up' ;;
esac
exec "$@"
