#include "deltanet/io/dtype.hpp"

#include "support/catch.hpp"

using namespace deltanet;

static_assert(Element<Eigen::bfloat16> && Element<std::int32_t> && !Element<bool> && !RealElement<std::int64_t>);

TEST_CASE("the format's types are those of C++ with their sizes") {
  const auto known = [](DType dtype, std::size_t size) {
    return dtype.size == size && std::find(detail::dtypes.begin(), detail::dtypes.end(), dtype) != detail::dtypes.end();
  };
  CHECK(known(dtype_of<double>, sizeof(double)));
  CHECK(known(dtype_of<float>, sizeof(float)));
  CHECK(known(dtype_of<Eigen::bfloat16>, sizeof(Eigen::bfloat16)));
  CHECK(known(dtype_of<Eigen::half>, sizeof(Eigen::half)));
  CHECK(known(dtype_of<std::int64_t>, sizeof(std::int64_t)));
  CHECK(known(dtype_of<std::int32_t>, sizeof(std::int32_t)));
}

TEST_CASE("numbers are read as numbers and whole numbers as whole numbers") {
  std::string real, whole;
  for (const DType& dtype : detail::dtypes) {
    if (detail::readable_as<float>(dtype)) real += std::string(dtype.name) + ' ';
    if (detail::readable_as<std::int32_t>(dtype)) whole += std::string(dtype.name) + ' ';
    CHECK(detail::readable_as<float>(dtype) == detail::readable_as<Eigen::half>(dtype));
  }
  CHECK(real == "F64 F32 F16 BF16 ");
  CHECK(whole == "I64 I32 ");
}

TEST_CASE("a stored type leads to its type of C++") {
  const auto size_of = []<class Stored>() { return sizeof(Stored); };
  CHECK(detail::with_stored_type<float>(dtype_of<double>, size_of) == 8);
  CHECK(detail::with_stored_type<double>(dtype_of<float>, size_of) == 4);
  CHECK(detail::with_stored_type<double>(dtype_of<Eigen::half>, size_of) == 2);
  CHECK(detail::with_stored_type<float>(dtype_of<Eigen::bfloat16>,
                                        []<class Stored>() { return std::same_as<Stored, Eigen::bfloat16>; }));
  CHECK(detail::with_stored_type<std::int64_t>(dtype_of<std::int32_t>, size_of) == 4);
}
