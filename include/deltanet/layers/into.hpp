#pragma once

#include "deltanet/core/row_pieces.hpp"
#include "deltanet/layers/layer.hpp"

/// Layers and models that write into the caller's memory, with all that they need meanwhile from a workspace: after the first
/// call of a size nothing is allocated and no page is fresh. Any Layer has these forms, and so has a LanguageModel, which reads
/// tokens [B, T] and writes logits. They throw what the plain forms throw, and std::invalid_argument where the caller's memory
/// has another shape than the result, which then is as it was.
namespace deltanet {

namespace detail {

/// The width of what a layer or a model makes of tokens of width `D`.
template <class L>
[[nodiscard]] Index output_width(const L& layer, Index D) {
  if constexpr (requires { layer.config.vocab_size; }) return layer.config.vocab_size;
  if constexpr (requires { layer.config.out_features; }) return layer.config.out_features;
  return D;
}

template <class T, int N>
void copy_result(const Tensor<T, N>& from, const View<T, N>& to) {
  copy_entries(from.data(), from.size(), to.data);
}

}  // namespace detail

/// y [B, T, D'] = layer.forward(x, state, cache, sequences).
template <class L, class X, int N>
void forward_into(const L& layer, const View<X, N>& x, const std::type_identity_t<View<typename L::Scalar, 3>>& y,
                  Workspace& workspace, typename L::State* state = nullptr, typename L::Cache* cache = nullptr,
                  const Sequences& sequences = {}) {
  const WorkspaceScope use(workspace);
  expect_shape("y", y, {{"B", x.shape[0]}, {"T", x.shape[1]}, {"D'", detail::output_width(layer, x.shape[N - 1])}});
  detail::copy_result(layer.forward(x, state, cache, sequences), y);
}

/// y [N, D'] = layer.step(x, state).
template <class L, class X, int N>
void step_into(const L& layer, const View<X, N>& x, typename L::State& state,
               const std::type_identity_t<View<typename L::Scalar, 2>>& y, Workspace& workspace) {
  const WorkspaceScope use(workspace);
  expect_shape("y", y, {{"N", x.shape[0]}, {"D'", detail::output_width(layer, x.shape[N - 1])}});
  detail::copy_result(layer.step(x, state), y);
}

/// dx [B, T, D] = layer.backward(cache, dy, gradients).
template <Layer L>
void backward_into(const L& layer, const typename L::Cache& cache, View<const typename L::Scalar, 3> dy,
                   typename L::Params& gradients, const View<typename L::Scalar, 3>& dx, Workspace& workspace) {
  const WorkspaceScope use(workspace);
  Index D = dy.shape[2];
  if constexpr (requires { layer.config.in_features; }) D = layer.config.in_features;
  expect_shape("dx", dx, {{"B", dy.shape[0]}, {"T", dy.shape[1]}, {"D", D}});
  detail::copy_result(layer.backward(cache, dy, gradients), dx);
}

}  // namespace deltanet
