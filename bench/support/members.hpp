#pragma once

#include "deltanet/memory/comba.hpp"
#include "deltanet/memory/erase_write.hpp"
#include "support/streams.hpp"

/// The recurrence alone, of any member: `prefill` and `train` are the chunked scan, forward and with its backward, `sequential`
/// and `sequential_train` the definition, `decode` one token of each sequence of a stream.
namespace deltanet::bench {

/// Where a scan is measured.
struct ScanPoint {
  Index d = 128, T = 2048;
  int threads = 1;
  Index H = 16;
  Gates gates = Gates::mild;
};

/// prepare(sizes, gates) prepares what is measured at the point.
template <class M, Real T, class Prepare>
void add_scan(const std::string& prefix, const ScanPoint& at, double flops_share, const Prepare& prepare) {
  const Sizes sizes{.B = 1, .T = at.T, .H = at.H, .HV = at.H, .K = at.d, .V = at.d};
  const Work work{at.threads, sizes.tokens(), flops_share * sizes.flops<M>()};
  add<T>(deltanet::detail::concat(prefix, "/d", at.d, "/H", at.H, "/T", at.T, "/threads", at.threads, suffix(at.gates)), work,
         [sizes, gates = at.gates, prepare] { return prepare(sizes, gates); });
}

template <class M, Real T>
void add_decode(const std::string& member, Index B, int threads, Gates gates) {
  const Sizes sizes{.B = B, .T = 1, .H = 32, .HV = 32, .K = 128, .V = 128};
  add<T>(deltanet::detail::concat("decode", member, "/d128/H32/B", B, "/threads", threads, suffix(gates)),
         {threads, sizes.tokens(), sizes.flops<M>()}, [sizes, gates] { return decode<M, T>(sizes, gates); });
}

/// How much of a member is measured.
enum class Extent {
  one_size,
  all_sizes,
  all_lengths  ///< all sizes, and a hundred thousand tokens
};

/// The sizes of the chunked scan: one change at a time from d128/T2048/threads1.
[[nodiscard]] inline std::vector<ScanPoint> scan_points(Extent extent) {
  std::vector<ScanPoint> points{{}};
  if (extent == Extent::one_size) return points;
  for (const Index tokens : {512, 8192}) points.push_back({.T = tokens});
  for (const Index d : {64, 256, 60, 100}) points.push_back({.d = d});
  for (const int threads : thread_counts())
    if (threads > 1) points.push_back({.threads = threads});
  for (const int threads : thread_counts()) points.push_back({.threads = threads, .H = 2});
  if (extent == Extent::all_lengths)
    for (const auto& [tokens, H] : {std::pair<Index, Index>{32768, 16}, {65536, 16}, {131072, 8}})
      points.push_back({.T = tokens, .H = H});
  return points;
}

/// The measurements of a member.
template <class M, Real T>
void add_member(const std::string& name, Extent extent = Extent::one_size) {
  const std::string member = "/" + name + "/" + scalar_name<T>;
  std::vector<ScanPoint> points = scan_points(extent);
  for (const Gates gates : all_gates) {
    if (!has_decay<M> && gates != Gates::mild) continue;
    if (gates != Gates::mild) points.push_back({.gates = gates});
    for (const Index B : {1, 8})
      for (const int threads : gates == Gates::mild ? thread_counts() : std::vector{1})
        add_decode<M, T>(member, B, threads, gates);
  }
  for (const ScanPoint& point : points) {
    add_scan<M, T>("prefill" + member, point, 1, forward<Chunked, M, T>);
    add_scan<M, T>("train" + member, point, 3, train<Chunked, M, T>);
  }
  add_scan<M, T>("sequential" + member, {}, 1, forward<Sequential, M, T>);
  add_scan<M, T>("sequential_train" + member, {}, 3, train<Sequential, M, T>);
}

}  // namespace deltanet::bench
