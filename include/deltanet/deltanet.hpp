#pragma once

/// All of deltanet but io/, in reading order: each folder includes only from the folders above it. io/ needs nlohmann-json and
/// is included by name, with the CMake target deltanet::io.

// clang-format off
#include "deltanet/core/tensor.hpp"
#include "deltanet/core/check.hpp"
#include "deltanet/core/parameters.hpp"
#include "deltanet/core/random.hpp"
#include "deltanet/core/threads.hpp"
#include "deltanet/core/activation.hpp"
#include "deltanet/core/packet.hpp"
#include "deltanet/core/transpose.hpp"
#include "deltanet/core/tile_product.hpp"
#include "deltanet/core/product.hpp"

#include "deltanet/memory/inputs.hpp"
#include "deltanet/memory/chunk.hpp"
#include "deltanet/memory/gram.hpp"
#include "deltanet/memory/decay.hpp"
#include "deltanet/memory/no_decay.hpp"
#include "deltanet/memory/scalar_decay.hpp"
#include "deltanet/memory/member.hpp"
#include "deltanet/memory/delta_rule.hpp"

#include "deltanet/recurrence/scan.hpp"
#include "deltanet/recurrence/problem.hpp"
#include "deltanet/recurrence/sequential.hpp"
#include "deltanet/recurrence/blocks.hpp"
#include "deltanet/recurrence/value_block.hpp"
#include "deltanet/recurrence/panel.hpp"
#include "deltanet/recurrence/chunked.hpp"
#include "deltanet/recurrence/chunked_backward.hpp"
#include "deltanet/recurrence/step.hpp"

#include "deltanet/layers/layer.hpp"
#include "deltanet/layers/tokens.hpp"
#include "deltanet/layers/linear.hpp"
#include "deltanet/layers/embedding.hpp"
#include "deltanet/layers/feature_map.hpp"
#include "deltanet/layers/rms_norm.hpp"
#include "deltanet/layers/gated_rms_norm.hpp"
#include "deltanet/layers/head_norm.hpp"
#include "deltanet/layers/short_convolution.hpp"
#include "deltanet/layers/swiglu.hpp"
#include "deltanet/layers/decay_gate.hpp"
#include "deltanet/layers/delta_branch.hpp"
#include "deltanet/layers/delta_inputs.hpp"
#include "deltanet/layers/delta_state.hpp"
#include "deltanet/layers/delta_scan.hpp"
#include "deltanet/layers/delta_output.hpp"
#include "deltanet/layers/delta_net.hpp"
#include "deltanet/layers/gated_delta_net.hpp"

#include "deltanet/blocks/residual.hpp"

#include "deltanet/models/language_model.hpp"
#include "deltanet/models/generate.hpp"

#include "deltanet/training/pieces.hpp"
#include "deltanet/training/cross_entropy.hpp"
#include "deltanet/training/adamw.hpp"
#include "deltanet/training/clip.hpp"
#include "deltanet/training/schedule.hpp"
#include "deltanet/training/gradient_check.hpp"
#include "deltanet/training/trainer.hpp"
// clang-format on
