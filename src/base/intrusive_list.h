// A doubly linked list whose links live inside its elements: no allocation, O(1) everywhere.
//
//   ┌─────────────────────────────────────────┐
//   └─→ head ⇄ first ⇄ second ⇄ … ⇄ last ←────┘      circular: the list itself is the head
//
// The list owns no element: an element unlinks itself when it is destroyed, and a list that ends
// unlinks what it still holds. To be in several lists at once, derive from several hooks:
//   class Connection : public ListHook<ReadyTag>, public ListHook<FlushTag> { … };
//   IntrusiveList<Connection, ReadyTag> ready;
// Not thread-safe: one thread per list and its elements.
#pragma once

#include <cstddef>
#include <iterator>

#include "base/check.h"

namespace sluice {

// The tag of elements that need only one hook.
struct DefaultListTag {};

template <class T, class Tag>
class IntrusiveList;

// The links of one element for the lists of one tag; 16 bytes.
template <class Tag = DefaultListTag>
class ListHook {
 public:
  ListHook() = default;
  ~ListHook() { unlink(); }
  ListHook(const ListHook&) = delete;
  ListHook& operator=(const ListHook&) = delete;

  // Whether it is in some list of this tag.
  [[nodiscard]] bool linked() const { return next_ != nullptr; }

  // Leaves its list; without one, does nothing.
  void unlink() {
    if (next_ == nullptr) return;
    prev_->next_ = next_;
    next_->prev_ = prev_;
    prev_ = nullptr;
    next_ = nullptr;
  }

 private:
  template <class, class>
  friend class IntrusiveList;

  ListHook* prev_ = nullptr;  // Both are null exactly while unlinked.
  ListHook* next_ = nullptr;
};

template <class T, class Tag = DefaultListTag>
class IntrusiveList {
 public:
  using Hook = ListHook<Tag>;

  // Walks forward. The element it stands on must stay linked until it has moved on.
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = T*;
    using reference = T&;

    Iterator() = default;
    explicit Iterator(Hook* at) : at_(at) {}
    T& operator*() const { return *static_cast<T*>(at_); }
    T* operator->() const { return static_cast<T*>(at_); }
    Iterator& operator++() {
      at_ = IntrusiveList::after(at_);
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(Iterator, Iterator) = default;

   private:
    Hook* at_ = nullptr;
  };

  IntrusiveList() { make_empty(); }
  ~IntrusiveList() {
    while (pop_front() != nullptr) {
    }
  }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;

  [[nodiscard]] bool empty() const { return head_.next_ == &head_; }
  Iterator begin() { return Iterator(head_.next_); }
  Iterator end() { return Iterator(&head_); }

  // The first element, nullptr when there is none.
  [[nodiscard]] T* front() { return empty() ? nullptr : static_cast<T*>(head_.next_); }

  // The element must not be in any list of this tag.
  void push_back(T& element) { link_before(head_, element); }
  void push_front(T& element) { link_before(*head_.next_, element); }

  // Unlinks and returns the first element, nullptr when there is none.
  T* pop_front() {
    T* first = front();
    if (first != nullptr) static_cast<Hook*>(first)->unlink();
    return first;
  }

  // Takes the element out of whichever list of this tag it is in; none is fine too.
  static void remove(T& element) { static_cast<Hook&>(element).unlink(); }

  // Whether the element is in some list of this tag, this one or another.
  [[nodiscard]] static bool linked(const T& element) {
    return static_cast<const Hook&>(element).linked();
  }

  // Moves all of `other` behind this list's last element, in order; `other` is empty afterwards.
  void splice(IntrusiveList& other) {
    if (&other == this || other.empty()) return;
    Hook* first = other.head_.next_;
    Hook* last = other.head_.prev_;
    first->prev_ = head_.prev_;
    head_.prev_->next_ = first;
    last->next_ = &head_;
    head_.prev_ = last;
    other.make_empty();
  }

 private:
  static Hook* after(Hook* hook) { return hook->next_; }

  void make_empty() {
    head_.prev_ = &head_;
    head_.next_ = &head_;
  }

  static void link_before(Hook& next, T& element) {
    Hook& hook = static_cast<Hook&>(element);
    SLUICE_DCHECK(!hook.linked(), "an element can be in one list of a tag at a time");
    hook.prev_ = next.prev_;
    hook.next_ = &next;
    next.prev_->next_ = &hook;
    next.prev_ = &hook;
  }

  Hook head_;
};

}  // namespace sluice
