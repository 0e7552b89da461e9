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
    'detail/compiler.h': '',
    'version.h.in': 'detail/compiler.h',
    'status.h': 'detail/compiler.h',
    'detail/atomic.h': 'detail/compiler.h',
    'detail/layout.h': 'detail/atomic.h detail/compiler.h',
    'types.h': 'detail/layout.h',
    'detail/tsc.h': 'detail/layout.h types.h',
    'detail/handle.h': 'detail/layout.h detail/tsc.h status.h types.h detail/atomic.h detail/compiler.h',
    'detail/copy.h': 'detail/compiler.h',
    'send.h': 'detail/copy.h detail/handle.h',
    'recv.h': 'detail/copy.h detail/handle.h',
    'bytes.h': 'detail/copy.h recv.h send.h detail/handle.h',
    'detail/ring.h': 'bytes.h recv.h send.h',
    'detail/abi.h': 'detail/handle.h status.h',
    'open.h': 'detail/abi.h detail/ring.h status.h types.h',
    'inspect.h': 'detail/abi.h types.h',
    'wait.h': 'detail/ring.h status.h open.h',
    'observe.h': 'detail/abi.h detail/ring.h status.h open.h',
    'describe.h': 'detail/handle.h detail/layout.h status.h detail/compiler.h',
    'typed.h': 'detail/compiler.h',
    'latency.h': 'detail/abi.h types.h',
    'note.h': 'detail/ring.h',
    'peer.h': 'detail/ring.h',
    'shmring.h': 'describe.h inspect.h open.h latency.h note.h peer.h detail/ring.h status.h typed.h version.h wait.h observe.h',
    'cpp/error.hpp': 'status.h',
    'cpp/record.hpp': 'detail/ring.h wait.h',
    'cpp/describe.hpp': 'describe.h cpp/error.hpp cpp/record.hpp',
    'cpp/handle.hpp': 'open.h cpp/error.hpp',
    'cpp/producer.hpp': 'detail/ring.h wait.h peer.h cpp/error.hpp cpp/handle.hpp cpp/record.hpp',
    'cpp/consumer.hpp': 'detail/ring.h wait.h observe.h peer.h cpp/error.hpp cpp/handle.hpp cpp/record.hpp',
    'shmring.hpp': 'shmring.h cpp/consumer.hpp cpp/describe.hpp cpp/error.hpp cpp/handle.hpp cpp/producer.hpp cpp/record.hpp',
}

# The rooms of the library, and which others each may see.
LIBRARY = {
    'base': '',
    'description': 'base',
    'os': 'base',
    'ring': 'base os segment',
    'segment': 'base description os ring',
    'wait': 'base os ring segment',
    'endpoint': 'base description os ring segment wait',
    'admin': 'base description os ring segment',
}

# The rooms of the program. All see command.h, and of the library's own base/printable.h.
PROGRAM = {
    'host': '',
    'text': 'host',
    'completion': 'host text',
    'doctor': 'host text',
    'stream': 'host text',
    'expression': '',
    'view': 'expression host stream text',
    'recording': 'host stream text',
    'bridge': 'host recording text',
    'measure': 'doctor host text',
    'monitor': 'host text',
    'commands': 'bridge completion doctor host measure monitor recording stream text view',
}

# Libraries of others that the program may be built with, each behind one file.
LIBRARIES = {
    'nats/nats.h': 'src/cli/bridge/link_nats.h',
    'zlib.h': 'src/cli/measure/deflate_zlib.c',
    'zstd.h': 'src/cli/recording/compress.c',
    'lz4frame.h': 'src/cli/recording/compress.c',
    'Python.h': 'src/python/native/native.h',
}


def strip_comments(text):
    text = re.sub(r'/\*.*?\*/', lambda m: '\n' * m.group().count('\n'), text, flags=re.S)
    return re.sub(r'//[^\n]*', '', text)


def is_standard(name):
    return name in CXX or (name.endswith('.h') and name[:-2] in STANDARD)


def system_headers(path, text):
    """Only src/os and the program's host see system headers; public headers see none."""
    if not path.startswith(('src/', 'include/')) or path.startswith(('src/os/linux/', 'src/os/windows/', 'src/cli/host/')):
        return
    for kind, name in INCLUDE.findall(text):
        if kind == '<' and not name.startswith('shmring/') and not is_standard(name) and LIBRARIES.get(name) != path:
            yield f'sees the system header <{name}>; only src/os and src/cli/host may'


def memory_orders(path, text):
    """A memory order is spelled in atomic.h, and by its name elsewhere."""
    if path.startswith(('include/', 'src/')) and path != 'include/shmring/detail/atomic.h':
        for word in re.findall(r'memory_order\w*|__atomic_\w+|__sync_\w+|<stdatomic\.h>|<atomic>|'
                               r'\batomic_\w+_explicit|\bvolatile\b(?! sig_atomic_t)', text):
            yield f'spells {word}; only detail/atomic.h may'


def windows(path, text):
    """The build chooses the system; only compiler.h asks."""
    if path.startswith(('include/', 'src/', 'docs/')) and path != 'include/shmring/detail/compiler.h':
        if re.search(r'\b_WIN(32|64)\b', text):
            yield 'asks for _WIN32; only detail/compiler.h may'


def public_headers(path, text):
    """The arrows between the public headers."""
    if not path.startswith('include/'):
        return
    own = path[len('include/shmring/'):]
    if own not in HEADERS:
        yield 'is a public header without a place in the layering: give it one here'
        return
    for kind, name in INCLUDE.findall(text):
        if kind == '"':
            yield f'includes "{name}"; public headers include <shmring/...>'
        elif name.startswith('shmring/') and name[8:] not in HEADERS[own].split():
            yield f'sees <{name}>, which is not below it'


def rooms(path, text):
    """The arrows between the rooms of the library, and between those of the program."""
    parts = path.split('/')
    program = path.startswith('src/cli/')
    if parts[0] != 'src' or len(parts) < (4 if program else 3) or parts[1] == 'python':
        return  # the package for Python is a user: users()
    own, below = (parts[2], PROGRAM) if program else (parts[1], LIBRARY)
    if own not in below:
        yield 'is in a room without a place in the layering: give it one here'
        return
    for kind, name in INCLUDE.findall(text):
        if kind != '"' or (program and name in ('command.h', 'base/printable.h')):
            continue
        if '/' not in name or name.startswith('.'):
            yield f'includes "{name}"; paths begin at {"src/cli" if program else "src"}'
        elif name.split('/')[0] not in [own, *below[own].split()]:
            yield f'sees "{name}", which is not below {own}'
        elif name.split('/')[1] in ('linux', 'windows') and parts[-2] != name.split('/')[1]:
            yield f'sees "{name}", which is one system\'s'


def users(path, text):
    """Programs, benchmarks and examples are users: the umbrella header, and files of their own."""
    if not path.startswith(('src/cli/', 'src/python/', 'bench/', 'docs/examples/')):
        return
    for kind, name in INCLUDE.findall(text):
        if name.startswith('shmring/') and name not in ('shmring/shmring.h', 'shmring/shmring.hpp'):
            yield f'sees <{name}>; users see <shmring/shmring.h>'
        if kind == '"' and '..' in name.split('/'):
            yield f'reaches out of its room for "{name}"'
        if kind == '"' and name.split('/')[0] in LIBRARY and name != 'base/printable.h':
            yield f'sees the library\'s private "{name}"'


def backwards(path, text):
    """Nothing sees tests or bench; the library sees neither the program nor examples."""
    if path.startswith('bench/'):
        return
    for _, name in INCLUDE.findall(text):
        parts = name.split('/')[:-1]
        for room in ('tests', 'bench', 'cli', 'examples'):
            if room in parts and not (path.startswith('tests/') and room == 'tests'):
                yield f'sees {room} through "{name}"'


def google_benchmark(path, text):
    """Google Benchmark is behind the C shim."""
    if 'benchmark/benchmark.h' in text and path != 'bench/google/gbench.cc':
        yield 'sees <benchmark/benchmark.h>; only bench/google/gbench.cc may'


RULES = (system_headers, memory_orders, windows, public_headers, rooms, users, backwards, google_benchmark)


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
    ('system_headers', 'src/segment/role.c', '#include <fcntl.h>\n'),
    ('system_headers', 'src/os/name.c', '#include <fcntl.h>\n'),
    ('system_headers', 'src/cli/main.c', '# include <sys/mman.h>\n'),
    ('system_headers', 'src/cli/measure/hlog.c', '#include <zlib.h>\n'),
    ('system_headers', 'include/shmring/wait.h', '#include <unistd.h>\n'),
    ('memory_orders', 'src/wait/wait.c', 'x = atomic_load_explicit(p, memory_order_relaxed);\n'),
    ('memory_orders', 'include/shmring/detail/copy.h', 'volatile int x;\n'),
    ('memory_orders', 'src/os/linux/map.c', '__atomic_store_n(p, 1, 0);\n'),
    ('windows', 'src/os/name.c', '#ifdef _WIN32\n#endif\n'),
    ('windows', 'docs/examples/a.c', '#if defined(_WIN64)\n#endif\n'),
    ('public_headers', 'include/shmring/detail/layout.h', '#include <shmring/detail/ring.h>\n'),
    ('public_headers', 'include/shmring/send.h', '#include <shmring/open.h>\n'),
    ('public_headers', 'include/shmring/status.h', '#include "error.h"\n'),
    ('public_headers', 'include/shmring/stranger.h', '\n'),
    ('rooms', 'src/os/os.h', '#include "segment/segment.h"\n'),
    ('rooms', 'src/wait/wait.c', '#include "endpoint/observer.h"\n'),
    ('rooms', 'src/ring/space.c', '#include "space.h"\n'),
    ('rooms', 'src/attic/a.c', '\n'),
    ('rooms', 'src/segment/map.c', '#include "os/linux/linux.h"\n'),
    ('rooms', 'src/cli/text/json.c', '#include "measure/ping.h"\n'),
    ('rooms', 'src/cli/host/windows/a.c', '#include "host/linux/linux.h"\n'),
    ('users', 'src/cli/commands/a.c', '#include <shmring/detail/layout.h>\n'),
    ('users', 'src/cli/a.c', '#include "segment/segment.h"\n'),
    ('users', 'src/python/native/a.c', '#include "ring/claim.h"\n'),
    ('system_headers', 'src/python/native/a.c', '#include <Python.h>\n'),
    ('users', 'bench/a.c', '#include "../src/os/os.h"\n'),
    ('users', 'docs/examples/a.c', '#include "segment/segment.h"\n'),
    ('backwards', 'src/admin/a.c', '#include "cli/stream/frame.h"\n'),
    ('backwards', 'src/admin/b.c', '#include "../../tests/support/check.h"\n'),
    ('google_benchmark', 'bench/google/pair.c', '#include <benchmark/benchmark.h>\n'),
    ('google_benchmark', 'tests/unit/a.c', '#include <benchmark/benchmark.h>\n'),
]
ALLOWED = [
    ('src/os/linux/map.c', '#include <sys/mman.h>\n#include "os/os.h"\n#include "os/linux/linux.h"\n'),
    ('src/segment/role.c', '/* #include <fcntl.h>, memory_order_relaxed, _WIN32 */\n#include <errno.h>\n'),
    ('src/cli/text/json.c', '#include "command.h"\n#include "base/printable.h"\n#include "host/host.h"\n'),
    ('src/cli/measure/deflate_zlib.c', '#include <zlib.h>\n'),
    ('include/shmring/detail/atomic.h', '#include <stdatomic.h>\nmemory_order_acquire\n'),
    ('include/shmring/detail/compiler.h', '#if defined(_WIN32)\n#endif\n'),
    ('bench/google/gbench.cc', '#include <benchmark/benchmark.h>\n'),
    ('docs/examples/a.c', '#include <shmring/shmring.h>\n#include <unistd.h>\n'),
    ('tests/unit/a.c', '#include "../support/check.h"\n#include <fcntl.h>\n'),
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
