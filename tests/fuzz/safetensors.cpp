// Any bytes as a safetensors file: read in every way, or refused with a std::runtime_error. Whatever else happens is a finding.
#include "deltanet/io/safetensors.hpp"

#include "fuzz/attempt.hpp"
#include "fuzz/memory_file.hpp"

namespace {

using namespace deltanet;

template <Element T>
void read(const SafetensorsFile& file, const std::string& name) {
  attempt([&] { (void)file.tensor<T, 1>(name); });
  attempt([&] { (void)file.tensor<T, 2>(name); });
  attempt([&] { (void)file.tensor<T, 3>(name); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const MemoryFile memory;
  memory.write(data, size);
  attempt([&] {
    const SafetensorsFile file(memory.path());
    std::size_t bytes = 0;
    for (const auto& [name, entry] : file.tensors()) {
      bytes += file.bytes(name).size();
      read<float>(file, name);
      read<double>(file, name);
      read<Eigen::half>(file, name);
      read<std::int32_t>(file, name);
    }
    if (bytes > size) std::abort();  // more than there is
  });
  return 0;
}
