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
  # The first call of yarn brings it from the registry that its packages come from too: the version that Corepack knows, which is that of
  # the image of this name. It would look up the newest, whose signature it may not know.
  for name in yarn yarnpkg; do
    printf '#!/bin/sh\nexport COREPACK_DEFAULT_TO_LATEST="${COREPACK_DEFAULT_TO_LATEST-0}" COREPACK_ENABLE_DOWNLOAD_PROMPT="${COREPACK_ENABLE_DOWNLOAD_PROMPT-0}"\nexec node /usr/share/nodejs/corepack/dist/%s.js "$@"\n' "$name" >"/usr/local/bin/$name"
    chmod 755 "/usr/local/bin/$name"
  done
fi
# npm is Debian's, which is asked to be newer in vain.
printf 'update-notifier=false\n' >>/etc/npmrc
