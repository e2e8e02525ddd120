#!/bin/sh
# A configuration alone is one to serve with.
set -e
case $1 in
  *.yaml | *.yml) exec registry serve "$@" ;;
  serve | garbage-collect | help | -*) exec registry "$@" ;;
esac
exec "$@"
