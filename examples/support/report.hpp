#pragma once

#include "support/checkpoint.hpp"
#include "support/compressors.hpp"
#include "support/held_out.hpp"

/// What the main job prints of the held-out text.
namespace example {

inline void print_compressors(std::string_view text, const std::filesystem::path& folder) {
  for (const char* compressor : {"gzip -9", "xz -9"}) {
    if (const auto bits = compressed_bits(compressor, text, folder / "compressed.tmp"))
      std::printf("  %-24s %.3f\n", compressor, *bits);
    else
      std::printf("  %-24s not found on this machine\n", compressor);
  }
}

/// Reads the held-out text, with weights that stay and, if told to, with weights that learn, and prints what it came to.
template <class Model>
HeldOut report_held_out(const Training<Model>& training, const Corpus& corpus, const Options& options, double seconds) {
  if (corpus.held_out_size() == 0) return {};
  const Recipe& recipe = options.recipe;
  const HeldOut fixed = read_held_out(training.model, corpus, seconds, corpus.held_out_size());
  HeldOut learnt;
  if (options.adapt_lr > 0) {
    std::printf("\nreading the held-out text, and learning it\n");
    Progress progress("window");
    learnt = learn_held_out(training.model, training.trainer, corpus, recipe.seq_len, options.adapt_lr, seconds - fixed.seconds,
                            corpus.held_out_size(), &progress);
  }
  const bool all = fixed.bytes == corpus.held_out_size();
  std::printf("\nheld out: bits per byte of %s%ld bytes\n", all ? "" : "the first ", static_cast<long>(fixed.bytes));
  if (!all) std::printf("  (there are %ld; time was up)\n", static_cast<long>(corpus.held_out_size()));
  std::printf("  %-24s %.3f\n", recipe.model.c_str(), fixed.bits);
  if (learnt.bytes > 0) {
    std::printf("  %-24s %.3f", "  learning as it reads", learnt.bits);
    if (learnt.bytes < fixed.bytes) std::printf("  (the first %ld)", static_cast<long>(learnt.bytes));
    std::printf("\n");
  }
  print_compressors(corpus.held_out().substr(0, static_cast<std::size_t>(fixed.bytes)), options.out);
  std::fflush(stdout);
  return fixed;
}

}  // namespace example
