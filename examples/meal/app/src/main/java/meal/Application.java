package meal;

import java.io.File;
import java.nio.file.Files;
import org.apache.catalina.Context;
import org.apache.catalina.startup.Tomcat;
import org.springframework.web.context.support.AnnotationConfigWebApplicationContext;
import org.springframework.web.servlet.DispatcherServlet;

/** Serves meals on port 8080 from a Tomcat of its own, as a Spring Boot application does. */
public final class Application {
  private static final int PORT = 8080;

  private Application() {}

  public static void main(String[] arguments) throws Exception {
    AnnotationConfigWebApplicationContext spring = new AnnotationConfigWebApplicationContext();
    spring.register(Configuration.class);

    Tomcat tomcat = new Tomcat();
    File base = Files.createTempDirectory("meal").toFile();
    tomcat.setBaseDir(base.getPath());
    tomcat.setPort(PORT);
    Context context = tomcat.addContext("", base.getPath());
    // The context is refreshed when Tomcat starts the servlet, which it does at once: a database that is not there ends the program.
    Tomcat.addServlet(context, "meal", new DispatcherServlet(spring)).setLoadOnStartup(1);
    context.addServletMappingDecoded("/", "meal");
    tomcat.getConnector();
    tomcat.start();

    if (!spring.isActive()) {
      System.err.println("Application run failed");
      System.exit(1);
    }
    System.out.println("Started Application on port " + PORT);
    tomcat.getServer().await();
  }
}
