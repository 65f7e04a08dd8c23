#!/usr/bin/env python3
"""Counts the tests of finished `meson test` runs, one GoogleTest case at a time.

Usage: count_tests.py [--sum] [--meson-status N] BUILD_DIR...

Prints what failed with its output, what was skipped with its reason (neither with --sum), and as
the last line `N passed, N failed`, with `, N skipped` if some were. Exits 1 if anything failed, if
nothing passed, or if Meson's own exit status, where it is given, says what no test did.

Two logs are read, because neither tells all. Meson's testlog.junit.xml holds GoogleTest's cases,
but not that a program crashed, hung, or failed after its last case (a leak, say). testlog.json
holds one verdict a program, but no cases. A program's verdict that its cases do not explain counts
as one more failure; a test that is no GoogleTest program counts as one case.
"""
import argparse
import collections
import json
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

Case = collections.namedtuple('Case', 'name verdict text')  # verdict: passed, failed or skipped

# Output shown for a program that broke: enough for a sanitizer's report with its stacks.
TAIL_LINES_MAX = 200


def read_programs(logs):
    """The runs of testlog.json: one dict a program, as Meson wrote it."""
    path = logs / 'testlog.json'
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def read_cases(logs, programs):
    """The GoogleTest cases of testlog.junit.xml, as {program name: [Case, ...]}."""
    path = logs / 'testlog.junit.xml'
    cases = collections.defaultdict(list)
    if not path.exists():
        return cases
    names = sorted((p['name'] for p in programs), key=len, reverse=True)
    for suite in ElementTree.parse(path).getroot().iter('testsuite'):
        # GoogleTest's suites are called project.program.suite; Meson's own has no program.
        title = suite.get('name', '').partition('.')[2]
        program = next((n for n in names if title.startswith(n + '.')), None)
        if program is None:
            continue
        for case in suite.iter('testcase'):
            name = f"{program}: {case.get('classname')}.{case.get('name')}"
            verdict, text = verdict_of_case(case)
            if verdict:
                cases[program].append(Case(name, verdict, text))
    return cases


def verdict_of_case(case):
    """A testcase element's verdict and text; a disabled case has none."""
    failures = case.findall('failure')
    if failures:
        return 'failed', '\n'.join(f.text or f.get('message', '') for f in failures)
    skipped = case.find('skipped')
    if skipped is not None:
        return 'skipped', skipped.text or skipped.get('message', '')
    return ('passed', '') if case.get('status') != 'notrun' else ('', '')


def tail(program):
    lines = (program.get('stdout', '') + '\n' + program.get('stderr', '')).strip().splitlines()
    cut = ['[…]'] if len(lines) > TAIL_LINES_MAX else []
    return '\n'.join(cut + lines[-TAIL_LINES_MAX:])


def broken(program):
    """One failed Case for a program that ended badly, naming the case it was in."""
    started = re.findall(r'^\[ RUN      \] (\S+)', program.get('stdout', ''), re.M)
    ended = re.findall(r'^\[ +(?:OK|FAILED|SKIPPED) +\] (\S+?),? .*\(\d+ ms\)',
                       program.get('stdout', ''), re.M)
    where = f' in {started[-1]}' if started and started[-1] not in ended else ''
    how = {'TIMEOUT': 'ran out of time'}.get(
        program['result'], f"ended with status {program.get('returncode')}")
    return Case(f"{program['name']}: {how}{where}", 'failed', tail(program))


def cases_of_program(program, cases):
    """All that one program adds to the count."""
    good = program['result'] in ('OK', 'EXPECTEDFAIL')
    skipped = program['result'] == 'SKIP'
    if cases:
        explained = good or skipped or any(c.verdict == 'failed' for c in cases)
        return cases if explained else cases + [broken(program)]
    if skipped:
        reason = tail(program).splitlines()
        return [Case(program['name'], 'skipped', reason[-1] if reason else 'no reason given')]
    if not good:
        return passed_before_the_end(program) + [broken(program)]
    if re.search(r'^\[==========\] 0 tests from', program.get('stdout', ''), re.M):
        return [Case(program['name'], 'failed', 'it holds no test')]
    return [Case(program['name'], 'passed', '')]


def passed_before_the_end(program):
    """The cases that a crashed program still passed: GoogleTest wrote no report, only lines."""
    done = re.findall(r'^\[       OK \] (\S+)', program.get('stdout', ''), re.M)
    return [Case(f"{program['name']}: {name}", 'passed', '') for name in done]


def count_build(build):
    """Every Case of the last run in a build directory; one failure if there was none."""
    logs = pathlib.Path(build) / 'meson-logs'
    programs = read_programs(logs)
    if not programs:
        return [Case(f'{build}: no test ran', 'failed', '')]
    cases = read_cases(logs, programs)
    return [c for p in programs for c in cases_of_program(p, cases.get(p['name'], []))]


def show(cases):
    for case in cases:
        if case.verdict == 'failed':
            print(f'\nFAILED {case.name}')
            for line in case.text.strip().splitlines():
                print(f'    {line}')
    for case in cases:
        if case.verdict == 'skipped':
            # GoogleTest puts the place on the first line and the reason after it.
            reason = ' '.join(case.text.split('\n')[-1:]).strip() or 'no reason given'
            print(f'SKIPPED {case.name}: {reason}')


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--sum', action='store_true', help='only the closing line')
    parser.add_argument('--meson-status', type=int, default=0, help='how meson test ended')
    parser.add_argument('build', nargs='+', help='build directories')
    options = parser.parse_args(arguments)

    cases = [c for build in options.build for c in count_build(build)]
    count = collections.Counter(c.verdict for c in cases)
    if options.meson_status != 0 and count['failed'] == 0:
        cases.append(Case(f'meson test ended with status {options.meson_status}', 'failed', ''))
        count['failed'] += 1
    if not options.sum:
        show(cases)
    skipped = f", {count['skipped']} skipped" if count['skipped'] else ''
    print(f"{count['passed']} passed, {count['failed']} failed{skipped}")
    return 1 if count['failed'] or not count['passed'] else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
