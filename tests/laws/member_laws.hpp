#pragma once

#include "deltanet/recurrence/chunked.hpp"
#include "deltanet/recurrence/sequential.hpp"
#include "deltanet/recurrence/streamed.hpp"
#include "support/catch.hpp"
#include "support/finite_differences.hpp"
#include "support/random_inputs.hpp"
#include "support/surroundings.hpp"
#include "support/tolerance.hpp"

/// The laws of memory/member.hpp, for any member. A new member passes them all by one line in a type list.
namespace deltanet::test {

/// Checks output, final state and every gradient of one scan against another's.
template <class Result, class Gradients, class OtherResult, class OtherGradients>
void check_same(const Result& result, const Gradients& gradients, const OtherResult& expected, const OtherGradients& d,
                double tolerance) {
  CHECK(relative_error(result.o, expected.o) < tolerance);
  CHECK(relative_error(result.final_state, expected.final_state) < tolerance);
  CHECK(relative_error(gradients.initial_state, d.initial_state) < tolerance);
  for_each_input(
      [&](const auto& field, const auto& mine, const auto& theirs) {
        INFO("gradient of " << field.name);
        CHECK(relative_error(mine, theirs) < tolerance);
      },
      gradients.inputs, d.inputs);
}

/// The chunked scan in type T is the sequential one in double: output, final state and all gradients.
template <class M, Real T>
void check_chunked_is_sequential(const Sizes& sizes, Index chunk_size, bool use_qk_l2norm = false,
                                 const std::vector<Index>& cu_seqlens = {}) {
  INFO("T=" << sizes.T << ", K=" << sizes.K << ", V=" << sizes.V << ", C=" << chunk_size << ", g>=" << sizes.least_g);
  const RandomInputs<M, T> inputs(sizes);
  const RandomInputs<M, double> exact(inputs);
  const ScanOptions<double> slow{
      .use_qk_l2norm = use_qk_l2norm, .initial_state = exact.initial_state, .cu_seqlens = cu_seqlens};
  const ScanOptions<T> fast{.use_qk_l2norm = use_qk_l2norm,
                            .initial_state = inputs.initial_state,
                            .cu_seqlens = cu_seqlens,
                            .chunk_size = chunk_size};
  ScanCache<T> cache;
  const auto result = chunked(inputs.in(), fast, &cache);
  check_same(result, chunked_backward(inputs.in(), cache, inputs.cotangents(), fast), sequential(exact.in(), slow),
             sequential_backward(exact.in(), exact.cotangents(), slow), rounding<T>(sizes.K));
}

/// The tokens begin .. end - 1 of all inputs.
template <class M, Real T>
typename M::template Gradients<T> part(const RandomInputs<M, T>& inputs, Index begin, Index end) {
  typename M::template Gradients<T> owned;
  for_each_input(
      [&](const auto&, const auto& from, auto& to) {
        auto shape = from.dimensions(), start = shape;
        for (auto& s : start) s = 0;
        start[1] = begin;
        shape[1] = end - begin;
        to = from.slice(start, shape);
      },
      inputs.owned, owned);
  return owned;
}
template <class M, Real T>
typename M::template Inputs<T> views(const typename M::template Gradients<T>& owned) {
  typename M::template Inputs<T> in;
  for_each_input([](const auto&, const auto& tensor, auto& view) { view = tensor; }, owned, in);
  return in;
}

/// Cutting a sequence anywhere and carrying the state changes nothing but the rounding.
template <class M, Real T>
void check_split_is_whole(const Sizes& sizes, Index cut) {
  INFO("cut at " << cut << " of " << sizes.T);
  const RandomInputs<M, T> inputs(sizes);
  const auto whole = sequential(inputs.in(), {.initial_state = inputs.initial_state});
  const auto first = part(inputs, 0, cut), second = part(inputs, cut, sizes.T);
  const auto before = chunked(views<M, T>(first), {.initial_state = inputs.initial_state});
  const auto after = chunked(views<M, T>(second), {.initial_state = before.final_state});
  CHECK(relative_error(after.final_state, whole.final_state) < rounding<T>(sizes.K));
  Tensor<T, 4> joined(whole.o.dimensions());
  for (Index t = 0; t < sizes.T; ++t) joined.chip(t, 1) = t < cut ? before.o.chip(t, 1) : after.o.chip(t - cut, 1);
  CHECK(relative_error(joined, whole.o) < rounding<T>(sizes.K));
}

/// A stream in pieces of any lengths has the bits of one chunked scan.
template <class M, Real T>
void check_pieces_are_whole(const Sizes& sizes, const std::vector<Index>& ends) {
  INFO("T=" << sizes.T << ", first piece ends at " << ends.front());
  const RandomInputs<M, T> inputs(sizes);
  const auto whole = chunked(inputs.in(), {.initial_state = inputs.initial_state});
  auto state = RecurrentState<T, M>::zero(sizes.B, sizes.HV, sizes.K, sizes.V);
  state.recurrent_state = inputs.initial_state;
  Index begin = 0;
  for (const Index end : ends) {
    const auto piece = part(inputs, begin, end);
    const Tensor<T, 4> o = streamed(views<M, T>(piece), state);
    const Eigen::array<Index, 4> from{0, begin, 0, 0};
    CHECK(identical(o, Tensor<T, 4>(whole.o.slice(from, o.dimensions()))));
    begin = end;
  }
  CHECK(identical(state.settled(), whole.final_state));
}

/// Changing a token leaves every earlier output as it was, to the last bit.
template <class M, Real T>
void check_causality(const Sizes& sizes, Index changed) {
  INFO("changed token " << changed << " of " << sizes.T);
  const RandomInputs<M, T> inputs(sizes), others(sizes, 2);
  RandomInputs<M, T> mixed = inputs;
  for_each_input(
      [&](const auto&, const auto& from, auto& to) {
        for (Index b = 0; b < sizes.B; ++b) to.chip(b, 0).chip(changed, 0) = from.chip(b, 0).chip(changed, 0);
      },
      others.owned, mixed.owned);
  const auto check = [&](const Tensor<T, 4>& a, const Tensor<T, 4>& b) {
    const auto tokens = [&](const Tensor<T, 4>& o, Index begin, Index end) -> Tensor<T, 4> {
      return o.slice(Eigen::array<Index, 4>{0, begin, 0, 0}, Eigen::array<Index, 4>{sizes.B, end - begin, sizes.HV, sizes.V});
    };
    CHECK(identical(tokens(a, 0, changed), tokens(b, 0, changed)));
    CHECK_FALSE(identical(tokens(a, changed, changed + 1), tokens(b, changed, changed + 1)));
  };
  check(sequential(inputs.in()).o, sequential(mixed.in()).o);
  check(chunked(inputs.in()).o, chunked(mixed.in()).o);
}

/// Any number of threads gives the same bits, whatever rounding the caller has set and whatever was in memory before, and so do
/// the forms that write into the caller's memory. What the caller has set is still set afterwards.
template <class M, Real T>
void check_surroundings_do_not_matter(const Sizes& sizes) {
  const RandomInputs<M, T> inputs(sizes);
  const int before = num_threads();
  using In = typename M::template Inputs<T>;
  const auto run = [&](int threads) {
    set_num_threads(threads);
    ScanCache<T> cache;
    auto result = chunked(inputs.in(), {}, &cache);
    auto gradients = chunked_backward(inputs.in(), cache, inputs.cotangents());
    return std::pair{std::move(result), std::move(gradients)};
  };
  const auto define = [&] { return std::pair{sequential(inputs.in()), sequential_backward(inputs.in(), inputs.cotangents())}; };
  const auto check = [](const auto& a, const auto& b) {
    CHECK(identical(a.first.o, b.first.o));
    CHECK(identical(a.first.final_state, b.first.final_state));
    CHECK(identical(a.second.initial_state, b.second.initial_state));
    for_each_input([](const auto&, const auto& x, const auto& y) { CHECK(identical(x, y)); }, a.second.inputs, b.second.inputs);
  };
  const auto one = run(1), definition = define();
  for (const int threads : {2, 3, 8}) check(one, run(threads));
  {
    const HostileSurroundings around;
    const auto other = run(2), other_definition = define();
    const bool untouched = around.untouched();
    CHECK(untouched);
    check(one, other);
    check(definition, other_definition);
  }

  Workspace workspace;
  ScanCache<T> cache;
  auto into = one;
  auto state = RecurrentState<T, M>::zero(sizes.B, sizes.HV, sizes.K, sizes.V);
  const auto free = [](const char* what, const auto& call) {
    const Cost cost = cost_of(call);
    INFO(what);
    CHECK(cost.allocations == 0);
    CHECK(cost.page_faults == 0);
  };
  const ScanOutputs<T> outputs{.o = into.first.o, .final_state = into.first.final_state};
  free("chunked", [&] { chunked_into(inputs.in(), outputs, workspace); });
  free("chunked with a cache", [&] { chunked_into(inputs.in(), outputs, workspace, {}, &cache); });
  free("chunked_backward", [&] { chunked_backward_into<In>(inputs.in(), cache, inputs.cotangents(), into.second, workspace); });
  check(one, into);
  free("streamed", [&] { streamed_into(inputs.in(), state, into.first.o, workspace); });
  chunked_into(inputs.in(), {.o = into.first.o}, workspace);
  check(one, into);
  set_num_threads(before);
}

/// The gradients of the definition are finite differences, of every input and the initial state.
template <class M>
void check_gradients_are_differences(bool use_qk_l2norm) {
  RandomInputs<M, double> inputs({.B = 1, .T = 6, .H = 1, .HV = 2, .K = 3, .V = 4, .N = 1});
  const auto options = [&] {
    return ScanOptions<double>{.use_qk_l2norm = use_qk_l2norm, .initial_state = inputs.initial_state};
  };
  const auto dot = [](const auto& a, const auto& b) {
    return VectorMap<const double>(a.data(), a.size()).dot(VectorMap<const double>(b.data(), b.size()));
  };
  const auto loss = [&] {
    const auto result = sequential(inputs.in(), options());
    return dot(result.o, inputs.do_) + dot(result.final_state, inputs.dfinal_state);
  };
  const auto d = sequential_backward(inputs.in(), inputs.cotangents(), options());
  const auto check = [&](std::string_view name, auto& x, const auto& dx) {
    const auto error = finite_difference_error_of(x, dx, loss);
    INFO(name << ": " << error.where);
    CHECK(error.worst < finite_difference_error);
  };
  for_each_input([&](const auto& field, auto& x, const auto& dx) { check(field.name, x, dx); }, inputs.owned, d.inputs);
  check("initial_state", inputs.initial_state, d.initial_state);
}

/// All laws, for float and double: what every member owes.
template <class M>
void member_laws() {
  check_gradients_are_differences<M>(false);
  check_gradients_are_differences<M>(true);
  for (const Index C : {1, 5, 16})
    for (const Index tokens : {Index(0), Index(1), C - 1, C, C + 1, 5 * C + 3}) {
      const Sizes sizes{.T = tokens, .greatest_beta = 2};
      check_chunked_is_sequential<M, double>(sizes, C);
      check_chunked_is_sequential<M, float>(sizes, C, true);
    }
  for (const auto& [K, V] :
       {std::pair<Index, Index>{1, 1}, {60, 100}, {64, 128}, {33, 7}})  // a normalised number has no gradient
    check_chunked_is_sequential<M, float>({.B = 1, .T = 70, .H = 1, .HV = 2, .K = K, .V = V, .N = 1}, 16, K > 1);
  for (const Index C : {64, 100, 200}) {  // longer than the block and the sequence
    check_chunked_is_sequential<M, double>({.B = 1, .T = 131, .H = 1, .HV = 1, .N = 1}, C);
    check_chunked_is_sequential<M, float>({.B = 1, .T = 131, .H = 1, .HV = 1, .N = 1}, C);
  }
  check_chunked_is_sequential<M, double>({.B = 1, .T = 40, .N = 4}, 8, true, {0, 15, 15, 16, 40});
  for (const Index cut : {0, 1, 15, 16, 17, 36, 37}) {
    check_split_is_whole<M, double>({.T = 37}, cut);
    check_split_is_whole<M, float>({.T = 37}, cut);
  }
  for (const auto& ends : std::vector<std::vector<Index>>{{1, 2, 3, 37}, {15, 17, 37}, {16, 37}, {5, 9, 33, 36, 37}, {37}}) {
    check_pieces_are_whole<M, double>({.T = 37, .greatest_beta = 2}, ends);
    check_pieces_are_whole<M, float>({.T = 37, .K = 33, .V = 70}, ends);
  }
  for (const Index changed : {1, 15, 16, 36}) check_causality<M, float>({.T = 37}, changed);
  check_surroundings_do_not_matter<M, float>({.T = 90, .K = 32, .V = 100});
  check_surroundings_do_not_matter<M, double>({.B = 1, .T = 90, .H = 1, .HV = 1, .K = 32, .V = 128, .N = 1});
}

}  // namespace deltanet::test
