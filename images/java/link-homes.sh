# The places where the images of this name have their Java, depending on the tag.
for home in /usr/lib/jvm/java-[1-9]*-openjdk-*; do
  # The same under an older scheme's name.
  [ ! -h "$home" ] || continue
  version=${home#/usr/lib/jvm/java-}
  version=${version%%-*}
  mkdir -p /opt/java /usr/java
  for link in "/opt/openjdk-$version" "/usr/java/openjdk-$version" "/usr/local/openjdk-$version" /opt/java/openjdk; do
    ln -s "$home" "$link"
  done
done
