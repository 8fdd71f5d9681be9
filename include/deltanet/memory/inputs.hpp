#pragma once

#include <string_view>
#include <tuple>

#include "deltanet/core/tensor.hpp"

/// How a member names what it reads of every token. A bundle lists its inputs once, and everything that is done to all inputs
/// (checking shapes, finding a head's rows, making room for gradients) walks that list.
namespace deltanet {

/// Which heads have the input: the H query and key heads or the HV value heads.
enum class Heads { key, value };

/// How wide one token's row of it is: a single number, K, or V.
enum class Width { one, key, value };

/// One input of a bundle: its name, where it is, and its shape: [B, T, heads] for Width::one, else [B, T, heads, width].
template <class Owner, class Member>
struct InputField {
  std::string_view name;
  Member Owner::*member;
  Heads heads;
  Width width;
};
template <class Owner, class Member>
InputField(const char*, Member Owner::*, Heads, Width) -> InputField<Owner, Member>;

/// The rows of one head, tokens `stride` entries apart: how a member reads an input and adds to its gradient.
template <class T>
struct Rows {
  T* data = nullptr;
  Index stride = 0;

  T* operator[](Index t) const { return data + t * stride; }
};

/// Stands where a member takes no such input.
struct NoInput {};

/// A bundle of inputs, as given to `sequential` and `chunked`.
template <class In>
concept InputBundle = requires {
  typename In::Member;
  typename In::Scalar;
  In::fields();
};

/// Calls f(field, member, members...) for each input of `first`, with the same input of each of `rest`.
template <class F, class First, class... Rest>
void for_each_input(const F& f, First& first, Rest&... rest) {
  const auto visit = [&](const auto& field, const auto&... same) { f(field, first.*(field.member), rest.*(same.member)...); };
  [&]<std::size_t... i>(std::index_sequence<i...>) {
    const auto at = [&]<std::size_t j>(std::integral_constant<std::size_t, j>) {
      visit(std::get<j>(std::remove_const_t<First>::fields()), std::get<j>(std::remove_const_t<Rest>::fields())...);
    };
    (at(std::integral_constant<std::size_t, i>{}), ...);
  }
  (std::make_index_sequence<std::tuple_size_v<decltype(std::remove_const_t<First>::fields())>>{});
}

}  // namespace deltanet
