#!/bin/sh
# ADMINER_DESIGN: the name of a directory below designs/. ADMINER_PLUGINS: names of files below plugins/, with spaces between.
set -e
cd /var/www/html
if [ -n "${ADMINER_DESIGN-}" ] && [ ! -e adminer.css ]; then
  if [ -e "designs/$ADMINER_DESIGN/adminer.css" ]; then
    ln -s "designs/$ADMINER_DESIGN/adminer.css" adminer.css
  else
    echo "Adminer has no design $ADMINER_DESIGN" >&2
  fi
fi
for plugin in ${ADMINER_PLUGINS-}; do
  [ -e "plugins/$plugin.php" ] || { echo "Adminer has no plugin $plugin" >&2; exit 1; }
  ln -sf "../plugins/$plugin.php" adminer-plugins/
done
exec "$@"
