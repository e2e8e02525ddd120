FROM debian:bookworm
RUN apt-get update && apt-get install -y --no-install-recommends \
      openjdk-17-jdk-headless libspring-web-servlet-java libspring-jdbc-java libtomcat9-java libmariadb-java \
      libjackson2-databind-java && \
    rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY build.sh .
COPY src src
RUN ./build.sh /app.jar
CMD ["cp", "/app.jar", "/libs/app-0.0.1-SNAPSHOT.jar"]
