// Early returns over absl::Status and absl::StatusOr, for set-up code.
//
// Only for what the world may refuse while the program starts (config, sockets, pollers); the loop
// speaks in enums. Both macros return from the enclosing function, which itself returns a Status or
// a StatusOr. Any thread.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define SLUICE_JOIN_INNER(left, right) left##right
#define SLUICE_JOIN(left, right) SLUICE_JOIN_INNER(left, right)

// Returns the status of `expr` unless it is OK.
#define SLUICE_RETURN_IF_ERROR(expr)               \
  do {                                             \
    ::absl::Status sluice_status = (expr);         \
    if (!sluice_status.ok()) return sluice_status; \
  } while (false)

// Gives `lhs` (a declaration or a variable) the value of the StatusOr `expr`, or returns its
// status. It is two statements, so it cannot be the body of an unbraced `if`; a type with a comma
// in it needs an alias first.
#define SLUICE_ASSIGN_OR_RETURN(lhs, expr) \
  SLUICE_ASSIGN_OR_RETURN_INNER(SLUICE_JOIN(sluice_result_, __LINE__), lhs, expr)

#define SLUICE_ASSIGN_OR_RETURN_INNER(result, lhs, expr) \
  auto result = (expr);                                  \
  if (!result.ok()) return std::move(result).status();   \
  lhs = *std::move(result)
