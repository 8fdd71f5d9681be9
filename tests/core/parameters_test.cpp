#include "deltanet/core/parameters.hpp"

#include "deltanet/core/zeros.hpp"
#include "support/catch.hpp"

using namespace deltanet;

namespace {

struct Leaf {
  Matrix<float> weight = Matrix<float>::Ones(2, 3);
  std::optional<Vector<float>> bias;
  static constexpr auto fields() {
    return std::tuple{Field{"weight", &Leaf::weight}, Field{"bias", &Leaf::bias, no_weight_decay}};
  }
};

struct Tree {
  std::vector<Leaf> blocks = std::vector<Leaf>(2);
  Tensor<float, 3> conv = zeros<float>(4, 1, 2);
  static constexpr auto fields() { return std::tuple{Field{"blocks", &Tree::blocks}, Field{"conv", &Tree::conv}}; }
};

struct Bare {
  static constexpr auto fields() { return std::tuple{}; }
};

}  // namespace

TEST_CASE("a parameter list is walked in order, with full names, shapes and weight decay") {
  Tree tree;
  tree.blocks[1].bias = Vector<float>::Ones(3);
  std::vector<std::string> seen;
  for_each_tensor(
      [&](const TensorInfo& info, const auto& tensor) {
        std::string line = info.name + (info.weight_decay == WeightDecay::yes ? " decays" : " stays");
        for (const Index extent : tensor.shape) line += " " + std::to_string(extent);
        seen.push_back(line);
      },
      tree);
  CHECK(seen == std::vector<std::string>{"blocks.0.weight decays 2 3", "blocks.1.weight decays 2 3", "blocks.1.bias stays 3",
                                         "conv decays 4 1 2"});
  CHECK(count_parameters(tree) == 6 + 6 + 3 + 8);
}

TEST_CASE("the bytes of a state are those of its tensors, also where it is one") {
  const Tree tree;
  CHECK(state_bytes(tree) == 4 * (6 + 6 + 8));
  CHECK(state_bytes(tree.blocks) == 4 * (6 + 6));
  CHECK(state_bytes(zeros<double>(2, 3)) == 8 * 6);
}

TEST_CASE("several lists are walked side by side, and zeros_like has the same shapes") {
  Tree tree, gradient = zeros_like(tree);
  for_each_tensor([](const TensorInfo&, const auto& p, const auto& g) { g.flat() += 2 * p.flat(); }, tree, gradient);
  CHECK(gradient.blocks[0].weight.sum() == 12);
  CHECK(tree.blocks[0].weight.sum() == 6);
}

TEST_CASE("lists of other tensors are refused, and one without tensors has nothing to be walked") {
  Tree tree, longer;
  longer.blocks[0].bias = Vector<float>::Ones(3);
  const auto nothing = [](const TensorInfo&, const auto&, const auto&) {};
  CHECK_THROWS_WITH(for_each_tensor(nothing, tree, longer), "parameter lists: expected 3 tensors in each, got 4");
  tree.blocks[1].bias = Vector<float>::Ones(3);
  CHECK_THROWS_WITH(for_each_tensor(nothing, tree, longer),
                    "parameter lists: expected blocks.1.weight in each, got blocks.0.bias");
  CHECK(count_parameters(Bare{}) == 0);
}

TEST_CASE("entries are constant where the list is") {
  Tree tree;
  const Tree before = tree;
  for_each_tensor(
      [](const TensorInfo&, const TensorSpan<float>& to, const TensorSpan<const float>& from) { to.flat() = 3 * from.flat(); },
      tree, before);
  CHECK(tree.blocks[1].weight == 3 * before.blocks[1].weight);
}

TEST_CASE("the parts of one type are met in a parameter list, with their names") {
  Tree tree;
  std::vector<std::string> names;
  for_each_node<Leaf>(
      [&](const std::string& name, Leaf& leaf) {
        names.push_back(name);
        leaf.weight.setZero();
      },
      tree);
  CHECK(names == std::vector<std::string>{"blocks.0", "blocks.1"});
  CHECK(tree.blocks[1].weight.isZero(0));
}
