// Checks for "we are wrong": a broken promise inside the program ends it at once, with
// file and line.
//
// Not for what the world does (a bad frame, a full disk): that is an enum or an absl::Status.
// SLUICE_CHECK is always on. SLUICE_DCHECK is for the hot path: it runs in debug builds only, but
// is compiled always, so that it cannot rot. Any thread; a failing check uses write(2) alone and
// takes no lock, so it also speaks out of a signal handler.
#pragma once

namespace sluice {

// Prints "file:line: check failed: condition: why" to stderr and aborts. The macros' second half.
[[noreturn]] void check_failed(const char* file, int line, const char* condition,
                               const char* why) noexcept;

// Whether SLUICE_DCHECK looks at its condition in this build; tests ask before they expect a death.
#ifdef NDEBUG
inline constexpr bool kDebugChecks = false;
#else
inline constexpr bool kDebugChecks = true;
#endif

}  // namespace sluice

// Aborts unless `condition` holds; `why` is a string literal that says what was promised.
#define SLUICE_CHECK(condition, why)                      \
  (__builtin_expect(static_cast<bool>(condition), 1) != 0 \
       ? static_cast<void>(0)                             \
       : ::sluice::check_failed(__FILE__, __LINE__, #condition, why))

// The same where kDebugChecks; elsewhere the condition is compiled but never evaluated.
#define SLUICE_DCHECK(condition, why)                                                \
  (!::sluice::kDebugChecks || __builtin_expect(static_cast<bool>(condition), 1) != 0 \
       ? static_cast<void>(0)                                                        \
       : ::sluice::check_failed(__FILE__, __LINE__, #condition, why))
