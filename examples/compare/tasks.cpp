#include "compare/tasks.hpp"

#include "compare/haystack.hpp"
#include "compare/token_needle.hpp"
#include "deltanet/tasks/registry.hpp"

namespace compare {

const std::vector<Task>& tasks() {
  static const std::vector<Task> all = [] {
    const std::vector<deltanet::TokenTask> small{
        deltanet::associative_recall_task("mqar_small", {.vocab_size = 32, .num_pairs = 8}, 32, {32, 64, 128, 256},
                                          {2, 4, 8, 12}),
        token_needle_task("needle_noise", {}, 16, {16, 64, 256, 1024}),
        token_needle_task("needle_clean", {.random_hay = false}, 16, {16, 64, 256, 1024}), needle_text_task()};
    std::vector<Task> list(small.begin(), small.end());
    list.insert(list.end(), deltanet::token_tasks().begin(), deltanet::token_tasks().end());
    list.insert(list.end(), deltanet::regression_tasks().begin(), deltanet::regression_tasks().end());
    return list;
  }();
  return all;
}

const Task& find_task(const std::vector<Task>& tasks, const std::string& name) {
  return deltanet::find_by_name("task", tasks, name);
}

const Task& find_task(const std::string& name) { return find_task(tasks(), name); }

}  // namespace compare
