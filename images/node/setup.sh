# Where the image of this name has its programs.
for program in node npm npx corepack; do
  [ ! -e "/usr/bin/$program" ] || ln -s "/usr/bin/$program" "/usr/local/bin/$program"
done
ln -s node /usr/local/bin/nodejs
mkdir -p /usr/local/lib/node_modules
if [ -e /usr/bin/yarnpkg ]; then
  ln -s /usr/bin/yarnpkg /usr/local/bin/yarn
  ln -s /usr/bin/yarnpkg /usr/local/bin/yarnpkg
else
  # The first call of yarn brings it from the registry that its packages come from too.
  corepack enable --install-directory /usr/local/bin yarn
fi
# npm is Debian's, which is asked to be newer in vain.
printf 'update-notifier=false\n' >>/etc/npmrc
