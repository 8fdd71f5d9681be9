#include "support/compiled.hpp"

namespace deltanet {

DELTANET_COMPILED_MEMBER(, ScalarDecayRule)
DELTANET_COMPILED_MEMBER(, GatedLinearAttentionRule)

}  // namespace deltanet
