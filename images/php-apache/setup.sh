# PHP has no settings until there are some in /usr/local/etc/php. Logs are the container's, and variables of the container's environment win over Debian's.
sed -ri 's/^export ([^=]+)=(.*)$/: ${\1:=\2}\nexport \1/' /etc/apache2/envvars
for log in access.log other_vhosts_access.log; do ln -sf /dev/stdout "/var/log/apache2/$log"; done
ln -sf /dev/stderr /var/log/apache2/error.log
rm -f /var/www/html/index.html
chown www-data: /var/www/html
chmod 1777 /var/www/html
for directory in /var/run/apache2 /var/lock /var/log/apache2; do install -d -o www-data -g www-data -m 1777 "$directory"; done
rm /etc/php/*/apache2/php.ini
a2enconf -q docker-php
