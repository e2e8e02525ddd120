package meal;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.util.HtmlUtils;

/** `GET /` is a page for people, `/meals` the same for programs. */
@RestController
public class MealController {
  private final MealRepository meals;

  public MealController(MealRepository meals) {
    this.meals = meals;
  }

  @GetMapping(path = "/", produces = MediaType.TEXT_HTML_VALUE + ";charset=UTF-8")
  public String page() throws UnknownHostException {
    StringBuilder rows = new StringBuilder();
    for (Meal meal : meals.all()) {
      rows.append("<li>").append(HtmlUtils.htmlEscape(meal.getName())).append("</li>");
    }
    return "<!doctype html><title>Meals</title><h1>Meals</h1><ul>" + rows + "</ul><p>Container "
        + InetAddress.getLocalHost().getHostName() + ", " + HtmlUtils.htmlEscape(meals.server()) + "</p>";
  }

  @GetMapping(path = "/meals", produces = MediaType.APPLICATION_JSON_UTF8_VALUE)
  public List<Meal> list() {
    return meals.all();
  }

  @PostMapping(path = "/meals", consumes = MediaType.APPLICATION_JSON_VALUE)
  @ResponseStatus(HttpStatus.CREATED)
  public void add(@RequestBody Meal meal) {
    meals.add(meal.getName());
  }
}
