#pragma once

#include "deltanet/core/check.hpp"
#include "deltanet/memory/inputs.hpp"
#include "deltanet/memory/update_coefficients.hpp"

namespace deltanet {

/// Test-time training (arXiv 2407.04620): plain steps from the mini-batch's start, with a factor rate_t for all of them at
/// token t, usually about 1 / position, so that no W_t of a mini-batch lies on the way to the next:
///
///   W_t = W_start - rate_t sum_{j <= t} theta_j grad l(W_start; k_j, v_j)      over the tokens of the mini-batch up to t
///
/// The sum is what is carried as Z; a complete mini-batch leaves Z = 0.
struct TTTUpdate {
  template <Real T, class Vectors, class Scalars>
  struct Tokens {
    using Update = TTTUpdate;
    using Scalar = T;

    Vectors q{};      // [B, T, H, K]
    Vectors k{};      // [B, T, H, K]
    Vectors v{};      // [B, T, H, V]
    Scalars theta{};  // [B, T, H], step sizes, at least 0
    Scalars rate{};   // [B, T, H], at least 0

    static constexpr auto fields() {
      return std::tuple{InputField{"q", &Tokens::q, Heads::key, Width::key},
                        InputField{"k", &Tokens::k, Heads::key, Width::key},
                        InputField{"v", &Tokens::v, Heads::value, Width::value},
                        InputField{"theta", &Tokens::theta, Heads::value, Width::one},
                        InputField{"rate", &Tokens::rate, Heads::value, Width::one}};
    }
  };
  template <Real T>
  using Inputs = Tokens<T, View<const T, 4>, View<const T, 3>>;
  template <Real T>
  using Gradients = Tokens<T, Tensor<T, 4>, Tensor<T, 3>>;

  static constexpr bool from_start = true;

  template <class In>
  static void expect_ranges(const In& in) {
    for (Index i = 0; i < in.rate.size(); ++i)
      expect(in.theta.data[i] >= 0 && in.rate.data[i] >= 0, "theta, rate: expected at least 0, got ", in.theta.data[i], ", ",
             in.rate.data[i], " at flat index ", i);
  }

  template <Real T, class In, class Weights>
  static void step(const In& in, Index t, const Vector<T>& gradient, const Weights& start, Weights& Z, Weights& W,
                   bool completes) {
    Z -= *in.theta[t] * gradient;
    W = start + *in.rate[t] * Z;
    if (completes) Z.setZero();
  }
  template <Real T>
  class Window {
   public:
    explicit Window(Index /*C*/) {}

    template <class In>
    void assign(const In& in, Index t, Index n, bool completes, UpdateCoefficients<T>& to) {
      to.A.head(n).setOnes();
      to.G.topLeftCorner(n, n).setZero();
      for (Index i = 0; i < n; ++i) {
        to.B[i] = *in.rate[t + i];
        to.G.row(i).head(i + 1).setConstant(to.B[i]);
      }
      to.N0 = completes ? 0 : 1;
      to.N.head(n).setConstant(to.N0);
    }

    template <class Out>
    void backward(Index t, Index n, const UpdateCoefficients<T>& dto, const Out& d) {
      for (Index i = 0; i < n; ++i) *d.rate[t + i] += dto.B[i] + dto.G.row(i).head(i + 1).sum();
    }
  };
};

}  // namespace deltanet
