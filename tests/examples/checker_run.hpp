#pragma once

#include "checker/ack_log.hpp"
#include "checker/findings.hpp"
#include "checker/history.hpp"
#include "checker/judge.hpp"
#include "reprise/event_codec.hpp"
#include "reprise/memory_journal.hpp"
#include "shopping_cart/shopping_cart.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// A run as a checker meets it: the log of the clients, and a journal in memory. Tests write both down by hand.
namespace checker_run {

using checker::result;

/// Returns the line of the log that sends a command.
inline checker::send_line line_of(const std::string& id,
                                  const std::string& cart,
                                  const shop::shopping_cart::command& command,
                                  std::uint64_t at) {
  struct fill {
    checker::send_line& line;
    void operator()(const shop::add_product& c) const {
      line.command = checker::command_kind::add_product;
      line.product_id = c.product_id;
      line.quantity = c.quantity;
      line.unit_price = c.unit_price;
    }
    void operator()(const shop::change_quantity& c) const {
      line.command = checker::command_kind::change_quantity;
      line.product_id = c.product_id;
      line.quantity = c.quantity;
    }
    void operator()(const shop::remove_product& c) const {
      line.command = checker::command_kind::remove_product;
      line.product_id = c.product_id;
    }
    void operator()(const shop::check_out&) const {
      line.command = checker::command_kind::check_out;
    }
  };
  checker::send_line line;
  line.at = at;
  line.id = id;
  line.cart = cart;
  std::visit(fill{line}, command);
  return line;
}

class run {
 public:
  /// Each line is ten nanoseconds after the one before.
  void sent(const std::string& id, const std::string& cart, const shop::shopping_cart::command& c) {
    log.push_back(line_of(id, cart, c, now_ += 10));
  }

  void viewed(const std::string& id, const std::string& cart) {
    log.push_back(
        checker::send_line{now_ += 10, id, cart, checker::command_kind::view, std::string(), 0});
  }

  void answered(const std::string& id,
                result r,
                std::uint64_t version = 0,
                std::uint32_t events = 0,
                const std::string& reason = {}) {
    log.push_back(checker::answer_line{now_ += 10, id, r, version, events, reason});
  }

  /// A commit that the journal takes.
  void stored(const std::string& id,
              const std::string& cart,
              const std::vector<shop::shopping_cart::event>& events) {
    reprise::encoded_events encoded;
    for (const auto& event : events) reprise::encode_event<shop::shopping_cart>(event, encoded);
    stored_encoded(id, "shopping_cart/" + cart, encoded);
  }

  void stored_encoded(const std::string& id,
                      const std::string& stream,
                      const reprise::encoded_events& encoded) {
    reprise::commit c;
    c.stream = stream;
    c.expected_version = versions_[stream];
    c.command_id = id;
    c.events = &encoded;
    const auto appended = journal->append({&c, 1}).front();
    REQUIRE(appended.accepted);
    versions_[stream] = appended.version;
  }

  checker::findings judged(const checker::judge_options& options = {}) const {
    return judged_on(*journal, options);
  }

  checker::findings judged_on(const reprise::journal& on,
                              const checker::judge_options& options = {}) const {
    checker::history history;
    for (const auto& line : log) history.add(line);
    checker::findings findings;
    checker::judge judge(history, options, findings);
    judge.read(on);
    return findings;
  }

  std::shared_ptr<reprise::journal> journal = reprise::in_memory();
  std::vector<checker::ack_line> log;

 private:
  std::uint64_t now_ = 0;
  std::map<std::string, std::uint64_t> versions_;
};

/// Returns the violations as text, one a line: `lost cart version 3 id a: expected / found`.
inline std::string text_of(const checker::findings& findings) {
  std::string text;
  for (const auto& v : findings.violations) {
    text += (text.empty() ? "" : "\n") + std::string(to_string(v.kind)) + ' ' + v.cart + " version "
            + std::to_string(v.version) + " id " + v.id + ": " + v.expected + " / " + v.found;
  }
  return text;
}

}  // namespace checker_run
