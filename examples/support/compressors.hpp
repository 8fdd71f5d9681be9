#pragma once

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace example {

/// Runs a shell command and writes `input` to it. False if the command is absent or fails.
inline bool feed(const std::string& command, std::string_view input) {
  const auto before = std::signal(SIGPIPE, SIG_IGN);  // a command that is absent reads nothing
  std::FILE* pipe = popen(("{ " + command + "; } 2>/dev/null").c_str(), "w");
  bool complete = false;
  if (pipe) {
    complete = std::fwrite(input.data(), 1, input.size(), pipe) == input.size();
    complete = pclose(pipe) == 0 && complete;
  }
  std::signal(SIGPIPE, before);
  return complete;
}

/// What a compressor such as "gzip -9" makes of the text, in bits per byte; nothing if it is absent. `scratch` is a file to
/// use.
inline std::optional<double> compressed_bits(const std::string& compressor, std::string_view text,
                                             const std::filesystem::path& scratch) {
  std::optional<double> bits;
  std::error_code error;
  if (feed(compressor + " -c > '" + scratch.string() + "'", text))
    bits = 8 * static_cast<double>(std::filesystem::file_size(scratch, error)) / static_cast<double>(text.size());
  std::filesystem::remove(scratch, error);
  return bits;
}

}  // namespace example
