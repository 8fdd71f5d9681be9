#pragma once

#include <string>

#include "deltanet/tasks/draw.hpp"

namespace deltanet {

/// A short story, a question about it, and its answer, one word.
struct BabiStory {
  std::vector<std::string> facts;  // in the order in which they happen: "Mary went to the kitchen."
  std::string question;            // "Where is Mary?"
  std::string answer;              // "kitchen"
};

namespace detail {

/// People who walk from room to room and take, leave and hand on things.
class BabiWorld {
 public:
  using Words = std::vector<std::string>;
  inline static const Words rooms{"bathroom", "bedroom", "garden", "hallway", "kitchen", "office"};
  inline static const Words objects{"apple", "football", "milk"};
  inline static const Words directions{"north", "east", "south", "west"};

  struct Gift {
    std::size_t giver, object, receiver;
  };
  struct Object {
    Index room;                      // where it lies, or is carried
    Index holder = -1;               // a person
    std::vector<Index> been_told{};  // the rooms it was in, as far as the facts tell, each unlike the one before
  };

  std::vector<std::string> facts;
  std::vector<Gift> gifts;
  std::vector<Index> person_rooms;  // -1: not told, and nowhere
  std::vector<Object> things;
  const Words& people;

  /// People who hand things on are somewhere from the beginning; others come with the first fact about them.
  BabiWorld(Random& random, bool giving)
      : person_rooms(4, -1), people(giving ? givers : walkers), random_(random), giving_(giving) {
    for (std::size_t o = 0; o < objects.size(); ++o) things.push_back({random.below(6)});
    if (giving)
      for (Index& room : person_rooms) room = random.below(6);
  }

  /// Lets something happen, of a kind drawn first, among what is possible.
  void happen(bool with_objects) {
    std::vector<Gift> takes, drops, gives;
    for (std::size_t p = 0; p < people.size(); ++p)
      for (std::size_t o = 0; o < things.size(); ++o) {
        if (things[o].holder < 0 && things[o].room == person_rooms[p]) takes.push_back({p, o, p});
        if (things[o].holder != static_cast<Index>(p)) continue;
        drops.push_back({p, o, p});
        for (std::size_t r = 0; r < people.size(); ++r)
          if (giving_ && r != p && person_rooms[r] == person_rooms[p]) gives.push_back({p, o, r});
      }
    const Index kind = with_objects ? random_.below(giving_ ? 4 : 3) : 0;
    if (kind == 1 && !takes.empty()) return take(draw_one(random_, takes));
    if (kind == 2 && !drops.empty()) return drop(draw_one(random_, drops));
    if (kind == 3 && !gives.empty()) return give(draw_one(random_, gives));
    move(static_cast<std::size_t>(random_.below(4)));
  }

 private:
  inline static const Words walkers{"Daniel", "John", "Mary", "Sandra"};
  inline static const Words givers{"Bill", "Fred", "Jeff", "Mary"};

  void move(std::size_t person) {
    static const Words verbs{"went to", "moved to", "journeyed to", "travelled to", "went back to"};
    Index& room = person_rooms[person];
    room = room < 0 ? random_.below(6) : (room + 1 + random_.below(5)) % 6;
    for (Object& object : things)
      if (object.holder == static_cast<Index>(person)) {
        object.room = room;
        object.been_told.push_back(room);
      }
    facts.push_back(people[person] + " " + draw_one(random_, verbs) + " the " + rooms[static_cast<std::size_t>(room)] + ".");
  }

  void take(const Gift& act) {
    static const Words verbs{"took", "got", "grabbed", "picked up"};
    Object& object = things[act.object];
    object.holder = static_cast<Index>(act.giver);
    if (object.been_told.empty()) object.been_told.push_back(object.room);  // else it lies where it was left
    tell(act, verbs, draw_chance(random_, 0.5) ? " there." : ".");
  }

  void drop(const Gift& act) {
    static const Words verbs{"dropped", "discarded", "left", "put down"};
    things[act.object].holder = -1;
    tell(act, verbs, draw_chance(random_, 0.5) ? " there." : ".");
  }

  void give(const Gift& act) {
    static const Words verbs{"gave", "handed", "passed"};
    things[act.object].holder = static_cast<Index>(act.receiver);
    gifts.push_back(act);
    tell(act, verbs, " to " + people[act.receiver] + ".");
  }

  void tell(const Gift& act, const Words& verbs, const std::string& end) {
    facts.push_back(people[act.giver] + " " + draw_one(random_, verbs) + " the " + objects[act.object] + end);
  }

  Random& random_;
  bool giving_;
};

/// A question that the facts of `world` answer, or none: an empty one.
inline BabiStory ask_babi(const BabiWorld& world, Index task, Random& random) {
  const auto& rooms = BabiWorld::rooms;
  const auto room = [&](Index number) { return rooms[static_cast<std::size_t>(number)]; };
  std::vector<BabiStory> stories;
  const auto add = [&](const std::string& question, const std::string& answer) {
    stories.push_back({world.facts, question, answer});
  };
  if (task == 1)
    for (std::size_t p = 0; p < world.people.size(); ++p)
      if (world.person_rooms[p] >= 0) add("Where is " + world.people[p] + "?", room(world.person_rooms[p]));
  for (std::size_t o = 0; o < world.things.size(); ++o) {
    const auto& been = world.things[o].been_told;
    if (task == 2 && !been.empty()) add("Where is the " + BabiWorld::objects[o] + "?", room(been.back()));
    for (std::size_t i = 1; task == 3 && i < been.size(); ++i)
      if (std::find(been.begin() + static_cast<std::ptrdiff_t>(i) + 1, been.end(), been[i]) ==
          been.end())  // the last time there
        add("Where was the " + BabiWorld::objects[o] + " before the " + room(been[i]) + "?", room(been[i - 1]));
  }
  if (task == 5 && !world.gifts.empty()) {
    const auto& [giver, object, receiver] = draw_one(random, world.gifts);
    const std::string& gave = world.people[giver];
    const std::string& got = world.people[receiver];
    const std::string& thing = BabiWorld::objects[object];
    const Index kind = random.below(5);
    // The answer is that of the last gift the question may mean.
    for (auto gift = world.gifts.rbegin(); stories.empty(); ++gift) {
      const bool same_giver = gift->giver == giver, same_object = gift->object == object,
                 same_receiver = gift->receiver == receiver;
      if (kind == 0 && same_object && same_receiver)
        add("Who gave the " + thing + " to " + got + "?", world.people[gift->giver]);
      if (kind == 1 && same_giver && same_receiver)
        add("What did " + gave + " give to " + got + "?", BabiWorld::objects[gift->object]);
      if (kind == 2 && same_giver && same_object)
        add("Who did " + gave + " give the " + thing + " to?", world.people[gift->receiver]);
      if (kind == 3 && same_object) add("Who received the " + thing + "?", world.people[gift->receiver]);
      if (kind == 4 && same_object) add("Who gave the " + thing + "?", world.people[gift->giver]);
    }
  }
  return stories.empty() ? BabiStory{} : draw_one(random, stories);
}

/// Two facts about three rooms, one of which is asked for by its direct neighbour in one direction.
inline BabiStory draw_babi_directions(Random& random) {
  const auto& directions = BabiWorld::directions;
  const std::vector<Index> drawn = draw_distinct(random, 3, 6), ways = draw_distinct(random, 2, 4);
  const auto room = [&](std::size_t i) { return "the " + BabiWorld::rooms[static_cast<std::size_t>(drawn[i])]; };
  const auto way = [&](Index number) { return directions[static_cast<std::size_t>(number % 4)]; };
  const auto fact = [&](std::size_t from, Index direction) {  // room `from` lies in that direction of room 0
    std::string text = draw_chance(random, 0.5) ? room(from) + " is " + way(direction) + " of " + room(0) + "."
                                                : room(0) + " is " + way(direction + 2) + " of " + room(from) + ".";
    text[0] = 'T';
    return text;
  };
  BabiStory story{{fact(1, ways[0]), fact(2, ways[1])}, "", ""};
  const std::size_t other = 1 + static_cast<std::size_t>(random.below(2));
  const Index direction = ways[other - 1];
  const bool ask_other = draw_chance(random, 0.5);
  story.question =
      draw_chance(random, 0.5)
          ? "What is " + (ask_other ? way(direction) + " of " + room(0) : way(direction + 2) + " of " + room(other)) + "?"
          : "What is " + (ask_other ? room(0) + " " + way(direction + 2) : room(other) + " " + way(direction)) + " of?";
  story.answer = (ask_other ? room(other) : room(0)).substr(4);
  return story;
}

}  // namespace detail

/// A story with `num_facts` facts (task 4 has always two) and a question that they answer, like those of the bAbI tasks 1 to 5
/// (Weston et al., 1502.05698), from a world of our own:
///
///   1  one supporting fact      Where is Mary?
///   2  two                      Where is the milk?                       who took it, and where they went
///   3  three                    Where was the milk before the office?
///   4  two-argument relations   What is north of the office? What is the office north of?
///   5  three-argument ones      Who gave the milk to Bill? What did Fred give to Bill? ..
///
/// Draws stories until one has an answer.
inline BabiStory draw_babi_story(Index task, Index num_facts, Random& random) {
  expect_range<Index>("task", task, 1, 5);
  if (task == 4) return detail::draw_babi_directions(random);
  const Index least = task == 3 ? 3 : task == 1 ? 1 : 2;
  expect(num_facts >= least, "num_facts: expected at least ", least, " in task ", task, ", got ", num_facts);
  while (true) {
    detail::BabiWorld world(random, task == 5);
    for (Index fact = 0; fact < num_facts; ++fact) world.happen(task != 1);
    BabiStory story = detail::ask_babi(world, task, random);
    if (!story.question.empty()) return story;
  }
}

}  // namespace deltanet
