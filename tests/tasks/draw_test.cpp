#include "deltanet/tasks/draw.hpp"

#include <set>

#include "support/catch.hpp"

using namespace deltanet;

TEST_CASE("distinct numbers are distinct, in range, and each as likely as the others", "[tasks]") {
  Random random(1);
  Vector<double> counts = Vector<double>::Zero(6), first = counts;
  for (int trial = 0; trial < 6000; ++trial) {
    const std::vector<Index> numbers = draw_distinct(random, 3, 6);
    REQUIRE(std::set<Index>(numbers.begin(), numbers.end()).size() == 3);
    for (const Index number : numbers) counts[number] += 1;
    first[numbers[0]] += 1;
  }
  CHECK((counts.array() / 3000 - 1).abs().maxCoeff() < 0.06);
  CHECK((first.array() / 1000 - 1).abs().maxCoeff() < 0.12);
  CHECK_THROWS_WITH(draw_distinct(random, 4, 3), "count: expected at most 3 different numbers, got 4");
}

TEST_CASE("weighted places come in proportion to their weights, and then to those of the rest", "[tasks]") {
  Random random(2);
  const std::vector<double> weights{5, 3, 2};
  Matrix<double> counts = Matrix<double>::Zero(3, 3);  // the first and the second drawn
  const int trials = 20000;
  for (int trial = 0; trial < trials; ++trial) {
    const std::vector<Index> places = draw_distinct(random, 2, weights);
    counts(places[0], places[1]) += 1;
  }
  for (Index i = 0; i < 3; ++i)
    for (Index j = 0; j < 3; ++j) {
      const double first = weights[static_cast<std::size_t>(i)] / 10, second = weights[static_cast<std::size_t>(j)] / 10;
      CHECK(counts(i, j) / trials == Catch::Approx(i == j ? 0 : first * second / (1 - first)).margin(0.012));
    }
  CHECK_THROWS_WITH(draw_distinct(random, 4, weights), "count: expected at most 3 different places, got 4");
}

TEST_CASE("sorted places may repeat and cover their range", "[tasks]") {
  Random random(3);
  const std::vector<Index> places = draw_sorted(random, 100, 7);
  CHECK(std::is_sorted(places.begin(), places.end()));
  CHECK(std::set<Index>(places.begin(), places.end()).size() == 7);
  const std::vector<int> entries{4, 5};
  int fives = 0, hits = 0;
  for (int i = 0; i < 1000; ++i) fives += draw_one(random, entries) == 5;
  for (int i = 0; i < 1000; ++i) hits += draw_chance(random, 0.1);
  CHECK(std::abs(fives - 500) < 60);
  CHECK(std::abs(hits - 100) < 40);
}
