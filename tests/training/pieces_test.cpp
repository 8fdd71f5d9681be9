#include "deltanet/training/pieces.hpp"

#include "support/catch.hpp"
#include "training/toy_parameters.hpp"

using namespace deltanet;

TEST_CASE("pieces cover every entry once, with the same entries of the other lists", "[pieces]") {
  auto params = test::toy_parameters<float>(200, 211, 1);
  auto other = params;
  const auto add = [](Index, WeightDecay, auto& entries, const auto& others) { entries += others; };
  detail::for_each_piece(add, params, std::as_const(other));
  CHECK(params.weight == 2 * other.weight);
  CHECK(params.gate == 2 * other.gate);
}

TEST_CASE("pieces are numbered, of one tensor each, and know its weight decay", "[pieces]") {
  const auto params = test::toy_parameters<float>(200, 211, 1);
  std::vector<Index> sizes(4);
  std::vector<WeightDecay> decays(4);
  const auto note = [&](Index piece, WeightDecay decay, const auto& entries) {
    sizes[static_cast<std::size_t>(piece)] = entries.size();
    decays[static_cast<std::size_t>(piece)] = decay;
  };
  const detail::Pieces pieces(note, params);
  REQUIRE(pieces.count() == 4);
  pieces.run();
  CHECK(sizes == std::vector<Index>{detail::piece_size, detail::piece_size, 200 * 211 - 2 * detail::piece_size, 211});
  CHECK(decays == std::vector<WeightDecay>{WeightDecay::yes, WeightDecay::yes, WeightDecay::yes, WeightDecay::no});
}
