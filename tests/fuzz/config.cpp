// Any bytes as config.json, and as the index of two safetensors files: read in every way, or refused with a std::runtime_error.
// Whatever else happens is a finding.
#include "fuzz/attempt.hpp"
#include "io/temporary_folder.hpp"

#include "deltanet/io/tensor_store.hpp"

namespace {

using namespace deltanet;

void read(const ConfigFile& config) {
  for (const std::string& key : config.keys()) {
    attempt([&] { (void)config.get<bool>(key); });
    attempt([&] { (void)config.get<int>(key); });
    attempt([&] { (void)config.get<Index>(key); });
    attempt([&] { (void)config.get<float>(key); });
    attempt([&] { (void)config.find<double>(key); });
    attempt([&] { (void)config.get_or<std::string>(key, ""); });
    attempt([&] { (void)config.get<std::vector<Index>>(key); });
    attempt([&] { (void)config.get<std::vector<std::string>>(key); });
    attempt([&] { read(config.object(key)); });
  }
}

/// A folder with two safetensors files, whose index is the fuzzer's.
struct Folder {
  TemporaryFolder folder;
  std::filesystem::path index = folder / "model.safetensors.index.json";
  Folder() {
    const Vector<float> ones = Vector<float>::Ones(2);
    write_safetensors(folder / "1.safetensors", {{"a", ones}, {"b", ones}});
    write_safetensors(folder / "2.safetensors", {{"c", ones}});
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder files;
  const std::string text(reinterpret_cast<const char*>(data), size);
  attempt([&] { read(ConfigFile("config.json", text)); });
  if (text.find("weight_map") == std::string::npos) return 0;
  write_text(files.index, text);
  attempt([&] {
    const TensorStore store(files.folder / "");
    for (const auto& [name, entry] : store.tensors()) (void)store.tensor<float, 1>(name);
  });
  return 0;
}
