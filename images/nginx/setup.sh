# Where the image of this name keeps what Debian has elsewhere; its logs are the container's.
rm -rf /etc/nginx/sites-available /etc/nginx/sites-enabled /var/www/html /usr/share/nginx/html
mkdir -p /etc/nginx/conf.d /usr/share/nginx/html /docker-entrypoint.d /var/cache/nginx
chown nginx: /var/cache/nginx
ln -sf /dev/stdout /var/log/nginx/access.log
ln -sf /dev/stderr /var/log/nginx/error.log
ln -sfn /usr/lib/nginx/modules /etc/nginx/modules
