#include "support/compiled.hpp"

namespace deltanet {

DELTANET_COMPILED_MEMBER(, MomentumDeltaRule)
DELTANET_COMPILED_MEMBER(, NesterovDeltaRule)

}  // namespace deltanet
