# SPDX-License-Identifier: MIT
"""Which file may see what. Usage: layering.py ROOT | layering.py --self-test

A rule is one function; it gets a path (relative, with slashes) and the file's text without
comments, and yields sentences. The self-test plants one violation of each rule.
"""
import os
import re
import sys
import tempfile

ROOMS = ('include', 'src', 'bench', 'tests', 'docs/examples')
SOURCE = re.compile(r'\.(c|h|cc|hh|hpp|h\.in)$')
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)

# What C11 and C++17 themselves have; everything else in <...> is a system's.
STANDARD = set('''assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp
signal stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath
threads time uchar wchar wctype'''.split())
CXX = set('''array atomic chrono cstddef cstdint cstdio cstring new string string_view
system_error tuple type_traits utility optional stdexcept'''.split())

# The arrows between the public headers: each may see those on its right, and C's own.
HEADERS = {
    'export.h': '',
    'version.h.in': 'export.h',
    'status.h': 'export.h',
    'atomic.h': 'export.h',
    'layout.h': 'atomic.h export.h',
    'stamp.h': 'layout.h',
    'handle.h': 'layout.h stamp.h status.h atomic.h export.h',
    'copy.h': 'export.h',
    'produce.h': 'copy.h handle.h',
    'consume.h': 'copy.h handle.h',
    'bytes.h': 'copy.h consume.h produce.h handle.h',
    'ring.h': 'bytes.h consume.h produce.h',
    'abi.h': 'handle.h status.h',
    'endpoint.h': 'abi.h ring.h status.h',
    'wait.h': 'ring.h status.h endpoint.h',
    'observe.h': 'abi.h ring.h status.h endpoint.h',
    'describe.h': 'handle.h layout.h status.h export.h',
    'typed.h': 'export.h',
    'latency.h': 'abi.h endpoint.h',
    'peer.h': 'ring.h',
    'shmring.h': 'describe.h endpoint.h latency.h peer.h ring.h status.h typed.h version.h wait.h observe.h',
    'error.hpp': 'status.h',
    'record.hpp': 'ring.h wait.h',
    'describe.hpp': 'describe.h error.hpp record.hpp',
    'owner.hpp': 'endpoint.h error.hpp',
    'producer.hpp': 'ring.h wait.h peer.h error.hpp owner.hpp record.hpp',
    'consumer.hpp': 'ring.h wait.h observe.h peer.h error.hpp owner.hpp record.hpp',
    'shmring.hpp': 'shmring.h consumer.hpp describe.hpp error.hpp owner.hpp producer.hpp record.hpp',
}


def strip_comments(text):
    text = re.sub(r'/\*.*?\*/', lambda m: '\n' * m.group().count('\n'), text, flags=re.S)
    return re.sub(r'//[^\n]*', '', text)


def is_standard(name):
    return name in CXX or (name.endswith('.h') and name[:-2] in STANDARD)


def system_headers(path, text):
    """Only os_*.c of src and its tools sees system headers; public headers see none."""
    if not path.startswith(('src/', 'include/')) or os.path.basename(path).startswith('os_'):
        return
    for kind, name in INCLUDE.findall(text):
        if kind == '<' and not name.startswith('shmring/') and not is_standard(name):
            yield f'sees the system header <{name}>; only os_*.c may'


def memory_orders(path, text):
    """A memory order is spelled in atomic.h, and by its name elsewhere."""
    if path.startswith(('include/', 'src/')) and path != 'include/shmring/atomic.h':
        for word in re.findall(r'memory_order\w*|__atomic_\w+|__sync_\w+|<stdatomic\.h>|<atomic>|'
                               r'\batomic_\w+_explicit|\bvolatile\b(?! sig_atomic_t)', text):
            yield f'spells {word}; only atomic.h may'


def windows(path, text):
    """The build chooses the system; only export.h asks."""
    if path.startswith(('include/', 'src/', 'docs/')) and path != 'include/shmring/export.h':
        if re.search(r'\b_WIN(32|64)\b', text):
            yield 'asks for _WIN32; only export.h may'


def public_headers(path, text):
    """The arrows between the public headers."""
    if not path.startswith('include/'):
        return
    base = os.path.basename(path)
    if base not in HEADERS:
        yield 'is a public header without a place in the layering: give it one here'
        return
    for kind, name in INCLUDE.findall(text):
        if kind == '"':
            yield f'includes "{name}"; public headers include <shmring/...>'
        elif name.startswith('shmring/') and name[8:] not in HEADERS[base].split():
            yield f'sees <{name}>, which is not below it'


def users(path, text):
    """Programs, benchmarks and examples are users: the umbrella header, and files of their own."""
    if not path.startswith(('src/tools/', 'bench/', 'docs/examples/')):
        return
    for kind, name in INCLUDE.findall(text):
        if name.startswith('shmring/') and name not in ('shmring/shmring.h', 'shmring/shmring.hpp'):
            yield f'sees <{name}>; users see <shmring/shmring.h>'
        if kind == '"' and '..' in name.split('/'):
            yield f'reaches out of its room for "{name}"'
        if kind == '"' and os.path.basename(name) in ('os.h', 'detail.h', 'segment.h', 'role.h'):
            yield f'sees the library\'s private "{name}"'


def backwards(path, text):
    """Nothing sees tests or bench; the library sees neither tools nor examples."""
    for _, name in INCLUDE.findall(text):
        parts = name.split('/')[:-1]
        for room in ('tests', 'bench', 'tools', 'examples'):
            if room in parts and not (path.startswith('tests/') and room == 'tests'):
                yield f'sees {room} through "{name}"'


def google_benchmark(path, text):
    """Google Benchmark is behind the C shim."""
    if 'benchmark/benchmark.h' in text and path != 'bench/gbench.cc':
        yield 'sees <benchmark/benchmark.h>; only bench/gbench.cc may'


RULES = (system_headers, memory_orders, windows, public_headers, users, backwards, google_benchmark)


def violations(root):
    for room in ROOMS:
        for folder, _, files in os.walk(os.path.join(root, room)):
            for name in sorted(files):
                full = os.path.join(folder, name)
                path = os.path.relpath(full, root).replace(os.sep, '/')
                if not SOURCE.search(name):
                    continue
                with open(full, encoding='utf-8') as f:
                    text = strip_comments(f.read())
                for rule in RULES:
                    for sentence in rule(path, text):
                        yield rule.__name__, f'{path} {sentence}'


PLANTED = [
    ('system_headers', 'src/role.c', '#include <fcntl.h>\n'),
    ('system_headers', 'src/tools/main.c', '# include <sys/mman.h>\n'),
    ('system_headers', 'include/shmring/wait.h', '#include <unistd.h>\n'),
    ('memory_orders', 'src/wait.c', 'x = atomic_load_explicit(p, memory_order_relaxed);\n'),
    ('memory_orders', 'include/shmring/copy.h', 'volatile int x;\n'),
    ('memory_orders', 'src/os_linux.c', '__atomic_store_n(p, 1, 0);\n'),
    ('windows', 'src/name.c', '#ifdef _WIN32\n#endif\n'),
    ('windows', 'docs/examples/a.c', '#if defined(_WIN64)\n#endif\n'),
    ('public_headers', 'include/shmring/layout.h', '#include <shmring/ring.h>\n'),
    ('public_headers', 'include/shmring/produce.h', '#include <shmring/endpoint.h>\n'),
    ('public_headers', 'include/shmring/status.h', '#include "detail.h"\n'),
    ('public_headers', 'include/shmring/stranger.h', '\n'),
    ('users', 'src/tools/a.c', '#include <shmring/layout.h>\n'),
    ('users', 'bench/a.c', '#include "../src/os.h"\n'),
    ('users', 'docs/examples/a.c', '#include "segment.h"\n'),
    ('backwards', 'src/a.c', '#include "tools/frame.h"\n'),
    ('backwards', 'src/b.c', '#include "../tests/check.h"\n'),
    ('google_benchmark', 'bench/pair.c', '#include <benchmark/benchmark.h>\n'),
    ('google_benchmark', 'tests/unit/a.c', '#include <benchmark/benchmark.h>\n'),
]
ALLOWED = [
    ('src/os_linux.c', '#include <sys/mman.h>\n#include "os.h"\n'),
    ('src/role.c', '/* #include <fcntl.h>, memory_order_relaxed, _WIN32 */\n#include <errno.h>\n'),
    ('include/shmring/atomic.h', '#include <stdatomic.h>\nmemory_order_acquire\n'),
    ('include/shmring/export.h', '#if defined(_WIN32)\n#endif\n'),
    ('bench/gbench.cc', '#include <benchmark/benchmark.h>\n'),
    ('docs/examples/a.c', '#include <shmring/shmring.h>\n#include <unistd.h>\n'),
    ('tests/unit/a.c', '#include "../tests/check.h"\n#include <fcntl.h>\n'),
]


def plant(files):
    with tempfile.TemporaryDirectory() as root:
        for path, text in files:
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), 'w', encoding='utf-8') as f:
                f.write(text)
        return list(violations(root))


def self_test():
    bad = 0
    for rule, path, text in PLANTED:
        if rule not in [name for name, _ in plant([(path, text)])]:
            print(f'{rule} does not see {text.strip()!r} in {path}')
            bad += 1
    for rule, sentence in plant(ALLOWED):
        print(f'{rule} is wrong about: {sentence}')
        bad += 1
    missing = {rule.__name__ for rule in RULES} - {name for name, _, _ in PLANTED}
    for name in missing:
        print(f'nothing is planted for {name}')
    return bad + len(missing)


def main():
    if sys.argv[1] == '--self-test':
        return 1 if self_test() else 0
    found = list(violations(sys.argv[1]))
    for _, sentence in found:
        print(sentence)
    return 1 if found else 0


sys.exit(main())
