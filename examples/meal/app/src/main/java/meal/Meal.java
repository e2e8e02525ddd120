package meal;

/** One meal, as it is stored and as it is sent. */
public class Meal {
  private long id;
  private String name;

  public Meal() {}

  public Meal(long id, String name) {
    this.id = id;
    this.name = name;
  }

  public long getId() {
    return id;
  }

  public void setId(long id) {
    this.id = id;
  }

  public String getName() {
    return name;
  }

  public void setName(String name) {
    this.name = name;
  }
}
