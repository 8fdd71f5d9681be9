# Every header, in the order of the folders; tests/structure compares this list with include/.
set(DELTANET_HEADERS
    include/deltanet/deltanet.hpp
    # core
    include/deltanet/core/tensor.hpp
    include/deltanet/core/check.hpp
    include/deltanet/core/parameters.hpp
    include/deltanet/core/random.hpp
    include/deltanet/core/threads.hpp
    include/deltanet/core/activation.hpp
    include/deltanet/core/packet.hpp
    include/deltanet/core/transpose.hpp
    include/deltanet/core/tile_product.hpp
    include/deltanet/core/product.hpp
    include/deltanet/core/freed_memory.hpp
    # memory
    include/deltanet/memory/inputs.hpp
    include/deltanet/memory/chunk.hpp
    include/deltanet/memory/gram.hpp
    include/deltanet/memory/dynamics.hpp
    include/deltanet/memory/no_decay.hpp
    include/deltanet/memory/scalar_decay.hpp
    include/deltanet/memory/key_decay.hpp
    include/deltanet/memory/momentum.hpp
    include/deltanet/memory/rule.hpp
    include/deltanet/memory/member.hpp
    include/deltanet/memory/memory.hpp
    include/deltanet/memory/delta_rule.hpp
    include/deltanet/memory/hebbian.hpp
    include/deltanet/memory/comba.hpp
    include/deltanet/memory/erase_write.hpp
    # recurrence
    include/deltanet/recurrence/scan.hpp
    include/deltanet/recurrence/problem.hpp
    include/deltanet/recurrence/sequential.hpp
    include/deltanet/recurrence/blocks.hpp
    include/deltanet/recurrence/value_block.hpp
    include/deltanet/recurrence/panel.hpp
    include/deltanet/recurrence/chunked.hpp
    include/deltanet/recurrence/partial_gradients.hpp
    include/deltanet/recurrence/chunked_backward.hpp
    include/deltanet/recurrence/token.hpp
    include/deltanet/recurrence/step.hpp
    include/deltanet/recurrence/delta_product.hpp
    # layers
    include/deltanet/layers/layer.hpp
    include/deltanet/layers/tokens.hpp
    include/deltanet/layers/linear.hpp
    include/deltanet/layers/low_rank.hpp
    include/deltanet/layers/embedding.hpp
    include/deltanet/layers/feature_map.hpp
    include/deltanet/layers/rms_norm.hpp
    include/deltanet/layers/gated_rms_norm.hpp
    include/deltanet/layers/head_norm.hpp
    include/deltanet/layers/short_convolution.hpp
    include/deltanet/layers/swiglu.hpp
    include/deltanet/layers/time_step.hpp
    include/deltanet/layers/sigmoid_gate.hpp
    include/deltanet/layers/decay_gate.hpp
    include/deltanet/layers/key_decay_gate.hpp
    include/deltanet/layers/momentum_gate.hpp
    include/deltanet/layers/discretization.hpp
    include/deltanet/layers/repeat_heads.hpp
    include/deltanet/layers/delta_branch.hpp
    include/deltanet/layers/delta_inputs.hpp
    include/deltanet/layers/delta_state.hpp
    include/deltanet/layers/delta_scan.hpp
    include/deltanet/layers/delta_output.hpp
    include/deltanet/layers/delta_config.hpp
    include/deltanet/layers/comba_keys.hpp
    include/deltanet/layers/delta_net.hpp
    include/deltanet/layers/gated_delta_net.hpp
    include/deltanet/layers/kimi_delta_attention.hpp
    include/deltanet/layers/gated_delta_net2.hpp
    include/deltanet/layers/comba.hpp
    include/deltanet/layers/gated_delta_product.hpp
    include/deltanet/layers/gated_linear_attention.hpp
    include/deltanet/layers/state_space_duality.hpp
    # blocks
    include/deltanet/blocks/residual.hpp
    # models
    include/deltanet/models/language_model.hpp
    include/deltanet/models/generate.hpp
    # training
    include/deltanet/training/pieces.hpp
    include/deltanet/training/cross_entropy.hpp
    include/deltanet/training/adamw.hpp
    include/deltanet/training/clip.hpp
    include/deltanet/training/schedule.hpp
    include/deltanet/training/gradient_check.hpp
    include/deltanet/training/trainer.hpp)

set(DELTANET_IO_HEADERS
    include/deltanet/io/file.hpp
    include/deltanet/io/metadata.hpp
    include/deltanet/io/safetensors_header.hpp
    include/deltanet/io/safetensors.hpp
    include/deltanet/io/checkpoint.hpp)
