package meal;

import java.util.List;
import org.springframework.beans.factory.InitializingBean;
import org.springframework.jdbc.core.ConnectionCallback;
import org.springframework.jdbc.core.JdbcTemplate;

/** Meals in the table `meal`, which is made when it is missing. */
public class MealRepository implements InitializingBean {
  private final JdbcTemplate database;

  public MealRepository(JdbcTemplate database) {
    this.database = database;
  }

  @Override
  public void afterPropertiesSet() {
    database.execute("CREATE TABLE IF NOT EXISTS meal (id BIGINT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(200) NOT NULL)");
    if (database.queryForObject("SELECT COUNT(*) FROM meal", Integer.class) == 0) {
      add("bibimbap");
    }
  }

  public List<Meal> all() {
    return database.query("SELECT id, name FROM meal ORDER BY id", (row, number) -> new Meal(row.getLong("id"), row.getString("name")));
  }

  public void add(String name) {
    database.update("INSERT INTO meal (name) VALUES (?)", name);
  }

  /** Name and version of the database, as it tells them itself. */
  public String server() {
    return database.execute((ConnectionCallback<String>) connection ->
        connection.getMetaData().getDatabaseProductName() + " " + connection.getMetaData().getDatabaseProductVersion());
  }
}
