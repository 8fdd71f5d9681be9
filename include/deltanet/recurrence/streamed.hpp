#pragma once

#include "deltanet/recurrence/chunked.hpp"
#include "deltanet/recurrence/recurrent_state.hpp"

namespace deltanet {

namespace detail {

/// Reads some tokens of every sequence one after the other, on states with chunks that are not full.
template <InputBundle In>
class TokenReader {
  using T = typename In::Scalar;
  using Member = typename In::Member;
  using State = RecurrentState<T, Member>;

 public:
  TokenReader(const Problem<In>& problem, State& state, const View<T, 4>& o) : problem_(problem), state_(state), o_(o) {}

  /// Tokens `some[n]` of sequence n, none of which goes beyond the end of its chunk.
  void read(const PoolVector<Sequence>& some) {
    const auto& x = problem_.extents;
    const HeadGroups groups(x.N, x.HV, 1, num_threads(), x.HV);  // a builder each: as few as keep all threads busy
    const Walk walk = next_walk(some);
    const auto read_heads = [&](Index index) {
      const auto piece = groups[index];
      const Sequence& tokens = some[static_cast<std::size_t>(piece.sequence)];
      if (tokens.tokens() == 0) return;
      typename Member::template OpenBuilder<T> builder(C, x.K);
      Vector<T> target(x.V), b(x.V);
      const Index step = walk == Walk::forth ? 1 : -1;
      for (Index h = piece.first_head; h < piece.end_head; ++h) {
        const Index hv = walked(walk, h, piece.first_head, piece.end_head);
        const auto head = problem_.template head<typename Member::template HeadInputs<T>>(problem_.in, tokens, hv);
        const Index state = piece.sequence * x.HV + hv;
        T* const S = state_.recurrent_state.data() + state * x.rows * x.V;
        T* const U = state_.open_chunk.data() + state * state_.open_chunk.dimension(2);
        T* const numbers = U + C * x.V;
        // the state that is read next, if there is one: it is fetched ahead
        const Index ahead = state + step >= 0 && state + step < x.N * x.HV ? step : 0;
        const T* const next = S + ahead * x.rows * x.V;
        Index i = state_.waiting(piece.sequence);
        for (Index t = 0; t < tokens.tokens(); ++t, ++i) {
          T* const o = o_.data + problem_.value_row(tokens, t, hv);
          Member::template load_values<T>(head, t, 0, x.V, target.data(), b.data());
          const Chunk<T>& rows = builder.append(head, t, i, problem_.scale, numbers);
          // what is needed after the state, and first of all for the next head
          fetch(static_cast<const T*>(U), i * x.V);
          fetch(static_cast<const T*>(numbers + ahead * state_.open_chunk.dimension(2)), (i + 1) * padded<T>(x.K));
          advance_token<T>(rows, i, S, next, x.V, target.data(), b.data(), U, o);
          problem_.expect_finite_outputs(o, x.V);
        }
        if (i == C) write_open<T>(builder.close(C, numbers), U, S, x.V);
      }
    };
    parallel_for(groups.pieces(), read_heads, walk);
    for (std::size_t n = 0; n < some.size(); ++n) {
      T& waiting = state_.open_tokens[static_cast<Index>(n)];
      waiting = static_cast<T>((static_cast<Index>(waiting) + some[n].tokens()) % C);
    }
  }

 private:
  static constexpr Index C = default_chunk_size;

  /// One call goes forth over the states, the next one back, as far as the tokens that wait tell how many calls there were.
  [[nodiscard]] Walk next_walk(const PoolVector<Sequence>& some) const {
    for (std::size_t n = 0; n < some.size(); ++n)
      if (const Index tokens = some[n].tokens(); tokens > 0)
        return state_.waiting(static_cast<Index>(n)) / tokens % 2 == 0 ? Walk::forth : Walk::back;
    return Walk::forth;
  }

  const Problem<In>& problem_;
  State& state_;
  View<T, 4> o_;
};

/// Tokens that end a chunk, whole chunks, and tokens that begin one, of each sequence.
struct StreamCut {
  PoolVector<Sequence> ending, whole, beginning;

  template <class State>
  StreamCut(const PoolVector<Sequence>& sequences, const State& state) {
    constexpr Index C = default_chunk_size;
    for (std::size_t n = 0; n < sequences.size(); ++n) {
      const auto [begin, end] = sequences[n];
      const Index waiting = state.waiting(static_cast<Index>(n));
      const Index ended = waiting > 0 ? std::min(end, begin + C - waiting) : begin;
      const Index chunks = ended + (end - ended) / C * C;
      ending.push_back({begin, ended});
      whole.push_back({ended, chunks});
      beginning.push_back({chunks, end});
    }
  }

  [[nodiscard]] static bool any(const PoolVector<Sequence>& some) {
    return std::any_of(some.begin(), some.end(), [](const Sequence& sequence) { return sequence.tokens() > 0; });
  }
};

/// Reads the problem's tokens on `state`, into o.
template <InputBundle In>
void run_streamed(Problem<In>& problem, RecurrentState<typename In::Scalar, typename In::Member>& state,
                  const View<typename In::Scalar, 4>& o) {
  const auto& x = problem.extents;
  expect(problem.options.initial_state.absent() && problem.options.chunk_size == default_chunk_size,
         "streamed: expected no initial_state and no chunk_size");
  state.expect_sizes(x.N, x.HV, x.K, x.V);
  const auto run = [&](RecurrentState<typename In::Scalar, typename In::Member>& to) {
    const StreamCut cut(problem.sequences, to);
    TokenReader<In> reader(problem, to, o);
    if (cut.any(cut.ending)) reader.read(cut.ending);
    if (cut.any(cut.whole)) {
      problem.sequences = cut.whole;
      run_chunks(problem, {o, to.recurrent_state});
    }
    if (cut.any(cut.beginning)) reader.read(cut.beginning);
  };
  if (x.T == 1) {
    problem.expect_finite_inputs();
    run(state);
  } else {
    auto next = state;  // so that nothing is lost where a token is refused on the way
    run(next);
    state = std::move(next);
  }
}

}  // namespace detail

/// Reads on where `state` is, and moves it on: the next tokens of B sequences (or N packed ones), from one token to any number.
/// Returns o [B, T, HV, V].
///
/// However a text is cut into calls, the outputs are the same bits as those of `chunked` on the whole text from zeros (with
/// KeyDecay and momentum as far as the compiler makes the same instructions of the same sums): chunks begin at the same tokens,
/// and a token of a chunk that is not full is answered in the order of sums that a chunk has.
///
/// Inputs and errors are those of `chunked`; of the options, scale, use_qk_l2norm and cu_seqlens count. Where it throws, the
/// state is as it was, except that one token that makes it overflow leaves it so. Work: 6 K V flops a token and value head. One
/// token reads the state once; every `default_chunk_size` tokens it is rewritten.
template <InputBundle In>
[[nodiscard]] Tensor<typename In::Scalar, 4> streamed(const In& in,
                                                      RecurrentState<typename In::Scalar, typename In::Member>& state,
                                                      const ScanOptions<typename In::Scalar>& options = {}) {
  detail::Problem<In> problem(in, options);
  const auto& x = problem.extents;
  Tensor<typename In::Scalar, 4> o(x.B, x.T, x.HV, x.V);
  detail::run_streamed(problem, state, o);
  return o;
}

/// `streamed` into the caller's memory, o [B, T, HV, V], with all scratch from `workspace`, as `chunked_into`.
template <InputBundle In>
void streamed_into(const In& in, RecurrentState<typename In::Scalar, typename In::Member>& state,
                   const std::type_identity_t<View<typename In::Scalar, 4>>& o, Workspace& workspace,
                   const ScanOptions<typename In::Scalar>& options = {}) {
  const WorkspaceScope use(workspace);
  detail::Problem<In> problem(in, options);
  const auto& x = problem.extents;
  expect_shape("o", View<const typename In::Scalar, 4>(o), {{"B", x.B}, {"T", x.T}, {"HV", x.HV}, {"V", x.V}});
  detail::run_streamed(problem, state, o);
}

}  // namespace deltanet
