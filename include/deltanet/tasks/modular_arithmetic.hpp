#pragma once

#include "deltanet/tasks/task.hpp"

namespace deltanet {

/// How expressions look; the defaults are Grazzi et al.'s.
struct ModularArithmeticConfig {
  Index modulus = 5;
  bool brackets = false;

  /// Digits first, and then + - * = ( ).
  [[nodiscard]] std::int32_t sign(char character) const {
    return static_cast<std::int32_t>(modulus) + static_cast<std::int32_t>(std::string("+-*=()").find(character));
  }
  [[nodiscard]] Index vocab_size() const { return modulus + (brackets ? 6 : 4); }
};

namespace detail {

using Expression = std::vector<std::int32_t>;

/// Appends digits with + - * between, `length` (odd) tokens in all, and returns the value: * goes before + and -.
inline Index put_flat_expression(const ModularArithmeticConfig& config, Random& random, Index length, Expression& tokens) {
  const Index m = config.modulus;
  Index sum = 0, product = 1, sign = 1;  // the value is sum + sign product
  for (Index i = 0; i < length; ++i) {
    if (i % 2 == 0) {
      const Index digit = random.below(m);
      tokens.push_back(static_cast<std::int32_t>(digit));
      product = product * digit % m;
      continue;
    }
    const Index operation = random.below(3);
    tokens.push_back(config.sign("+-*"[operation]));
    if (operation == 2) continue;
    sum += sign * product;
    product = 1;
    sign = operation == 0 ? 1 : -1;
  }
  return ((sum + sign * product) % m + m) % m;
}

/// Appends a bracketed expression of `length` tokens, as Deletang et al.'s grammar has them, and returns its value:
/// d, -d, (d), (-d), and (left op right) from 5 tokens on, cut anywhere alike.
inline Index put_bracketed_expression(const ModularArithmeticConfig& config, Random& random, Index length, Expression& tokens) {
  const Index m = config.modulus;
  if (length >= 3) tokens.push_back(config.sign('('));
  Index value;
  if (length <= 4) {
    const Index digit = random.below(m);
    if (length % 2 == 0) tokens.push_back(config.sign('-'));
    tokens.push_back(static_cast<std::int32_t>(digit));
    value = length % 2 == 0 ? (m - digit) % m : digit;
  } else {
    const Index left_length = 1 + random.below(length - 4), operation = random.below(3);
    const Index left = put_bracketed_expression(config, random, left_length, tokens);
    tokens.push_back(config.sign("+-*"[operation]));
    const Index right = put_bracketed_expression(config, random, length - 3 - left_length, tokens);
    value = (operation == 0 ? left + right : operation == 1 ? left - right + m : left * right) % m;
  }
  if (length >= 3) tokens.push_back(config.sign(')'));
  return value;
}

}  // namespace detail

/// Expressions over digits with + - *, to be worked out modulo m when = comes. Without brackets a regular language, which a
/// finite state can follow; with them a context-free one, which takes a stack.
///
///   tokens   2 + 3 * 4 =        ( 3 - ( - 1 ) ) =
///   targets  - - - - - 4        - - - - - - - - 4       modulo 5
///
/// As in Deletang et al. (2207.02098), modular_arithmetic_brackets.py and modular_arithmetic.py, and Grazzi et al.
/// (2411.12537). Tokens [B, T]: T - 1 tokens of expression, which without brackets must be odd. O(B T).
inline TaskBatch modular_arithmetic(const ModularArithmeticConfig& config, Random& random, Index batch, Index length) {
  expect(config.modulus > 1, "modulus: expected at least 2, got ", config.modulus);
  expect(length > 1, "length: expected at least 2, a digit and =, got ", length);
  expect(config.brackets || length % 2 == 0, "length: expected an even number, of digits with signs between and =, got ",
         length);
  TaskBatch result = empty_task_batch(batch, length);
  for (Index b = 0; b < batch; ++b) {
    detail::Expression tokens;
    const Index value = config.brackets ? detail::put_bracketed_expression(config, random, length - 1, tokens)
                                        : detail::put_flat_expression(config, random, length - 1, tokens);
    tokens.push_back(config.sign('='));
    for (Index t = 0; t < length; ++t) result.tokens(b, t) = tokens[static_cast<std::size_t>(t)];
    result.targets(b, length - 1) = static_cast<std::int32_t>(value);
  }
  return result;
}

/// modular_arithmetic as a task. Chance is 1 / m; products make 0 the more frequent answer.
inline TokenTask modular_arithmetic_task(const std::string& name, const ModularArithmeticConfig& config, Index train_length,
                                         const std::vector<Index>& test_lengths) {
  return {.name = name,
          .description = detail::concat("an expression ", config.brackets ? "with" : "without",
                                        " brackets: say its value modulo ", config.modulus),
          .source = "Deletang et al. (arXiv 2207.02098); Grazzi et al. (arXiv 2411.12537)",
          .vocab_size = config.vocab_size(),
          .train_length = train_length,
          .test_lengths = test_lengths,
          .chance = 1 / static_cast<double>(config.modulus),
          .generate = with_settings(config, modular_arithmetic)};
}

}  // namespace deltanet
