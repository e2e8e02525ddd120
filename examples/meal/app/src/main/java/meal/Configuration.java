package meal;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Properties;
import javax.sql.DataSource;
import org.springframework.context.annotation.Bean;
import org.springframework.http.converter.json.MappingJackson2HttpMessageConverter;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerAdapter;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;

/** The application's parts. What Spring Boot reads from `SPRING_DATASOURCE_*`, this reads too. */
public class Configuration {
  @Bean
  public DataSource dataSource() {
    Properties properties = new Properties();
    // MySQL 8's default authentication wants an encrypted connection; the server's certificate is its own.
    properties.setProperty("useSSL", "true");
    properties.setProperty("trustServerCertificate", "true");
    properties.setProperty("connectTimeout", "5000");

    DriverManagerDataSource source = new DriverManagerDataSource();
    source.setDriverClassName("org.mariadb.jdbc.Driver");
    source.setUrl(required("SPRING_DATASOURCE_URL"));
    source.setUsername(required("SPRING_DATASOURCE_USERNAME"));
    source.setPassword(required("SPRING_DATASOURCE_PASSWORD"));
    source.setConnectionProperties(properties);
    return source;
  }

  @Bean
  public MealRepository mealRepository(DataSource source) {
    return new MealRepository(new JdbcTemplate(source));
  }

  @Bean
  public MealController mealController(MealRepository meals) {
    return new MealController(meals);
  }

  @Bean
  public RequestMappingHandlerMapping handlerMapping() {
    return new RequestMappingHandlerMapping();
  }

  @Bean
  public RequestMappingHandlerAdapter handlerAdapter() {
    RequestMappingHandlerAdapter adapter = new RequestMappingHandlerAdapter();
    adapter.getMessageConverters().add(new MappingJackson2HttpMessageConverter(new ObjectMapper()));
    return adapter;
  }

  private static String required(String name) {
    String value = System.getenv(name);
    if (value == null || value.isEmpty()) {
      throw new IllegalStateException("the environment variable " + name + " is not set");
    }
    return value;
  }
}
