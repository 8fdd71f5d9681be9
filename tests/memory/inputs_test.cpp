#include "deltanet/memory/inputs.hpp"

#include <string>

#include "deltanet/memory/delta_rule.hpp"
#include "support/catch.hpp"

using namespace deltanet;

TEST_CASE("a bundle names what its member reads, in order") {
  const auto names = [](const auto& in) {
    std::string list;
    for_each_input([&](const auto& field, const auto&) { list += std::string(field.name) + ' '; }, in);
    return list;
  };
  CHECK(names(DeltaRule::Inputs<float>{}) == "q k v beta ");
  CHECK(names(GatedDeltaRule::Inputs<float>{}) == "q k v beta g ");
}

TEST_CASE("several bundles are walked side by side") {
  Tensor<float, 3> g(1, 1, 1);
  g.setConstant(-3);
  GatedDeltaRule::Inputs<float> views{.g = g};
  GatedDeltaRule::HeadInputs<float> rows;
  for_each_input([](const auto&, const auto& view, auto& row) { row = {view.data, 1}; }, views, rows);
  CHECK(*rows.g[0] == -3);
  CHECK(rows.q.data == nullptr);
}

TEST_CASE("rows are found by their stride") {
  const float numbers[] = {0, 1, 2, 3, 4, 5};
  const Rows<const float> rows{numbers, 3};
  CHECK(*rows[1] == 3);
}
