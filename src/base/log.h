// The log of the cold path: a line when something starts, ends or goes wrong, never
// one per message.
//
// log() formats on the caller's thread and hands the line to a thread of its own, which writes it
// to stderr. A reactor never waits for stderr: when 8192 lines are queued, the oldest is dropped
// and counted. log.cc is the only file that knows spdlog. Before log_start() and after log_stop()
// lines are written at once by the caller (tests, the very first and the very last words). All
// functions may be called from any thread, except that main alone starts and stops.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "base/log_field.h"

namespace sluice {

// Starts the writing thread; it takes no signals. Not twice without a log_stop() between.
void log_start(LogLevel level, LogFormat format);

// Writes all that is queued and joins the thread; waits as long as stderr does. Without log_start()
// it does nothing.
void log_stop();

// The least level that is written; Warn until somebody says otherwise. Off silences everything.
void log_set_level(LogLevel level);
[[nodiscard]] bool log_enabled(LogLevel level);

// Writes one line: the message, which is the program's own words, and its fields.
//   log_info("connection closed", {{"conn", id}, {"uid", uid}, {"reason", "idle"}});
void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});
// The same, where how many fields there are is known only when it runs.
void log(LogLevel level, std::string_view message, std::span<const LogField> fields);
void log_debug(std::string_view message, std::initializer_list<LogField> fields = {});
void log_info(std::string_view message, std::initializer_list<LogField> fields = {});
void log_warn(std::string_view message, std::initializer_list<LogField> fields = {});
void log_error(std::string_view message, std::initializer_list<LogField> fields = {});

// Lines lost since the program began, because stderr was too slow or gone.
[[nodiscard]] uint64_t log_dropped();

}  // namespace sluice
