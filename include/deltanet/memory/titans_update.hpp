#pragma once

#include "deltanet/memory/inputs.hpp"
#include "deltanet/memory/responses.hpp"
#include "deltanet/memory/scalar_decay.hpp"
#include "deltanet/memory/update_coefficients.hpp"

namespace deltanet {

/// Titans' neural memory (arXiv 2501.00663, equations 13 and 14, mini-batches as in 16), with alpha_t = 1 - forgetting gate
/// given as its logarithm g_t <= 0:
///
///   Z_t = eta_t Z_{t-1} - theta_t grad l(W_start; k_t, v_t),     W_t = alpha_t W_{t-1} + Z_t,     o_t = M(W_t; q_t)
///
/// l is |M(k) - v|^2 / 2, half of the paper's equation 12 (as in its appendix C): theta is the beta of the delta rule.
struct TitansUpdate {
  template <Real T, class Vectors, class Scalars>
  struct Tokens {
    using Update = TitansUpdate;
    using Scalar = T;

    Vectors q{};      // [B, T, H, K]
    Vectors k{};      // [B, T, H, K]
    Vectors v{};      // [B, T, H, V]
    Scalars theta{};  // [B, T, H], step sizes, at least 0
    Scalars g{};      // [B, T, H], log decays, at most 0
    Scalars eta{};    // [B, T, H], momentum, in [0, 1]

    static constexpr auto fields() {
      return std::tuple{InputField{"q", &Tokens::q, Heads::key, Width::key},
                        InputField{"k", &Tokens::k, Heads::key, Width::key},
                        InputField{"v", &Tokens::v, Heads::value, Width::value},
                        InputField{"theta", &Tokens::theta, Heads::value, Width::one},
                        InputField{"g", &Tokens::g, Heads::value, Width::one},
                        InputField{"eta", &Tokens::eta, Heads::value, Width::one}};
    }
  };
  template <Real T>
  using Inputs = Tokens<T, View<const T, 4>, View<const T, 3>>;
  template <Real T>
  using Gradients = Tokens<T, Tensor<T, 4>, Tensor<T, 3>>;

  /// The weights that W_i begin with: those the last token read.
  static constexpr bool from_start = false;

  template <class In>
  static void expect_ranges(const In& in) {
    expect_log_decay(in.g);
    for (Index i = 0; i < in.eta.size(); ++i) {
      expect(in.theta.data[i] >= 0, "theta: expected at least 0, got ", in.theta.data[i], " at flat index ", i);
      expect(in.eta.data[i] >= 0 && in.eta.data[i] <= 1, "eta: expected a number in [0, 1], got ", in.eta.data[i],
             " at flat index ", i);
    }
  }

  /// One token as the equations say it: Z <- .., W <- .., given the token's gradient.
  template <Real T, class In, class Weights>
  static void step(const In& in, Index t, const Vector<T>& gradient, const Weights&, Weights& Z, Weights& W, bool) {
    Z = *in.eta[t] * Z - *in.theta[t] * gradient;
    W = std::exp(*in.g[t]) * W + Z;
  }
  template <Real T, class In>
  static T decay(const In& in, Index t) {
    return std::exp(*in.g[t]);
  }

  template <Real T>
  class Window {
   public:
    explicit Window(Index C) : alpha_(C), eta_(C), dalpha_(C), deta_(C), at_(C), d_(C) {}

    /// The coefficients of tokens t .. t + n - 1; `completes` says whether the mini-batch ends with them.
    template <class In>
    void assign(const In& in, Index t, Index n, bool /*completes*/, UpdateCoefficients<T>& to) {
      for (Index i = 0; i < n; ++i) {
        alpha_[i] = std::exp(*in.g[t + i]);
        eta_[i] = *in.eta[t + i];
      }
      at_.build(alpha_, eta_, n);
      to.A.head(n) = at_.A.segment(1, n);
      to.B.head(n) = at_.B.segment(1, n);
      to.G.topLeftCorner(n, n) = at_.G.block(1, 0, n, n);
      to.N0 = at_.N0[n];
      to.N.head(n) = at_.N.row(n).head(n).transpose();
    }

    /// Adds to the gates' gradients, of the same tokens.
    template <class Out>
    void backward(Index t, Index n, const UpdateCoefficients<T>& dto, const Out& d) {
      d_.set_zero();
      d_.A.segment(1, n) = dto.A.head(n);
      d_.B.segment(1, n) = dto.B.head(n);
      d_.G.block(1, 0, n, n) = dto.G.topLeftCorner(n, n);
      d_.N0[n] = dto.N0;
      d_.N.row(n).head(n) = dto.N.head(n).transpose();
      dalpha_.setZero();
      deta_.setZero();
      at_.backward(alpha_, eta_, n, d_, dalpha_, deta_);
      for (Index i = 0; i < n; ++i) {
        *d.g[t + i] += alpha_[i] * dalpha_[i];
        *d.eta[t + i] += deta_[i];
      }
    }

   private:
    Vector<T> alpha_, eta_, dalpha_, deta_;  // [C]
    Responses<T> at_, d_;                    // and their gradients
  };
};

}  // namespace deltanet
