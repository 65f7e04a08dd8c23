#include "load/coordinator.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"
#include "load/now.h"
#include "load/worker.h"
#include "sys/descriptors.h"
#include "sys/errno_status.h"

namespace sluice::load {
namespace {

// What a worker has open beside its connections: pipes, epoll, the standard streams.
constexpr uint64_t kDescriptorsBeside = 64;
// Between the word "start" and the start itself: time for all workers to hear it.
constexpr uint64_t kStartLeadNs = 20'000'000;

// A worker's end of the pipes. What goes wrong with them ends the worker: nobody would hear it.
class Reporter final : public Progress {
 public:
  Reporter(std::FILE* in, int out) : in_(in), out_(out) {}

  void opened(uint32_t connections) override {
    say(absl::StrCat("opened ", connections, "\n"));
    hear();
  }
  void measuring() override { say("measuring\n"); }
  void measured() override { say("measured\n"); }

  void say(const std::string& text) const {
    for (size_t done = 0; done < text.size();) {
      const ssize_t n = write(out_, text.data() + done, text.size() - done);
      if (n < 0 && errno != EINTR) std::_Exit(1);
      done += static_cast<size_t>(std::max<ssize_t>(n, 0));
    }
  }
  std::string hear() const {
    char line[64];
    if (std::fgets(line, sizeof line, in_) == nullptr) std::_Exit(1);
    return line;
  }

 private:
  std::FILE* in_;
  int out_;
};

// Waits for the end of a worker that has closed its pipe.
std::string how_it_ended(pid_t pid) {
  int status = 0;
  waitpid(pid, &status, 0);
  if (WIFSIGNALED(status)) {
    return absl::StrCat("worker process ", pid, " was ended by signal ", WTERMSIG(status));
  }
  return absl::StrCat("worker process ", pid, " ended without a word, exit code ",
                      WEXITSTATUS(status));
}

// Asked before a worker is started, so that the message is the program's.
absl::Status check_cpus(const std::vector<int>& cpus) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return errno_status(errno, "affinity");
  for (const int cpu : cpus) {
    if (cpu < 0 || cpu >= CPU_SETSIZE || !CPU_ISSET(static_cast<size_t>(cpu), &allowed)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--cpus: this process may not run on core ", cpu, "; see taskset -p $$"));
    }
  }
  return absl::OkStatus();
}

void pin_to(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<size_t>(cpu), &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) {
    std::perror("sluice-load: cannot pin a worker: --cpus");
    std::_Exit(1);
  }
}

// The life of a worker process.
[[noreturn]] void work(const Options& options, const Scenario& scenario, const Share& share,
                       int in_fd, int out_fd) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (!options.cpus.empty()) pin_to(options.cpus[share.index % options.cpus.size()]);
  Reporter reporter(fdopen(in_fd, "r"), out_fd);
  Scenario own = scenario;
  own.pause_at =
      static_cast<uint32_t>(uint64_t{scenario.pause_at} * share.connections / scenario.connections);
  Worker worker(own, share, options.server, options.seed, reporter);
  const absl::Status opened = worker.open_all();
  if (!opened.ok()) {
    reporter.say(absl::StrCat("failed ", opened.message(), "\n"));
    std::_Exit(1);
  }
  reporter.say("ready\n");
  uint64_t start_ns = 0;
  std::string word = reporter.hear();
  absl::string_view number = absl::StripSuffix(word, "\n");
  if (!absl::ConsumePrefix(&number, "start ") || !absl::SimpleAtoi(number, &start_ns)) {
    std::_Exit(1);
  }
  const std::string tally = worker.run(start_ns).to_text();
  reporter.say(absl::StrCat("tally ", tally.size(), "\n", tally));
  reporter.hear();  // until the end of input, which ends this process and closes its connections
  std::_Exit(0);
}

}  // namespace

absl::StatusOr<std::vector<Share>> shares_of(const Scenario& scenario, uint32_t workers,
                                             uint64_t descriptors) {
  uint32_t step = 1;   // connections that only make sense together
  uint32_t least = 1;  // connections that a worker needs
  if (scenario.kind == Kind::Chat) step = least = 2;
  if (scenario.kind == Kind::Fanout) step = least = scenario.group;
  if (scenario.kind == Kind::Mixed) least = 20 * scenario.group;
  const uint32_t steps = scenario.connections / step;
  if (workers == 0 || steps / workers * step < least) {
    return absl::InvalidArgumentError(absl::StrCat("--workers=", workers, ": each needs at least ",
                                                   least, " of the ", scenario.connections,
                                                   " connections: give fewer workers"));
  }
  if (scenario.messages > 0 && scenario.messages < workers) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--workers=", workers, ": messages = ", scenario.messages, " leaves some without any"));
  }
  const uint64_t room = descriptors > kDescriptorsBeside ? descriptors - kDescriptorsBeside : 0;
  const uint64_t most = (steps + workers - 1) / workers * step;
  if (most > room) {
    const uint64_t steps_each = room / step;
    const std::string fix =
        steps_each == 0
            ? std::string("raise the limit (ulimit -n)")
            : absl::StrCat("give --workers=", (steps + steps_each - 1) / steps_each, " or more");
    return absl::InvalidArgumentError(
        absl::StrCat(most, " connections of one worker are too many for the ", descriptors,
                     " descriptors that a process may have: ", fix));
  }
  const auto up_to = [&](uint64_t amount, uint32_t connections) {
    return amount * connections / scenario.connections;
  };
  std::vector<Share> shares;
  uint32_t first = 0;
  for (uint32_t i = 0; i < workers; ++i) {
    const uint32_t own = (steps / workers + (i < steps % workers ? 1 : 0)) * step;
    const uint64_t paused = up_to(scenario.pause_at, first + own) - up_to(scenario.pause_at, first);
    shares.push_back(
        {.index = i,
         .workers = workers,
         .first = first,
         .connections = own,
         .messages = scenario.messages / workers + (i < scenario.messages % workers ? 1 : 0),
         .pause_at = static_cast<uint32_t>(paused)});
    first += own;
  }
  return shares;
}

struct Coordinator::Link {
  pid_t pid = 0;
  std::FILE* in = nullptr;
  int out = -1;
};

Coordinator::Coordinator(const Options& options, const Scenario& scenario)
    : options_(options), scenario_(scenario) {}

Coordinator::~Coordinator() {
  for (const Link& link : links_) {
    close(link.out);
    if (link.pid != 0) {
      kill(link.pid, SIGKILL);
      waitpid(link.pid, nullptr, 0);
    }
    std::fclose(link.in);
  }
}

absl::Status Coordinator::start_workers() {
  // A worker that is gone shows at its pipe, not as the end of us.
  std::signal(SIGPIPE, SIG_IGN);
  SLUICE_RETURN_IF_ERROR(check_cpus(options_.cpus));
  SLUICE_ASSIGN_OR_RETURN(const uint64_t descriptors, raise_descriptor_limit());
  SLUICE_ASSIGN_OR_RETURN(const std::vector<Share> shares,
                          shares_of(scenario_, options_.workers, descriptors));
  for (const Share& share : shares) {
    int to_worker[2];
    int from_worker[2];
    if (pipe(to_worker) != 0 || pipe(from_worker) != 0) return errno_status(errno, "pipe");
    const pid_t pid = fork();
    if (pid < 0) return errno_status(errno, "fork");
    if (pid == 0) {
      // The other workers' pipes too: a worker that held them would keep their end of input away.
      for (const Link& link : links_) close(link.out);
      close(to_worker[1]);
      close(from_worker[0]);
      work(options_, scenario_, share, to_worker[0], from_worker[1]);
    }
    close(to_worker[0]);
    close(from_worker[1]);
    links_.push_back({pid, fdopen(from_worker[0], "r"), to_worker[1]});
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> Coordinator::line_of(Link& link) {
  char* line = nullptr;
  size_t room = 0;
  const ssize_t n = getline(&line, &room, link.in);
  std::string text(line == nullptr || n < 0 ? "" : line);
  std::free(line);
  if (n < 0) return absl::InternalError(how_it_ended(std::exchange(link.pid, 0)));
  absl::string_view rest = absl::StripSuffix(text, "\n");
  if (absl::ConsumePrefix(&rest, "failed ")) return absl::UnavailableError(rest);
  return std::string(rest);
}

// Waits until every worker has said `word`.
absl::Status Coordinator::await(std::string_view word) {
  for (Link& link : links_) {
    SLUICE_ASSIGN_OR_RETURN(const std::string line, line_of(link));
    if (line.substr(0, word.size()) != word) {
      return absl::InternalError(
          absl::StrCat("a worker says '", line, "' instead of '", std::string(word), "'"));
    }
  }
  return absl::OkStatus();
}

absl::Status Coordinator::tell_workers(const std::string& line) {
  for (Link& link : links_) {
    if (write(link.out, line.data(), line.size()) < 0) {
      return absl::InternalError(how_it_ended(std::exchange(link.pid, 0)));
    }
  }
  return absl::OkStatus();
}

void Coordinator::tell_driver(std::string_view word, bool wait) {
  if (!options_.control) return;
  std::cout << word << std::endl;
  std::string line;
  if (wait) std::getline(std::cin, line);
}

void Coordinator::show(const std::string& what) const {
  if (isatty(STDERR_FILENO) != 0 && !options_.control) std::cerr << what << std::endl;
}

absl::StatusOr<Tally> Coordinator::run() {
  show(absl::StrCat("opening ", scenario_.connections, " connections"));
  SLUICE_RETURN_IF_ERROR(start_workers());
  if (scenario_.pause_at > 0) {
    SLUICE_RETURN_IF_ERROR(await("opened"));
    tell_driver(absl::StrCat("opened ", scenario_.pause_at), true);
    SLUICE_RETURN_IF_ERROR(tell_workers("go\n"));
  }
  SLUICE_RETURN_IF_ERROR(await("ready"));
  tell_driver("ready", true);
  SLUICE_RETURN_IF_ERROR(tell_workers(absl::StrCat("start ", clock_ns() + kStartLeadNs, "\n")));
  show(absl::StrCat("warm-up, ", scenario_.warmup_seconds, " s"));
  tell_driver("warm-up", false);
  SLUICE_RETURN_IF_ERROR(await("measuring"));
  tell_driver("measure", false);
  show(scenario_.messages > 0 ? absl::StrCat("measuring ", scenario_.messages, " units")
                              : absl::StrCat("measuring, ", scenario_.seconds, " s"));
  SLUICE_RETURN_IF_ERROR(await("measured"));
  tell_driver("done", false);
  show("draining");
  Tally sum;
  for (Link& link : links_) {
    SLUICE_ASSIGN_OR_RETURN(const std::string line, line_of(link));
    absl::string_view number = line;
    size_t size = 0;
    if (!absl::ConsumePrefix(&number, "tally ") || !absl::SimpleAtoi(number, &size)) {
      return absl::InternalError(absl::StrCat("a worker says '", line, "' instead of its tally"));
    }
    std::string text(size, '\0');
    if (std::fread(text.data(), 1, size, link.in) != size) {
      return absl::InternalError("a worker's tally is cut");
    }
    const std::optional<Tally> tally = Tally::from_text(text);
    if (!tally) return absl::InternalError("a worker's tally cannot be read");
    sum.add(*tally);
  }
  return sum;
}

void Coordinator::finish() {
  if (options_.control) {
    std::cout << "result" << std::endl;
    std::string line;
    while (std::getline(std::cin, line)) {
    }
  }
  for (Link& link : links_) {
    close(link.out);
    waitpid(link.pid, nullptr, 0);
    std::fclose(link.in);
  }
  links_.clear();
}

}  // namespace sluice::load
