#define main example_main  // the example's member, without its program
#include "06_your_own_member.cpp"
#undef main

#include "laws/member_laws.hpp"

TEST_CASE("the member of the example keeps the laws of a member") { deltanet::test::member_laws<ImplicitDeltaRule>(); }
