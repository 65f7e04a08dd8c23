"""The rules of tools/lint, one function each: a tree or a file in, findings out.

Pure reading: no rule changes a file or starts a process. Paths in findings are relative to the
root. C++ is not parsed, only cut into comments, strings and the rest, which is enough here.
"""
import collections
import configparser
import re

Finding = collections.namedtuple('Finding', 'path line message')
Finding.__str__ = lambda self: f'{self.path}:{self.line}: {self.message}'

# ── The floors ──
# What each folder of src may include besides itself. Two wings on one ground, joined by a roof: a
# folder sees the ground and what stands below it in its own wing; the roof looks down both wings.
GROUND = {'base': [], 'buffer': ['base'], 'time': ['base']}
WINGS = [['sys', 'poller', 'reactor'], ['codec', 'transport', 'session']]  # each from the bottom
ROOF = ['broker', 'gateway', 'admin']  # from the bottom
# Programs of their own beside the gateway.
ANNEXES = {'client': ['base', 'time', 'sys', 'codec']}


def floors():
    """{folder: set of the other folders it may include}."""
    allowed = {folder: set(below) for folder, below in {**GROUND, **ANNEXES}.items()}
    for wing in WINGS:
        for i, folder in enumerate(wing):
            allowed[folder] = set(GROUND) | set(wing[:i])
    for i, folder in enumerate(ROOF):
        allowed[folder] = set(GROUND).union(*WINGS) | set(ROOF[:i])
    return allowed


ALLOWED = floors()

# The kernel's interfaces for events: only poller/ knows them.
POLLER_HEADERS = re.compile(r'(liburing\.h|liburing/.*|linux/io_uring\.h|sys/epoll\.h)$')

# The meaning wing is bytes in, values out: no system call, no clock, no thread, no dice.
PURE = set(WINGS[1])
IMPURE_HEADERS = re.compile(
    r'(unistd\.h|fcntl\.h|poll\.h|signal\.h|time\.h|ctime|sys/.*|netinet/.*|arpa/.*|linux/.*'
    r'|thread|mutex|shared_mutex|condition_variable|semaphore|future|random)$')
IMPURE_WORDS = re.compile(
    r'::now\s*\(|\babsl::Now\b|\bclock_gettime\b|\bgettimeofday\b|\bgetrandom\b|\brandom_device\b')

# ── Sizes ──
FILE_LINES_MAX = 600
LINE_COLUMNS_MAX = 100
FUNCTION_LINES_MAX = 70

# Where `#if` may stand, with the reason. Other files are in the build or out of it.
IF_ALLOWED = {
    'src/poller/make_poller.cc': 'a poller is compiled in or not',
    'src/base/check.h': 'SLUICE_DCHECK is nothing when NDEBUG is defined',
}

# Meson adds each target's own folder to the include path, so that a header of one of these names is
# found in the place of the C library's, by the standard library too.
C_HEADERS = set('assert complex ctype errno fcntl features fenv float iconv limits locale math '
                'memory netdb poll pthread regex sched search semaphore setjmp signal stdint stdio '
                'stdlib string strings syslog termios time uchar unistd wchar wctype'.split())

TODO_KINDS = ('perf', 'port', 'test', 'cleanup')
# These spell out what they forbid.
SELF = {'tools/lint_rules.py', 'tools/lint_selftest.py'}

STOPS = 7
STOP = re.compile(r'Stop . of 7')

WRAP_KEYS = ('directory', 'source_url', 'source_filename', 'source_hash',
             'patch_filename', 'patch_url', 'patch_hash')

COMMENT_OR_STRING = re.compile(
    r'(?P<comment>//[^\n]*|/\*.*?\*/)'
    r'|R"(?P<fence>[^(\s]*)\(.*?\)(?P=fence)"|"(?:\\.|[^"\\\n])*"|(?<!\w)\'(?:\\.|[^\'\\\n])+\'',
    re.S)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
DIRECTIVE = re.compile(r'^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', re.M)


def blank(text, strings):
    """The text with comments (and strings, if asked) as blanks; line numbers stay."""
    def hide(match):
        if match['comment'] is None and not strings:
            return match[0]
        return re.sub(r'[^\n]', ' ', match[0])
    return COMMENT_OR_STRING.sub(hide, text)


class Source:
    """One C++ file: `text` as it is, `plain` without comments, `code` without strings too."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.plain = blank(text, strings=False)
        self.code = blank(text, strings=True)
        self.folder = path.split('/')[1] if path.count('/') > 1 else ''

    def finding(self, offset, message):
        return Finding(self.path, self.text.count('\n', 0, offset) + 1, message)

    def includes(self):
        for match in INCLUDE.finditer(self.plain):
            yield match.start(2), match[1] == '"', match[2]


def list_files(root, tops):
    for top in tops:
        for path in sorted((root / top).rglob('*')):
            if path.is_file() and '__pycache__' not in path.parts:
                yield path.relative_to(root).as_posix(), path


# ── Rules on one C++ file of src ──

def check_floors(source):
    """Who includes whom. A quoted name that starts with none of our folders is a library's."""
    if source.path == 'src/main.cc':
        return
    if source.folder not in ALLOWED:
        yield Finding(source.path, 1, 'is in no folder of the map (tools/lint_rules.py, ALLOWED)')
        return
    for offset, quoted, name in source.includes():
        if not quoted:
            continue
        folder, slash, _ = name.partition('/')
        if not slash:
            yield source.finding(offset, f'"{name}" is not spelled from src/, as "folder/file.h"')
        elif folder in ALLOWED and folder not in ALLOWED[source.folder] | {source.folder}:
            yield source.finding(offset, f'{source.folder}/ may not include {folder}/ (floor rule)')


def check_kernel(source):
    """Only poller/ knows the kernel's event interfaces; few know a concrete poller."""
    for offset, quoted, name in source.includes():
        if not quoted and source.folder != 'poller' and POLLER_HEADERS.match(name):
            yield source.finding(offset, f'only poller/ may include <{name}>')
        concrete = re.match(r'poller/(\w+)_poller\.h$', name)
        if not concrete or concrete[1] == 'make':
            continue
        own_part = source.path.startswith(f'src/poller/{concrete[1]}_')
        if source.path not in ('src/main.cc', 'src/poller/make_poller.cc') and not own_part:
            yield source.finding(
                offset, f'only main.cc and poller/make_poller.cc may name "{name}"')


def check_purity(source):
    if source.folder not in PURE:
        return
    for offset, quoted, name in source.includes():
        if not quoted and IMPURE_HEADERS.match(name):
            yield source.finding(offset, f'{source.folder}/ is pure: it may not include <{name}>')
    for match in IMPURE_WORDS.finditer(source.code):
        yield source.finding(
            match.start(), f'{source.folder}/ is pure: {match[0].strip("( ")} is not for it')


def check_if(source):
    if source.path in IF_ALLOWED:
        return
    directives = list(re.finditer(r'^\s*#\s*(\w+)[ \t]*(\w*)', source.plain, re.M))
    for i, match in enumerate(directives):
        if match[1] not in ('if', 'ifdef', 'ifndef'):
            continue
        follower = directives[i + 1] if i + 1 < len(directives) else None
        guard = (i == 0 and source.path.endswith('.h') and match[1] == 'ifndef'
                 and follower and follower[1] == 'define' and follower[2] == match[2])
        if not guard:
            yield source.finding(match.start(1), f'#{match[1]}: a file is in the build or out of '
                                 'it; #if is for poller/make_poller.cc')


def check_name(source):
    stem = re.fullmatch(r'.*/(\w+)\.h', source.path)
    if stem and stem[1] in C_HEADERS:
        yield Finding(source.path, 1, f'would be found in the place of <{stem[1]}.h>; rename it')


def check_twin(source, root):
    """Every x.cc has its x_test.cc, built, or says why not."""
    if not source.path.endswith('.cc'):
        return
    said = re.search(r'^// Tested by: *(\S+)(.*)$', '\n'.join(source.text.split('\n')[:15]), re.M)
    if said:
        if re.search(r'/.*\.\w+$', said[1]) and not (root / said[1]).exists():
            yield source.finding(said.start(1), f'"Tested by: {said[1]}": no such file')
        return
    test = root / 'tests/unit' / re.sub(r'\.cc$', '_test.cc', source.path[len('src/'):])
    shown = test.relative_to(root).as_posix()
    if not test.exists():
        yield Finding(source.path, 1, f'has no {shown}, nor a line "// Tested by: …"')
        return
    lists = [p / 'meson.build' for p in test.parents if (root / 'tests') in p.parents]
    if not any(p.exists() and test.name in p.read_text() for p in lists):
        yield Finding(shown, 1, 'is in no meson.build, so it never runs')


# ── Rules on any file ──

def check_functions(source):
    """Functions, found by their outermost braces; what the cutting cannot see, it lets pass."""
    code = DIRECTIVE.sub(lambda m: re.sub(r'[^\n]', ' ', m[0]), source.code)
    kinds, starts, begin = [], [], 0
    for match in re.finditer(r'[{};]', code):
        if match[0] == '{':
            head = code[begin:match.start()]
            function = (')' in head and not head.rstrip().endswith('=') and 'function' not in kinds
                        and not re.search(r'\b(namespace|class|struct|enum|union)\b', head))
            kinds.append('function' if function else 'block')
            starts.append((begin + len(head) - len(head.lstrip()), match.start()))
        elif match[0] == '}' and kinds:
            kind, (first, brace) = kinds.pop(), starts.pop()
            lines = code.count('\n', brace, match.start()) + 1
            if kind == 'function' and lines > FUNCTION_LINES_MAX:
                yield source.finding(first, f'a function of {lines} lines; the limit is '
                                     f'{FUNCTION_LINES_MAX}')
        begin = match.end()


def check_text(path, text):
    """Sizes and notes to oneself."""
    lines = text.split('\n')
    if lines and not lines[-1]:
        lines.pop()
    if len(lines) > FILE_LINES_MAX:
        yield Finding(path, FILE_LINES_MAX + 1,
                      f'{len(lines)} lines; the limit is {FILE_LINES_MAX}')
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_COLUMNS_MAX and not path.endswith('meson.build'):
            yield Finding(path, number, f'{len(line)} columns; the limit is {LINE_COLUMNS_MAX}')
        if path in SELF:
            continue
        for match in re.finditer(r'\bTODO\b(?:\((\w*)\):)?', line):
            if match[1] not in TODO_KINDS:
                yield Finding(path, number, f'TODO says its kind: TODO({"|".join(TODO_KINDS)}): …')
        if re.search(r'\bFIXME\b', line):
            yield Finding(path, number, 'FIXME: mend it, or say TODO(kind): …')


# ── Rules on the tree ──

def check_readmes(root):
    folders = {p.parent for suffix in ('*.h', '*.cc') for p in (root / 'src').rglob(suffix)}
    for folder in sorted(folders | {root / 'src'}):
        if not (folder / 'README.md').exists():
            yield Finding(f'{folder.relative_to(root).as_posix()}/README.md', 1, 'is missing')


def check_stops(root):
    """Seven stops, each once, and no other line that looks like one."""
    found = collections.defaultdict(list)
    for path, file in list_files(root, ['src']):
        for number, line in enumerate(file.read_text().split('\n'), 1):
            if not STOP.search(line):
                continue
            stop = re.search(rf'// Stop ([1-{STOPS}]) of {STOPS}', line)
            if stop and path.endswith(('.cc', '.h')):
                found[int(stop[1])].append((path, number))
            else:
                yield Finding(path, number, 'looks like one of the seven stops and is none')
    if not found:
        return
    for stop in range(1, STOPS + 1):
        if not found[stop]:
            yield Finding('src/README.md', 1, f'"// Stop {stop} of {STOPS}" is nowhere in src')
        for path, number in found[stop][1:]:
            yield Finding(path, number, f'stop {stop} is already in {found[stop][0][0]}')


def read_meson(root):
    """(path, line number, line without its comment) of every meson.build of ours."""
    files = [('meson.build', root / 'meson.build')] if (root / 'meson.build').exists() else []
    files += [f for f in list_files(root, ['src', 'tests', 'perf']) if f[0].endswith('meson.build')]
    for path, file in files:
        for number, line in enumerate(file.read_text().split('\n'), 1):
            yield path, number, line.partition('#')[0]


def check_meson_floors(root):
    """The floor rule again, as the build sees it."""
    for path, number, line in read_meson(root):
        parts = path.split('/')
        if parts[0] != 'src' or len(parts) < 3 or parts[1] not in ALLOWED:
            continue
        for name in re.findall(r'\b([a-z]+)_dep\b', line):
            if name in ALLOWED and name != parts[1] and name not in ALLOWED[parts[1]]:
                yield Finding(path, number, f'{parts[1]}/ may not depend on {name}/ (floor rule)')


def check_wraps(root):
    """Each wrap parses and is whole; abseil's answers to every name that the build asks for."""
    provided = {}
    for file in sorted((root / 'subprojects').glob('*.wrap')):
        path = file.relative_to(root).as_posix()
        wrap = configparser.ConfigParser(interpolation=None)
        try:
            wrap.read_string(file.read_text())
        except configparser.Error as error:
            yield Finding(path, getattr(error, 'lineno', 1), f'does not parse: {error.message}')
            continue
        for key in WRAP_KEYS:
            value = wrap.get('wrap-file', key, fallback='')
            if not value:
                yield Finding(path, 1, f'[wrap-file] lacks {key}')
            elif key.endswith('_hash') and not re.fullmatch('[0-9a-f]{64}', value):
                yield Finding(path, 1, f'{key} is no SHA-256')
        provided[file.stem] = set(wrap['provide']) if wrap.has_section('provide') else set()
        if not provided[file.stem]:
            yield Finding(path, 1, 'has no [provide]: Meson would not find what it gives')
    if 'abseil-cpp' in provided:
        for path, number, line in read_meson(root):
            for name in re.findall(r"'(absl_\w+)'", line):
                if name not in provided['abseil-cpp']:
                    yield Finding(path, number, f'abseil-cpp.wrap does not provide {name}')


def check_tree(root):
    """All findings, in the order of their files."""
    findings = []
    for path, file in list_files(root, ['src', 'tests', 'perf', 'tools']):
        cpp = path.endswith(('.h', '.cc'))
        script = path.endswith(('.py', '.sh', 'meson.build')) or (
            path.startswith('tools/') and '.' not in path)
        if not cpp and not script:
            continue
        text = file.read_text()
        findings += check_text(path, text)
        if not cpp:
            continue
        source = Source(path, text)
        findings += check_functions(source)
        if path.startswith('src/'):
            for rule in (check_floors, check_kernel, check_purity, check_if, check_name):
                findings += rule(source)
            findings += check_twin(source, root)
    for rule in (check_readmes, check_stops, check_meson_floors, check_wraps):
        findings += rule(root)
    return sorted(set(findings))
