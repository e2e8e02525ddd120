#!/bin/sh
# Options alone are the server's.
set -e
[ "${1#-}" = "$1" ] || set -- memcached "$@"
exec "$@"
