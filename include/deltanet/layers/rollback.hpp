#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>

#include "deltanet/layers/layer.hpp"

namespace deltanet {

/// How far a Rollback can go back, and at which price.
struct RollbackConfig {
  Index max_tokens = 8;
  Index checkpoint_every = 4;  ///< tokens between two copies of the state: more of them, more memory and less to read again

  void validate() const {
    expect(max_tokens >= 0, "max_tokens: expected at least 0, got ", max_tokens);
    expect(checkpoint_every >= 1, "checkpoint_every: expected at least 1, got ", checkpoint_every);
  }
};

/// Reads tokens with a layer or a model, and takes the last of them back: what speculative decoding does with drafted tokens
/// that it refuses. A recurrent state forgets as it goes and cannot be undone, so copies of it are kept, and the tokens since:
///
///   Rollback<Model> reader(model, model.initial_state(1), {.max_tokens = 8});
///   reader.forward(prompt);                  [B, T] or [B, T, D]
///   logits = reader.forward(draft);          or token by token: reader.step(token)
///   reader.rollback(3);                      the last 3 tokens of every sequence were never read
///
/// The state after rollback(n) is that of a reader that never read the n tokens, bit for bit: the tokens since the last copy
/// are read again by the calls that read them first, the last call perhaps cut short.
///
/// Holds at most max_tokens / checkpoint_every + 3 states, one of them the current, and the tokens read since the oldest;
/// `bytes` counts them. States that grow with the text, as softmax attention's do, are copied whole. A rollback reads at most
/// checkpoint_every tokens again, or the call that it ends in. The model must outlive the reader.
template <class Model>
class Rollback {
 public:
  using T = typename Model::Scalar;
  using State = typename Model::State;
  static constexpr bool reads_ids = requires(const Model model, View<const std::int32_t, 2> ids) { model.forward(ids); };
  /// What a call reads: ids [B, T] or tokens [B, T, D]; and one token of each sequence, [B] or [B, D].
  using Token = std::conditional_t<reads_ids, std::int32_t, T>;
  static constexpr int axes = reads_ids ? 2 : 3;

  Rollback(const Model& model, State start, const RollbackConfig& config = {})
      : model_(model), config_(config), state_(std::move(start)) {
    config.validate();
  }

  /// As the model's.
  Tensor<T, 3> forward(View<const Token, axes> tokens) {
    prepare();
    Tensor<T, 3> y = model_.forward(tokens, &state_);
    record(tokens, false);
    return y;
  }
  Tensor<T, 2> step(View<const Token, axes - 1> token) {
    prepare();
    Tensor<T, 2> y = model_.step(token, state_);
    std::array<Index, axes> shape{token.shape[0], 1};
    std::copy(token.shape.begin() + 1, token.shape.end(), shape.begin() + 2);
    record(View<const Token, axes>(token.data, shape), true);
    return y;
  }

  /// How many tokens can be taken back now: as many as were read, or max_tokens before the furthest that was.
  [[nodiscard]] Index available() const {
    return checkpoints_.empty() ? 0 : std::min(config_.max_tokens, position_ - checkpoints_.front().position);
  }

  /// Takes the last n tokens back. Throws where n is more than `available`, and changes nothing.
  void rollback(Index n) {
    expect_range("rollback", n, Index{0}, available());
    if (n == 0) return;
    const Index target = position_ - n;
    while (checkpoints_.back().position > target) checkpoints_.pop_back();
    const auto calls = std::find_if(calls_.begin(), calls_.end(),
                                    [&](const Call& call) { return call.position >= checkpoints_.back().position; });
    std::deque<Call> again(std::make_move_iterator(calls), std::make_move_iterator(calls_.end()));
    calls_.erase(calls, calls_.end());
    state_ = checkpoints_.back().state;
    position_ = checkpoints_.back().position;
    for (const Call& call : again)
      if (position_ < target) read_again(call, target - position_);
  }

  /// The state after the tokens read so far: copy it to fork.
  [[nodiscard]] const State& state() const { return state_; }
  /// Tokens of each sequence read so far and not taken back.
  [[nodiscard]] Index position() const { return position_; }

  /// Bytes of the state, its copies, and the tokens kept.
  [[nodiscard]] Index bytes() const {
    Index sum = state_bytes(state_);
    for (const Checkpoint& checkpoint : checkpoints_) sum += state_bytes(checkpoint.state);
    for (const Call& call : calls_) sum += state_bytes(call.tokens);
    return sum;
  }

 private:
  /// The state before a token.
  struct Checkpoint {
    Index position = 0;
    State state;
  };
  /// What one call read, from the token `position` on.
  struct Call {
    Index position;
    Tensor<Token, axes> tokens;  // [B, T] or [B, T, D]
    bool stepped;
  };

  /// Keeps the state, if the last copy is old enough, in the place of one that no rollback will reach.
  void prepare() {
    if (!checkpoints_.empty() && position_ - checkpoints_.back().position < config_.checkpoint_every) return;
    Checkpoint checkpoint;
    while (checkpoints_.size() > 1 && checkpoints_[1].position <= position_ - config_.max_tokens) {
      checkpoint = std::move(checkpoints_.front());  // its memory is used again
      checkpoints_.pop_front();
    }
    checkpoint.state = state_;
    checkpoint.position = position_;
    checkpoints_.push_back(std::move(checkpoint));
    while (!calls_.empty() && calls_.front().position < checkpoints_.front().position) calls_.pop_front();
  }

  void record(View<const Token, axes> tokens, bool stepped) {
    Call call{position_, Tensor<Token, axes>(tokens.shape), stepped};
    std::copy_n(tokens.data, tokens.size(), call.tokens.data());
    position_ += tokens.shape[1];
    calls_.push_back(std::move(call));
  }

  /// Reads the first tokens of a call again, `count` at most.
  void read_again(const Call& call, Index count) {
    auto shape = call.tokens.dimensions();
    if (call.stepped) {
      std::array<Index, axes - 1> of_token{shape[0]};
      std::copy(shape.begin() + 2, shape.end(), of_token.begin() + 1);
      (void)model_.step(View<const Token, axes - 1>(call.tokens.data(), of_token), state_);
      record(call.tokens, true);
      return;
    }
    shape[1] = std::min(shape[1], count);
    const Tensor<Token, axes> tokens = call.tokens.slice(Eigen::array<Index, axes>{}, shape);
    (void)model_.forward(tokens, &state_);
    record(tokens, false);
  }

  const Model& model_;
  RollbackConfig config_;
  State state_;
  Index position_ = 0;
  std::deque<Checkpoint> checkpoints_;
  std::deque<Call> calls_;  // since the oldest checkpoint
};

}  // namespace deltanet
