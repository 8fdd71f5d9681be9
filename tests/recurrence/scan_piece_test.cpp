#include "deltanet/recurrence/scan_piece.hpp"

#include "deltanet/memory/delta_rule.hpp"
#include "support/catch.hpp"
#include "support/random_inputs.hpp"

using namespace deltanet;

namespace {

using In = GatedDeltaRule::Inputs<double>;

/// A piece with its doors open.
struct Piece : detail::ScanPiece<In> {
  using Base = detail::ScanPiece<In>;
  using Base::blocks_, Base::builders_, Base::chunks_, Base::kept, Base::load_chunk, Base::panel_size, Base::sequence_,
      Base::Upcoming, Base::value_block;

  Piece(const detail::Problem<In>& problem, const detail::HeadGroups::Piece& piece, const detail::Slices& slices)
      : Base(problem, piece, slices) {}
};

}  // namespace

TEST_CASE("a chunk of a piece has the tokens' values and strengths, where its panels are") {
  constexpr Index W = Lanes<double>::panel;
  const test::RandomInputs<GatedDeltaRule, double> inputs({.T = 7, .V = 2 * W + 3});
  const In in = inputs.in();
  const ScanOptions<double> options{.chunk_size = 4};
  const detail::Problem<In> problem(in, options);
  const detail::Slices slices(1, 2 * W + 3, W, 1);
  Piece piece(problem, {.sequence = 1, .first_head = 3, .end_head = 4, .slice = 0}, slices);
  const auto head = problem.head<GatedDeltaRule::HeadInputs<double>>(problem.in, piece.sequence_, 3);
  auto X = piece.value_block(14), b = piece.value_block(7);
  piece.blocks_.list_chunks(0, piece.chunks_);
  for (const auto& chunk : piece.chunks_) piece.load_chunk(head, chunk, X, 2 * chunk.offset, b, chunk.offset);
  CHECK(piece.builders_[0].chunk().tokens == 4);
  CHECK(piece.builders_[1].chunk().tokens == 3);
  for (const Index column : {Index(0), W, 2 * W + 2})
    for (Index t = 0; t < 7; ++t) {
      CHECK(X.rows(column / W, t < 4 ? t : 8 + t - 4)[column % W] == inputs.owned.v(1, t, 3, column));
      CHECK(b.rows(column / W, t)[column % W] == inputs.owned.beta(1, t, 3));
    }
  CHECK(piece.kept(2, 1) == (2 * slices.panels + 1) * piece.panel_size());
}

TEST_CASE("while a block's products run, all tokens of what comes next are fetched, once and in order") {
  const test::RandomInputs<GatedDeltaRule, double> inputs({.T = 150});
  const In in = inputs.in();
  const ScanOptions<double> options{.chunk_size = 16};
  const detail::Problem<In> problem(in, options);
  const detail::Slices slices(8, 20, Lanes<double>::panel, 1);
  Piece piece(problem, {.sequence = 0, .first_head = 0, .end_head = 2, .slice = 0}, slices);
  const auto fetched = [&](std::size_t i, Index block, Index next_block) {
    Piece::Upcoming upcoming(piece, i, 2, block, next_block);
    std::vector<Index> tokens;
    for (Index product = 0; product < slices.panels * piece.blocks_.chunks_at_most(); ++product)
      upcoming.fetch([&](Index token) { tokens.push_back(token); });
    return std::pair{upcoming.head, tokens};
  };
  const auto range = [](Index first, Index end) {
    std::vector<Index> tokens;
    for (Index t = first; t < end; ++t) tokens.push_back(t);
    return tokens;
  };
  CHECK(fetched(0, 1, 2) == std::pair{std::size_t(1), range(64, 128)});   // the same tokens of the next head
  CHECK(fetched(1, 1, 2) == std::pair{std::size_t(0), range(128, 150)});  // forward
  CHECK(fetched(1, 1, 0) == std::pair{std::size_t(0), range(0, 64)});     // backward
  CHECK(fetched(1, 2, 3).second.empty());
  CHECK(fetched(1, 0, -1).second.empty());
}
