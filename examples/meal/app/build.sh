#!/bin/sh
# Compiles the application against Debian's Java packages and makes one self-contained jar of it: build.sh JAR
set -eu
cd "$(dirname "$0")"
jar=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
java=/usr/share/java
libraries="spring3-core spring3-beans spring3-context spring3-expression spring3-aop spring3-web spring3-web.servlet spring3-jdbc
  spring3-transaction commons-logging jackson-annotations jackson-core jackson-databind mariadb-java-client
  tomcat9-annotations-api tomcat9-api tomcat9-catalina tomcat9-coyote tomcat9-jaspic-api tomcat9-jni tomcat9-juli
  tomcat9-servlet-api tomcat9-util tomcat9-util-scan"

classpath=
for name in $libraries; do
  [ -e "$java/$name.jar" ] || { echo "$java/$name.jar is missing" >&2; exit 1; }
  classpath=$classpath:$java/$name.jar
done

mkdir "$work/classes"
# Spring 4.3 reads classes of Java 8.
javac -nowarn -Xlint:-options --release 8 -cp "${classpath#:}" -d "$work/classes" $(find src/main/java -name '*.java')
for name in $libraries; do (cd "$work/classes" && jar xf "$java/$name.jar"); done
rm -f "$work"/classes/META-INF/MANIFEST.MF "$work"/classes/META-INF/*.SF "$work"/classes/META-INF/*.RSA "$work"/classes/module-info.class

cat >"$work/manifest" <<END
Main-Class: meal.Application
Add-Opens: java.base/java.lang java.base/java.util java.rmi/sun.rmi.transport
END
mkdir -p "$(dirname "$jar")"
jar cfm "$work/app.jar" "$work/manifest" -C "$work/classes" .
mv "$work/app.jar" "$jar"
