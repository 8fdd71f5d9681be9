#include "support/compiled.hpp"

namespace deltanet {

DELTANET_COMPILED_MEMBER(, DeltaRule)
DELTANET_COMPILED_MEMBER(, GatedDeltaRule)
DELTANET_COMPILED_MEMBER(, DecayedCombaDeltaRule)

}  // namespace deltanet
