#!/bin/bash
# Puts WordPress where the server looks for it, unless it is there, and makes its configuration when the environment says something.
set -eu
case ${1-} in apache2* | php-fpm) ;; *) exec docker-php-entrypoint "$@" ;; esac

source=/usr/src/wordpress
if [ ! -e index.php ] && [ ! -e wp-includes/version.php ]; then
  # A plugin, a theme or an upload that is mounted or there already stays.
  skip=()
  for there in wp-content/*/*/ wp-content/*/*.php; do
    [ ! -e "$there" ] || [ ! -e "$source/$there" ] || skip+=("--exclude=./${there%/}")
  done
  tar -C "$source" -c "${skip[@]}" . | tar -x --no-overwrite-dir
  echo "WordPress has been copied to $PWD" >&2
fi

if [ ! -s wp-config.php ] && env | grep -q '^WORDPRESS_'; then
  # Keys of its own for each site.
  awk '/put your unique phrase here/ {
    "head -c 48 /dev/urandom | base64 -w 0; echo" | getline key
    close("head -c 48 /dev/urandom | base64 -w 0; echo")
    sub("put your unique phrase here", key)
  } { print }' "$source/wp-config-docker.php" >wp-config.php
  chown www-data: wp-config.php 2>/dev/null || true
fi
exec docker-php-entrypoint "$@"
