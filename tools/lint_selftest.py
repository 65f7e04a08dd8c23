"""The lint's own test: a clean little tree, and one violation of each kind.

Every violation replaces or adds files of the clean tree, is linted alone, and must give exactly the
one finding that is written beside it. A rule that reports nothing, or too much, fails here.
"""
import pathlib
import tempfile

import lint_rules

WRAP = '[wrap-file]\n' + ''.join(
    f'{key} = {"0" * 64 if key.endswith("_hash") else "x"}\n' for key in lint_rules.WRAP_KEYS)

CLEAN = {
    'meson.build': "absl = dependency('absl_strings')\n",
    'src/README.md': 'The map.\n',
    'src/main.cc': '// Tested by: the end-to-end tests\n'
                   '#include "admin/page.h"\n#include "poller/epoll_poller.h"\n',
    'src/base/README.md': 'Words.\n',
    'src/base/meson.build': 'base_dep = declare_dependency(dependencies: [threads_dep])\n',
    'src/base/check.h': '#pragma once\n#ifdef NDEBUG\n#endif\n',
    'src/codec/README.md': 'Frames.\n',
    'src/codec/meson.build': 'codec_dep = declare_dependency(dependencies: [base_dep])\n',
    'src/codec/frame.h': '// #if in a comment, "broker/x.h" too\n'
                         '#ifndef FRAME_H\n#define FRAME_H\n#include "base/check.h"\n'
                         '#include "absl/strings/str_cat.h"\n#endif\n',
    'src/codec/frame.cc': '#include "codec/frame.h"\n'
                          'const char* kText = "Clock::now() // FRAME";  // Clock::now()\n'
                          'int big = 10\'000;\n',
    'src/poller/README.md': 'Kernels.\n',
    'src/poller/epoll_poller.h': '#pragma once\n#include <sys/epoll.h>\n',
    'src/poller/epoll_poller.cc': '// Tested by: tests/unit/poller/all_test.cc\n'
                                  '#include "poller/epoll_poller.h"\n',
    'src/poller/make_poller.h': '#pragma once\n',
    'src/poller/make_poller.cc': '// Tested by: tests/unit/poller/all_test.cc, on each poller\n'
                                 '#include "poller/epoll_poller.h"\n#if 1\n#endif\n',
    'src/gateway/README.md': 'The roof.\n',
    'src/gateway/meson.build': 'x = [base_dep, reactor_dep, session_dep, broker_dep]\n',
    'src/gateway/stops.h': '#pragma once\n#include "poller/make_poller.h"\n'
                           '#include "session/session.h"\n'
                           + ''.join(f'// Stop {n} of 7: here\n' for n in range(1, 8)),
    'tests/unit/codec/meson.build': "executable('unit-codec', 'frame_test.cc')\n",
    'tests/unit/codec/frame_test.cc': '// TODO(test): odd lengths\n#include "codec/frame.h"\n',
    'tests/unit/poller/all_test.cc': '#include "poller/epoll_poller.h"\n',
    'subprojects/abseil-cpp.wrap': WRAP + '[provide]\nabsl_strings = absl_strings_dep\n',
    'tools/dev': '#!/usr/bin/env bash\n',
}

CODEC = CLEAN['src/codec/frame.cc']
LONG_FUNCTION = 'int f(int a) {\n' + '  ++a;\n' * 70 + '}\n'
STOPS = CLEAN['src/gateway/stops.h']

# (what is wrong, {path: content or None to delete}, 'path:line', part of the message)
VIOLATIONS = [
    ('up the floors', {'src/base/check.h': '#pragma once\n#include "codec/frame.h"\n'},
     'src/base/check.h:2', 'base/ may not include codec/'),
    ('across the wings', {'src/codec/frame.cc': CODEC + '#include "sys/socket.h"\n'},
     'src/codec/frame.cc:4', 'codec/ may not include sys/'),
    ('up into the roof', {'src/poller/make_poller.h': '#pragma once\n#include "broker/b.h"\n'},
     'src/poller/make_poller.h:2', 'poller/ may not include broker/'),
    ('ground beside ground', {'src/time/README.md': '', 'src/time/w.h': '#include "buffer/r.h"\n'},
     'src/time/w.h:1', 'time/ may not include buffer/'),
    ('the client above its floor', {'src/client/README.md': '',
                                    'src/client/c.h': '#include "session/session.h"\n'},
     'src/client/c.h:1', 'client/ may not include session/'),
    ('a folder off the map', {'src/misc/README.md': '', 'src/misc/m.h': '#pragma once\n'},
     'src/misc/m.h:1', 'no folder of the map'),
    ('a file at the top', {'src/extra.h': '#pragma once\n'},
     'src/extra.h:1', 'no folder of the map'),
    ('an include without a folder', {'src/codec/frame.cc': '#include "frame.h"\n'},
     'src/codec/frame.cc:1', 'not spelled from src/'),
    ('epoll above poller/', {'src/gateway/stops.h': STOPS + '#include <sys/epoll.h>\n'},
     'src/gateway/stops.h:11', 'only poller/ may include <sys/epoll.h>'),
    ('liburing above poller/', {'src/gateway/stops.h': STOPS + '#include <liburing.h>\n'},
     'src/gateway/stops.h:11', 'only poller/ may include <liburing.h>'),
    ('a concrete poller by name',
     {'src/gateway/stops.h': STOPS + '#include "poller/epoll_poller.h"\n'},
     'src/gateway/stops.h:11', 'only main.cc and poller/make_poller.cc may name'),
    ('one poller naming another',
     {'src/poller/uring_poller.h': '#pragma once\n#include "poller/epoll_poller.h"\n'},
     'src/poller/uring_poller.h:2', 'only main.cc and poller/make_poller.cc may name'),
    ('a system header in a pure folder', {'src/codec/frame.cc': CODEC + '#include <unistd.h>\n'},
     'src/codec/frame.cc:4', 'codec/ is pure: it may not include <unistd.h>'),
    ('a thread in a pure folder', {'src/codec/frame.cc': CODEC + '#include <thread>\n'},
     'src/codec/frame.cc:4', 'codec/ is pure: it may not include <thread>'),
    ('a clock in a pure folder', {'src/codec/frame.cc': CODEC + 'auto t = C::now();\n'},
     'src/codec/frame.cc:4', '::now is not for it'),
    ('an #if', {'src/codec/frame.cc': CODEC + '#ifdef __x86_64__\n#endif\n'},
     'src/codec/frame.cc:4', '#ifdef: a file is in the build'),
    ('a header that hides the C library\'s', {'src/codec/limits.h': '#pragma once\n'},
     'src/codec/limits.h:1', 'would be found in the place of <limits.h>'),
    ('no test', {'src/codec/extra.cc': '\n'},
     'src/codec/extra.cc:1', 'has no tests/unit/codec/extra_test.cc'),
    ('a test that is not built', {'tests/unit/codec/meson.build': '\n'},
     'tests/unit/codec/frame_test.cc:1', 'in no meson.build'),
    ('a test that is not there', {'tests/unit/poller/all_test.cc': None,
                                  'src/poller/make_poller.cc': '// Tested by: hand\n'},
     'src/poller/epoll_poller.cc:1', 'no such file'),
    ('no README', {'src/codec/README.md': None}, 'src/codec/README.md:1', 'is missing'),
    ('a long file', {'tests/unit/codec/frame_test.cc': '\n' * 601},
     'tests/unit/codec/frame_test.cc:601', '601 lines; the limit is 600'),
    ('a long line', {'tools/dev': 'echo ' + 'x' * 96 + '\n'},
     'tools/dev:1', '101 columns; the limit is 100'),
    ('a long function', {'src/codec/frame.cc': 'namespace sluice {\n' + LONG_FUNCTION + '}\n'},
     'src/codec/frame.cc:2', 'a function of 72 lines; the limit is 70'),
    ('a TODO without a kind', {'tests/unit/codec/frame_test.cc': '// TODO: later\n'},
     'tests/unit/codec/frame_test.cc:1', 'TODO says its kind'),
    ('a TODO of another kind', {'tools/dev': '# TODO(me): later\n'},
     'tools/dev:1', 'TODO says its kind'),
    ('a FIXME', {'tools/dev': '# FIXME\n'}, 'tools/dev:1', 'FIXME'),
    ('a stop left out', {'src/gateway/stops.h': STOPS.replace('// Stop 4 of 7: here\n', '')},
     'src/README.md:1', '"// Stop 4 of 7" is nowhere'),
    ('a stop twice', {'src/gateway/stops.h': STOPS + '// Stop 2 of 7\n'},
     'src/gateway/stops.h:11', 'stop 2 is already in'),
    ('an eighth line in the tour', {'src/README.md': 'Stop 1 of 7 is the poller.\n'},
     'src/README.md:1', 'looks like one of the seven stops'),
    ('the build up the floors', {'src/codec/meson.build': '\nx = [base_dep, session_dep]\n'},
     'src/codec/meson.build:2', 'codec/ may not depend on session/'),
    ('a wrap that does not parse', {'subprojects/a.wrap': 'directory = x\n'},
     'subprojects/a.wrap:1', 'does not parse'),
    ('a wrap without a hash',
     {'subprojects/a.wrap': WRAP.replace('patch_hash', 'hash') + '[provide]\na = b\n'},
     'subprojects/a.wrap:1', 'lacks patch_hash'),
    ('a wrap with a bad hash',
     {'subprojects/a.wrap': WRAP.replace('0' * 64, '0' * 63, 1) + '[provide]\na = b\n'},
     'subprojects/a.wrap:1', 'source_hash is no SHA-256'),
    ('a wrap that provides nothing', {'subprojects/a.wrap': WRAP},
     'subprojects/a.wrap:1', 'has no [provide]'),
    ('a name that abseil\'s wrap lacks', {'meson.build': "x = dependency('absl_cord')\n"},
     'meson.build:1', 'does not provide absl_cord'),
]


def lint(files):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for path, content in files.items():
            if content is not None:
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(content)
        return [str(finding) for finding in lint_rules.check_tree(root)]


def main():
    wrong = [f'a clean tree: {finding}' for finding in lint(CLEAN)]
    for name, change, place, message in VIOLATIONS:
        findings = lint({**CLEAN, **change})
        if len(findings) != 1 or not findings[0].startswith(f'{place}: ') \
                or message not in findings[0]:
            wrong.append(f'{name}: wanted "{place}: …{message}…", got {findings}')
    for line in wrong:
        print(line)
    print(f'lint selftest: {len(VIOLATIONS)} violations, {len(wrong)} wrong')
    return 1 if wrong else 0
