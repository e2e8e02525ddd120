# The modules that Debian has, in the place and the list where Dockerfiles look for them to switch one on.
prefix=/usr/local/apache2
ln -s /usr/lib/apache2/modules "$prefix/modules"
mkdir -p "$prefix/logs" "$prefix/cgi-bin"
ln -s /etc/mime.types "$prefix/conf/mime.types"
for program in ab htpasswd htdigest htdbm rotatelogs logresolve; do
  [ ! -e "/usr/bin/$program" ] || ln -s "/usr/bin/$program" "$prefix/bin/$program"
done
on=' access_compat alias auth_basic authn_core authn_file authz_core authz_groupfile authz_host authz_user autoindex dir env filter headers mime mpm_event reqtimeout setenvif status '
for file in "$prefix"/modules/mod_*.so; do
  name=${file##*/mod_}
  name=${name%.so}
  case $on in *" $name "*) off= ;; *) off='#' ;; esac
  echo "${off}LoadModule ${name}_module modules/mod_$name.so"
done >/tmp/modules
sed -i -e '/^# MODULES$/{r /tmp/modules' -e 'd}' "$prefix/conf/httpd.conf"
rm /tmp/modules
