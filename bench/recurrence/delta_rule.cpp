#include "deltanet/recurrence/delta_product.hpp"
#include "recurrence/groups.hpp"
#include "support/members.hpp"

namespace deltanet::bench {

namespace {

/// Two delta steps a token: the inputs of T sub-steps, of which q and the gates serve the first T / 2 tokens.
struct SequentialProduct {
  template <class In, Real T = typename In::Scalar>
  static ScanResult<T> forward(const In& in) {
    return sequential_delta_product(by_tokens(in), 2);
  }
  template <class In>
  static In by_tokens(In in) {
    for_each_input(
        [](const auto& field, auto& view) {
          if (deltanet::detail::substep_of(field) != deltanet::detail::Substep::every) view.shape[1] /= 2;
        },
        in);
    return in;
  }
};
struct Product {
  using Definition = SequentialProduct;
  template <class In, Real T = typename In::Scalar>
  static ScanResult<T> forward(const In& in) {
    return delta_product(SequentialProduct::by_tokens(in), 2);
  }
};

/// Gated DeltaProduct with two Householder steps a token: 12 K V flops a token and value head.
void add_product() {
  const Sizes sizes{.B = 1, .T = 2 * 2048, .H = 16, .HV = 16, .K = 128, .V = 128};
  for (const Gates gates : all_gates)
    add<float>("prefill/gated_delta_product2/float/d128/H16/T2048/threads1" + suffix(gates),
               {1, sizes.tokens() / 2, sizes.flops<GatedDeltaRule>()},
               [sizes, gates] { return forward<Product, GatedDeltaRule, float>(sizes, gates); });
}

}  // namespace

void add_delta_rule_members() {
  add_member<DeltaRule, float>("delta_net", Extent::all_sizes);
  add_member<GatedDeltaRule, float>("gated_delta_net", Extent::all_lengths);
  add_member<GatedDeltaRule, double>("gated_delta_net", Extent::all_sizes);
  add_product();
}

}  // namespace deltanet::bench
