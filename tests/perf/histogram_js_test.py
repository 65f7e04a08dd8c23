"""Our histogram logs against npm's hdr-histogram-js: each number of them.

Usage: histogram_js_test.py HISTOGRAM_LOGS NPM_DIR, where NPM_DIR/node_modules holds what
tests/perf/node/package.json names. Exit code 77, with the reason, where it does not.
"""
import os
import pathlib
import shutil
import subprocess
import sys

SKIPPED = 77


def main(program, npm_dir):
    node = shutil.which('node')
    modules = pathlib.Path(npm_dir) / 'node_modules'
    if node is None:
        print('node is not installed (Debian: nodejs)')
        return SKIPPED
    if not (modules / 'hdr-histogram-js').is_dir():
        print(f'hdr-histogram-js is not in {modules}; `tools/dev test` installs it')
        return SKIPPED
    compare = pathlib.Path(__file__).parent / 'node' / 'compare_logs.js'
    samples = subprocess.run([program], stdout=subprocess.PIPE, check=True).stdout
    return subprocess.run([node, str(compare)], input=samples, check=False,
                          env={**os.environ, 'NODE_PATH': str(modules)}).returncode


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
