#pragma once

#include "deltanet/recurrence/chunked.hpp"
#include "deltanet/recurrence/sequential.hpp"

/// The algorithms behind one face, each with the definition that judges it.
namespace deltanet::bench {

struct Sequential {
  using Definition = Sequential;
  template <class In, Real T = typename In::Scalar>
  static ScanResult<T> forward(const In& in) {
    return sequential(in);
  }
  template <class In, Real T = typename In::Scalar>
  static std::pair<ScanResult<T>, ScanGradients<In>> train(const In& in, const Cotangents<T>& d) {
    return {sequential(in), sequential_backward(in, d)};
  }
};

struct Chunked {
  using Definition = Sequential;
  template <class In, Real T = typename In::Scalar>
  static ScanResult<T> forward(const In& in) {
    return chunked(in);
  }
  template <class In, Real T = typename In::Scalar>
  static std::pair<ScanResult<T>, ScanGradients<In>> train(const In& in, const Cotangents<T>& d) {
    ScanCache<T> cache;
    ScanResult<T> result = chunked(in, {}, &cache);
    return {std::move(result), chunked_backward(in, cache, d)};
  }
};

}  // namespace deltanet::bench
