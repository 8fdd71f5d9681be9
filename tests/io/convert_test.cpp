#include "deltanet/io/convert.hpp"

#include <vector>

#include "support/catch.hpp"

namespace {

using namespace deltanet;
using Eigen::bfloat16;
using Eigen::half;

/// `entries` as a file has them, at an odd address.
template <class Stored>
std::vector<std::byte> odd_bytes(const std::vector<Stored>& entries) {
  std::vector<std::byte> bytes(1 + entries.size() * sizeof(Stored));
  std::memcpy(bytes.data() + 1, entries.data(), bytes.size() - 1);
  return bytes;
}

template <class T, class Stored>
std::vector<T> converted(const std::vector<Stored>& entries) {
  std::vector<T> result(entries.size());
  detail::convert<T, Stored>(odd_bytes(entries).data() + 1, entries.size(), result.data());
  return result;
}

template <class T, class Stored>
auto out_of_range(const std::vector<Stored>& entries) {
  return detail::out_of_range<T, Stored>(odd_bytes(entries).data() + 1, entries.size());
}

/// Every bit pattern of a type of 16 bits.
template <class T>
std::vector<T> every_value() {
  std::vector<T> values;
  for (std::uint32_t bits = 0; bits < 65536; ++bits)
    values.push_back(Eigen::numext::bit_cast<T>(static_cast<std::uint16_t>(bits)));
  return values;
}

}  // namespace

TEMPLATE_TEST_CASE("16 bits widen exactly and come back", "", bfloat16, half) {
  const auto values = every_value<TestType>();
  const auto floats = converted<float>(values);
  const auto doubles = converted<double>(values);
  const auto back = converted<TestType>(floats);
  int wrong = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool number = !std::isnan(floats[i]);
    const auto bits = [](TestType x) { return Eigen::numext::bit_cast<std::uint16_t>(x); };
    if (number ? doubles[i] != double{floats[i]} || bits(back[i]) != bits(values[i]) : !std::isnan(doubles[i])) ++wrong;
  }
  CHECK(wrong == 0);
  CHECK(floats[0x3c00] == (std::is_same_v<TestType, half> ? 1.f : 0.0078125f));
  CHECK(out_of_range<float>(values) == std::nullopt);
}

TEST_CASE("real entries round to nearest and keep infinities and NaN") {
  CHECK(converted<float>(std::vector<double>{0.1, -2})[0] == 0.1f);
  CHECK(static_cast<float>(converted<bfloat16>(std::vector<float>{1.00390625f})[0]) == 1);  // a tie, to even
  CHECK(static_cast<float>(converted<bfloat16>(std::vector<float>{1.00391f})[0]) == 1.0078125f);
  CHECK(static_cast<float>(converted<half>(std::vector<double>{1 + 1 / 1024.})[0]) == 1 + 1 / 1024.f);
  const float infinity = std::numeric_limits<float>::infinity();
  const auto special = converted<half>(std::vector<float>{infinity, -infinity, std::nanf("")});
  CHECK((static_cast<float>(special[0]) == infinity && static_cast<float>(special[1]) == -infinity &&
         (Eigen::numext::isnan)(special[2])));
  CHECK(out_of_range<half>(std::vector<float>{infinity, std::nanf(""), 65504}) == std::nullopt);
}

TEST_CASE("entries that would become infinite or wrap around are found") {
  CHECK(out_of_range<float>(std::vector<double>(5000, 1)) == std::nullopt);
  std::vector<double> one_large(5000, 1);
  one_large[4000] = -1e39;
  CHECK(out_of_range<float>(one_large) == -1e39);
  CHECK(out_of_range<half>(std::vector<float>{1, 65504, 65520}) == 65520);
  CHECK(out_of_range<half>(every_value<bfloat16>()).has_value());
  CHECK(out_of_range<bfloat16>(std::vector<float>{3.4e38f}) == 3.4e38f);
  CHECK(out_of_range<bfloat16>(every_value<half>()) == std::nullopt);
  CHECK(out_of_range<std::int32_t>(std::vector<std::int64_t>{-2147483648, 2147483647}) == std::nullopt);
  CHECK(out_of_range<std::int32_t>(std::vector<std::int64_t>{0, 2147483648}) == 2147483648);
  CHECK(out_of_range<std::int32_t>(std::vector<std::int64_t>{-2147483649}) == -2147483649);
}

TEST_CASE("whole numbers convert") {
  CHECK(converted<std::int64_t>(std::vector<std::int32_t>{-1, 7}) == std::vector<std::int64_t>{-1, 7});
  CHECK(converted<std::int32_t>(std::vector<std::int64_t>{-1, 7}) == std::vector<std::int32_t>{-1, 7});
  CHECK(converted<std::int64_t>(std::vector<std::int64_t>{}).empty());
}
