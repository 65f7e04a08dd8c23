#include "support/e2e/line_tap.h"

#include <unistd.h>

#include <array>
#include <utility>

#include "support/e2e/patience.h"

namespace sluice {

LineTap::LineTap(UniqueFd from) : from_(std::move(from)), reader_([this] { read(); }) {}

LineTap::~LineTap() { reader_.join(); }

void LineTap::read() {
  std::string cut;
  std::array<char, 65536> block;
  for (;;) {
    const ssize_t n = ::read(from_.get(), block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    const std::lock_guard lock(mutex_);
    if (n <= 0) {
      if (!cut.empty()) lines_.push_back(std::move(cut));
      ended_ = true;
      news_.notify_all();
      return;
    }
    cut.append(block.data(), static_cast<size_t>(n));
    size_t begin = 0;
    for (size_t end = 0; (end = cut.find('\n', begin)) != cut.npos; begin = end + 1) {
      lines_.push_back(cut.substr(begin, end - begin));
    }
    cut.erase(0, begin);
    news_.notify_all();
  }
}

std::vector<std::string> LineTap::wait_for(size_t count, const Wanted& wanted) {
  std::vector<std::string> found;
  const auto end = patience_end();
  std::unique_lock lock(mutex_);
  for (size_t seen = 0;;) {
    for (; seen < lines_.size() && found.size() < count; ++seen) {
      if (wanted(lines_[seen])) found.push_back(lines_[seen]);
    }
    if (found.size() == count || ended_) return found;
    if (news_.wait_until(lock, end) == std::cv_status::timeout) return found;
  }
}

std::vector<std::string> LineTap::find(const Wanted& wanted) {
  std::vector<std::string> found;
  const std::lock_guard lock(mutex_);
  for (const std::string& line : lines_) {
    if (wanted(line)) found.push_back(line);
  }
  return found;
}

std::string LineTap::text() {
  std::unique_lock lock(mutex_);
  news_.wait_until(lock, patience_end(), [this] { return ended_; });
  std::string text;
  for (const std::string& line : lines_) {
    text += line;
    text += '\n';
  }
  return text;
}

std::string LineTap::tail(size_t lines) {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (size_t i = lines_.size() - std::min(lines, lines_.size()); i < lines_.size(); ++i) {
    text += lines_[i];
    text += '\n';
  }
  return text;
}

}  // namespace sluice
