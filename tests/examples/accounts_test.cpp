#include "cart/accounts.hpp"

#include "cart/lives.hpp"
#include "cart/status_line.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <future>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace shop;
using namespace std::chrono_literals;
using reprise::answer_kind;
using simulation::told;

namespace {

/// A journal whose streams are not read before it is told so.
class shut_journal final : public reprise::journal {
 public:
  shut_journal(std::shared_ptr<reprise::journal> to, std::shared_future<void> opened)
      : to_(std::move(to)), opened_(std::move(opened)) {}

  std::vector<reprise::append_result> append(std::span<const reprise::commit> batch) override {
    return to_->append(batch);
  }
  void read_stream(std::string_view stream,
                   std::uint64_t from_version,
                   const reprise::commit_visitor& visit) const override {
    opened_.wait();
    to_->read_stream(stream, from_version, visit);
  }
  void read_all(std::uint64_t from_position, const reprise::commit_visitor& visit) const override {
    to_->read_all(from_position, visit);
  }
  void verify(const reprise::commit_visitor& visit,
              const reprise::damage_visitor& report) const override {
    to_->verify(visit, report);
  }
  std::uint64_t last_position() const override { return to_->last_position(); }
  reprise::journal_stats stats() const override { return to_->stats(); }

 private:
  std::shared_ptr<reprise::journal> to_;
  std::shared_future<void> opened_;
};

simulation::runtime_settings one_at_a_time() {
  simulation::runtime_settings settings;
  settings.max_live = 1;
  return settings;
}

simulation::runtime_settings impatient() {
  simulation::runtime_settings settings;
  settings.command_timeout = 10ms;
  return settings;
}

/// Stops a runtime and ends it.
void end(simulation::lives& lives) {
  lives.begin_stop([] {});
  CHECK(lives.finish_stop().empty());
}

/// Some carts that nothing came of but a refusal, and what their shoppers were told.
simulation::accounts some_carts(int count) {
  simulation::accounts accounts;
  const auto reason = accounts.kept("cart_is_empty");
  for (int i = 0; i < count; ++i) {
    accounts.add("cart-" + std::to_string(i),
                 told{check_out{}, "a", 0, 0, answer_kind::refused, reason});
  }
  return accounts;
}

}  // namespace

TEST_CASE("carts that there is no room for at once are asked one after the other") {
  simulation::status_line status;
  simulation::lives lives{simulation::store_kind::memory, {}, status, one_at_a_time()};
  lives.start_to_ask();
  const auto verdict = some_carts(200).check(lives, status, [] { return true; });
  CHECK(verdict.is_finished);
  CHECK(verdict.checked == 200);
  CHECK(verdict.difference_count == 0);
  end(lives);
}

TEST_CASE("a cart that is slow to answer is waited for, whatever commands have to keep to") {
  simulation::status_line status;
  std::promise<void> open;
  const auto opened = open.get_future().share();
  simulation::lives lives{
      simulation::store_kind::memory, {}, status, impatient(), [&](auto journal) {
        return std::make_shared<shut_journal>(std::move(journal), opened);
      }};
  lives.start_to_ask();
  const auto asked_at = std::chrono::steady_clock::now();
  bool is_open = false;
  const auto verdict = some_carts(1).check(lives, status, [&] {
    if (!is_open && std::chrono::steady_clock::now() - asked_at > 200ms) {
      open.set_value();
      is_open = true;
    }
    return true;
  });
  CHECK(verdict.is_finished);
  CHECK(verdict.difference_count == 0);
  end(lives);
}

TEST_CASE("carts that cannot be asked are no difference, but the end of the check") {
  simulation::status_line status;
  std::promise<void> open;
  const auto opened = open.get_future().share();
  simulation::lives lives{
      simulation::store_kind::memory, {}, status, one_at_a_time(), [&](auto journal) {
        return std::make_shared<shut_journal>(std::move(journal), opened);
      }};
  lives.start_to_ask();
  const auto accounts = some_carts(3);
  std::string why;
  try {
    static_cast<void>(accounts.check(
        lives, status, [] { return true; }, 100ms));
  } catch (const simulation::no_answer& thrown) {
    why = thrown.what();
  }
  CHECK(why.find("3 of 3 carts could not be asked what they hold; none has answered for 100 ms; "
                 "cart \"cart-")
        == 0);
  CHECK(why.find("\" is overloaded: max_live is reached: ") != std::string::npos);
  open.set_value();
  end(lives);
}
