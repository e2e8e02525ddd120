# Where the image of this name has its programs.
ln -sf /usr/share/maven/bin/mvn /usr/local/bin/mvn
mkdir -p /usr/share/maven/ref
# Maven gives plugins that name no plexus-utils its version 1.1, which Debian has under other numbers only.
cd /usr/share/maven-repo/org/codehaus/plexus/plexus-utils
if [ ! -e 1.1 ]; then
  mkdir 1.1
  ln -s ../debian/plexus-utils-debian.jar 1.1/plexus-utils-1.1.jar
  sed 's/>debian</>1.1</' debian/plexus-utils-debian.pom >1.1/plexus-utils-1.1.pom
fi
