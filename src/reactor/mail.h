// A letter to another reactor: what to run there, on which object, with at most 48 bytes beside it.
//
// One cache line, trivially copyable, so that a mailbox is an array of them. What a payload points
// to changes owner with the letter.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <type_traits>

namespace sluice {

struct Mail {
  void (*run)(const Mail& mail) = nullptr;
  void* where = nullptr;
  alignas(8) std::array<std::byte, 48> payload{};
};
static_assert(sizeof(Mail) == 64 && std::is_trivially_copyable_v<Mail>);

namespace mail_detail {
template <typename Member>
struct Parts;
template <typename Object, typename Payload>
struct Parts<void (Object::*)(const Payload&)> {
  using ObjectType = Object;
  using PayloadType = Payload;
};
}  // namespace mail_detail

// make_mail<&Shard::on_kick>(shard, KickMail{...}): the receiver's thread will call
// shard.on_kick(payload).
template <auto Member>
Mail make_mail(typename mail_detail::Parts<decltype(Member)>::ObjectType& where,
               const typename mail_detail::Parts<decltype(Member)>::PayloadType& payload) {
  using Object = typename mail_detail::Parts<decltype(Member)>::ObjectType;
  using Payload = typename mail_detail::Parts<decltype(Member)>::PayloadType;
  static_assert(std::is_trivially_copyable_v<Payload>);
  static_assert(sizeof(Payload) <= sizeof(Mail::payload));
  Mail mail;
  mail.where = &where;
  std::memcpy(mail.payload.data(), &payload, sizeof payload);
  mail.run = [](const Mail& letter) {
    Payload content;
    std::memcpy(&content, letter.payload.data(), sizeof content);
    (static_cast<Object*>(letter.where)->*Member)(content);
  };
  return mail;
}

}  // namespace sluice
