#pragma once

/// The layers that are measured, in groups that are compiled side by side. A new layer is a Kind in one of them.
namespace deltanet::bench {

void add_delta_rule_layers();
void add_deep_memory_layers();  // Titans'
void add_attention_layers();    // softmax in a window

}  // namespace deltanet::bench
