# Debian's WordPress without Debian's way to configure it: whole files in the place of links to other packages' files.
cp -RL /usr/share/wordpress /usr/src/wordpress 2>/dev/null || true
rm -rf /usr/src/wordpress/wp-config.php /usr/src/wordpress/wp-content/languages
[ -e /usr/src/wordpress/wp-includes/version.php ] && [ -e /usr/src/wordpress/wp-includes/ID3/getid3.php ]
for directory in uploads plugins themes upgrade; do mkdir -p "/usr/src/wordpress/wp-content/$directory"; done
mv /usr/src/wp-config-docker.php /usr/src/wordpress/
mv /usr/src/htaccess /usr/src/wordpress/.htaccess
chown -R www-data: /usr/src/wordpress
a2enmod -q expires rewrite
