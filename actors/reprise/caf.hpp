#pragma once

#include "reprise/aggregates.hpp"
#include "reprise/answer.hpp"

#include <caf/all.hpp>
#include <caf/config.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

// The one header that knows which CAF it is: Debian's 0.17.6, or upstream's 1.x. CAF_VERSION itself is not
// asked, because its value is wrong in some upstream releases.
#if CAF_MAJOR_VERSION >= 1
#define REPRISE_CAF_1 1
#else
#define REPRISE_CAF_1 0
#endif

namespace reprise {

/// Returns the version of the CAF that this is compiled with, as in 0.17.6.
inline std::string caf_version() {
  return std::to_string(CAF_MAJOR_VERSION) + '.' + std::to_string(CAF_MINOR_VERSION) + '.'
         + std::to_string(CAF_PATCH_VERSION);
}

struct write_batch;
struct batch_written;
struct recover;
struct recovered;
struct returned;
struct departed;
struct wanted;
struct save;
struct appends_waiting;

}  // namespace reprise

#if REPRISE_CAF_1
CAF_BEGIN_TYPE_ID_BLOCK(reprise, first_custom_type_id + 4700)
CAF_ADD_TYPE_ID(reprise, (reprise::answer))
CAF_ADD_TYPE_ID(reprise, (reprise::envelope))
CAF_ADD_TYPE_ID(reprise, (reprise::write_batch))
CAF_ADD_TYPE_ID(reprise, (reprise::batch_written))
CAF_ADD_TYPE_ID(reprise, (reprise::recover))
CAF_ADD_TYPE_ID(reprise, (reprise::recovered))
CAF_ADD_TYPE_ID(reprise, (reprise::returned))
CAF_ADD_TYPE_ID(reprise, (reprise::departed))
CAF_ADD_TYPE_ID(reprise, (reprise::wanted))
CAF_ADD_TYPE_ID(reprise, (reprise::save))
CAF_ADD_TYPE_ID(reprise, (reprise::appends_waiting))
CAF_END_TYPE_ID_BLOCK(reprise)
#endif

// None of these leaves the process: they carry pointers.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(reprise::answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(reprise::envelope)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(reprise::write_batch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(reprise::batch_written)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(reprise::recover)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(reprise::recovered)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(reprise::returned)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(reprise::departed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(reprise::wanted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(reprise::save)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(reprise::appends_waiting)

namespace reprise {

/// Announces reprise's message types to CAF, which 1.x wants before the first `caf::actor_system` of the process
/// is made and 0.17 does not. May be called again.
void prepare();

/// Returns a configuration for an actor system that suits a host: its threads share one queue, which stays fast when one
/// actor wakes very many, where the queues of 0.17's default do not. `threads` 0 is one a core, and at least two.
std::unique_ptr<caf::actor_system_config> system_config(std::size_t threads);

/// Whether one more thread of such a system steps in for those that its actors block.
inline constexpr bool blocked_threads_are_replaced = REPRISE_CAF_1 == 0;

/// An actor system whose actors run only when `step` lets them, on the calling thread: for tests that choose in
/// which order things happen. Used by one thread.
class stepped_system {
 public:
  stepped_system();
  stepped_system(const stepped_system&) = delete;
  stepped_system& operator=(const stepped_system&) = delete;
  ~stepped_system();

  caf::actor_system& system() noexcept;

  /// Returns the actors that have a message, or are to start.
  std::vector<const caf::local_actor*> ready() const;

  /// Lets `ready()[index]` handle its next message.
  void step(std::size_t index);

 private:
  std::unique_ptr<caf::actor_system_config> config_;
  std::unique_ptr<caf::actor_system> system_;
};

/// Sends `what` to `to` as `self`.
template <class Message>
void tell(caf::event_based_actor& self, const caf::actor& to, Message&& what) {
#if REPRISE_CAF_1
  self.mail(std::forward<Message>(what)).send(to);
#else
  self.send(to, std::forward<Message>(what));
#endif
}

/// Sends `what` to `to` from no actor.
template <class Message>
void tell(const caf::actor& to, Message&& what) {
#if REPRISE_CAF_1
  caf::anon_mail(std::forward<Message>(what)).send(to);
#else
  caf::anon_send(to, std::forward<Message>(what));
#endif
}

/// Requests the answer of `to` to `what` as `self`, and waits for it for ever: `.then` says what becomes of it.
template <class Message>
auto ask(caf::event_based_actor& self, const caf::actor& to, Message&& what) {
#if REPRISE_CAF_1
  return self.mail(std::forward<Message>(what)).request(to, caf::infinite);
#else
  return self.request(to, caf::infinite, std::forward<Message>(what));
#endif
}

/// Makes `who` stop, once it has finished the message at hand.
inline void tell_to_stop(const caf::actor& who) {
  caf::anon_send_exit(who, caf::exit_reason::user_shutdown);
}

/// Where the answer to a request goes. It can be used on any thread, after the actor has ended too.
class reply_address {
 public:
  /// Takes over the duty to answer the request that `self` is handling, if it is one.
  explicit reply_address(caf::event_based_actor& self)
      : sender_(self.current_sender()), id_(self.take_current_message_id()) {}

  void operator()(answer a) const {
    if (!sender_ || !id_.is_request()) return;
#if REPRISE_CAF_1
    sender_->enqueue(
        caf::make_mailbox_element(nullptr, id_.response_id(), caf::make_message(std::move(a))),
        nullptr);
#else
    sender_->enqueue(nullptr, id_.response_id(), caf::make_message(std::move(a)), nullptr);
#endif
  }

 private:
  caf::strong_actor_ptr sender_;
  caf::message_id id_;
};

}  // namespace reprise
