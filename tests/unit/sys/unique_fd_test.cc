#include "sys/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

int open_null() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

TEST(UniqueFd, ClosesWhatItOwnsWhenItGoes) {
  int fd = -1;
  {
    const UniqueFd owner(open_null());
    fd = owner.get();
    EXPECT_TRUE(owner.valid());
    EXPECT_TRUE(is_open(fd));
  }
  EXPECT_FALSE(is_open(fd));
}

TEST(UniqueFd, OwnsNothingAtFirst) {
  const UniqueFd nobody;
  EXPECT_FALSE(nobody.valid());
  EXPECT_EQ(nobody.get(), -1);
}

TEST(UniqueFd, MovesItsDescriptor) {
  UniqueFd source(open_null());
  const int fd = source.get();
  UniqueFd target(std::move(source));
  EXPECT_EQ(target.get(), fd);
  UniqueFd other(open_null());
  const int replaced = other.get();
  other = std::move(target);
  EXPECT_EQ(other.get(), fd);
  EXPECT_FALSE(is_open(replaced));
  EXPECT_TRUE(is_open(fd));
}

TEST(UniqueFd, ReleasesAndResets) {
  UniqueFd owner(open_null());
  const int fd = owner.release();
  EXPECT_FALSE(owner.valid());
  EXPECT_TRUE(is_open(fd));
  owner.reset(fd);
  EXPECT_EQ(owner.get(), fd);
  owner.reset();
  EXPECT_FALSE(is_open(fd));
}

}  // namespace
}  // namespace sluice
