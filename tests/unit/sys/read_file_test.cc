#include "sys/read_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "sys/unique_fd.h"

namespace sluice {
namespace {

using testing::EndsWith;
using testing::StartsWith;

// A file of its own, gone with the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content) : path_(testing::TempDir() + "sluice.XXXXXX") {
    const UniqueFd fd(mkostemp(path_.data(), O_CLOEXEC));
    EXPECT_EQ(write(fd.get(), content.data(), content.size()),
              static_cast<ssize_t>(content.size()));
  }
  ~TemporaryFile() { unlink(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(ReadFile, GivesTheWholeFile) {
  for (const size_t size : {0U, 1U, 16'383U, 16'384U, 16'385U, 100'000U}) {
    std::string content(size, 'x');
    if (size > 0) content.back() = '\0';
    const TemporaryFile file(content);
    const absl::StatusOr<std::string> read = read_file(file.path(), 100'000);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_TRUE(*read == content) << size;
  }
}

TEST(ReadFile, RefusesAFileOverTheLimit) {
  const TemporaryFile file("123456");
  EXPECT_EQ(*read_file(file.path(), 6), "123456");
  const absl::Status status = read_file(file.path(), 5).status();
  EXPECT_TRUE(absl::IsOutOfRange(status));
  EXPECT_EQ(status.message(), "cannot read " + file.path() + ": it is larger than 5 bytes");
}

TEST(ReadFile, SaysWhichFileIsMissing) {
  const absl::Status status = read_file("/nowhere/at/all", 10).status();
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_THAT(std::string(status.message()),
              StartsWith("cannot read /nowhere/at/all: No such file or directory"));
}

TEST(ReadFile, SaysThatAFolderIsNoFile) {
  const absl::Status status = read_file(testing::TempDir(), 10).status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("Is a directory"));
}

}  // namespace
}  // namespace sluice
