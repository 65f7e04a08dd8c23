"""tools/count_tests.py over made-up logs, in the two formats that Meson 1.0 leaves behind."""
import contextlib
import io
import json
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'tools'))
import count_tests

PASS = '<testcase name="Works" status="run" classname="Ring" />'
FAIL = ('<testcase name="Wraps" status="run" classname="Ring">'
        '<failure message="short">ring_test.cc:7\n1 is not 2</failure></testcase>')
SKIP = ('<testcase name="Grows" status="run" classname="Ring">'
        '<skipped message="short">ring_test.cc:9\nno io_uring here</skipped></testcase>')
DISABLED = '<testcase name="DISABLED_Old" status="notrun" classname="Ring" />'


def program(result, status=0, name='sluice:unit / unit-ring', stdout='', stderr=''):
    return {'name': name, 'result': result, 'returncode': status, 'stdout': stdout,
            'stderr': stderr}


class CountTests(unittest.TestCase):
    def count(self, programs, cases='', arguments=()):
        """(exit status, printed lines) over one build directory with these logs."""
        with tempfile.TemporaryDirectory() as build:
            logs = pathlib.Path(build) / 'meson-logs'
            logs.mkdir()
            (logs / 'testlog.json').write_text('\n'.join(json.dumps(p) for p in programs))
            (logs / 'testlog.junit.xml').write_text(
                '<testsuites><testsuite name="sluice.sluice:unit / unit-ring.Ring">'
                f'{cases}</testsuite></testsuites>')
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                status = count_tests.main([*arguments, build])
            return status, printed.getvalue().splitlines()

    def test_counts_the_cases_of_a_program(self):
        status, lines = self.count([program('OK')], PASS + PASS + DISABLED)
        self.assertEqual((status, lines), (0, ['2 passed, 0 failed']))

    def test_shows_a_failed_case_with_its_output(self):
        status, lines = self.count([program('FAIL', 1)], PASS + FAIL)
        self.assertEqual((status, lines[-1]), (1, '1 passed, 1 failed'))
        self.assertIn('FAILED sluice:unit / unit-ring: Ring.Wraps', lines)
        self.assertIn('    1 is not 2', lines)

    def test_shows_a_skipped_case_with_its_reason(self):
        status, lines = self.count([program('OK')], PASS + SKIP)
        self.assertEqual((status, lines[-1]), (0, '1 passed, 0 failed, 1 skipped'))
        self.assertIn('SKIPPED sluice:unit / unit-ring: Ring.Grows: no io_uring here', lines)

    def test_a_crash_is_a_failure_that_names_its_case(self):
        stdout = ('[ RUN      ] Ring.Works\n[       OK ] Ring.Works (0 ms)\n'
                  '[ RUN      ] Ring.Wraps\n')
        status, lines = self.count([program('FAIL', -6, stdout=stdout, stderr='check failed')])
        self.assertEqual((status, lines[-1]), (1, '1 passed, 1 failed'))
        self.assertIn('FAILED sluice:unit / unit-ring: ended with status -6 in Ring.Wraps', lines)
        self.assertIn('    check failed', lines)

    def test_a_hang_is_a_failure(self):
        status, lines = self.count([program('TIMEOUT', -15, stdout='[ RUN      ] Ring.Works\n')])
        self.assertEqual((status, lines[-1]), (1, '0 passed, 1 failed'))
        self.assertIn('FAILED sluice:unit / unit-ring: ran out of time in Ring.Works', lines)

    def test_a_leak_after_the_last_case_is_a_failure(self):
        status, lines = self.count([program('FAIL', 23, stderr='LeakSanitizer: 4 bytes')], PASS)
        self.assertEqual((status, lines[-1]), (1, '1 passed, 1 failed'))
        self.assertIn('    LeakSanitizer: 4 bytes', lines)

    def test_a_program_without_cases_counts_as_one(self):
        other = program('OK', name='sluice:lint / lint')
        self.assertEqual(self.count([other]), (0, ['1 passed, 0 failed']))
        status, lines = self.count([other, program('SKIP', 77, stdout='no docker here')])
        self.assertEqual((status, lines[-1]), (0, '1 passed, 0 failed, 1 skipped'))
        self.assertIn('SKIPPED sluice:unit / unit-ring: no docker here', lines)

    def test_a_gtest_program_without_tests_is_a_failure(self):
        empty = program('OK', stdout='[==========] 0 tests from 0 test suites ran. (0 ms total)\n')
        status, lines = self.count([empty])
        self.assertEqual((status, lines[-1]), (1, '0 passed, 1 failed'))

    def test_a_run_without_results_is_a_failure(self):
        status, lines = self.count([])
        self.assertEqual((status, lines[-1]), (1, '0 passed, 1 failed'))

    def test_mesons_own_verdict_is_not_overruled(self):
        status, lines = self.count([program('OK')], PASS, ['--meson-status', '1'])
        self.assertEqual((status, lines[-1]), (1, '1 passed, 1 failed'))

    def test_the_sum_is_one_line(self):
        status, lines = self.count([program('FAIL', 1)], FAIL + SKIP, ['--sum'])
        self.assertEqual((status, lines), (1, ['0 passed, 1 failed, 1 skipped']))


if __name__ == '__main__':
    unittest.main()
