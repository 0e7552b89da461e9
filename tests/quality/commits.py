# SPDX-License-Identifier: MIT
"""commits.py ROOT | --self-test - each new commit has a subject `area: imperative sentence` of at most 72 characters and
a body. New is what came after BASE, where the history is there: else it is skipped (77). What is landed cannot be said
better any more: then BASE goes on to it, and the next one is judged."""
import re
import subprocess
import sys

BASE = 'ce0b453'
SUBJECT_MAX = 72
SKIP = 77
# Words that are no imperative though they end as one does not, or the other way round.
IMPERATIVE = {'address', 'bias', 'bring', 'bus', 'canvas', 'discuss', 'embed', 'exceed', 'feed', 'focus', 'need', 'process',
              'proceed', 'seed', 'shed', 'speed', 'spring', 'string', 'succeed', 'swing'}


def imperative(word):
    if word in IMPERATIVE or not re.fullmatch('[a-z]+', word):
        return word in IMPERATIVE
    return not re.search(r'(?<!s)s$|ed$|ing$', word)


def complaints(subject, body):
    if len(subject) > SUBJECT_MAX:
        yield 'its subject has %d characters, and may have %d' % (len(subject), SUBJECT_MAX)
    parts = re.fullmatch(r'[A-Za-z][\w ./,+*-]*: (\S+).*', subject)
    if not parts:
        yield 'its subject is not `area: imperative sentence`'
    elif not imperative(parts.group(1).rstrip(',;')):
        yield 'behind its area stands %r, which is no imperative in lower case' % parts.group(1)
    if subject.endswith('.'):
        yield 'its subject ends in a full stop'
    lines = [line for line in body.split('\n') if line.strip() and not re.match(r'[A-Z][\w-]+: \S+ .*<.*>$', line)]
    if not lines:
        yield 'it has no body: say why, and how it was tested'


def self_test():
    good = [('ring: hold a batch to the ring', 'Why.'), ('tests/mutants, docs: add 300', 'Why.\n\nSigned-off-by: A <a@b>'),
            ('x: ' + 'a' * (SUBJECT_MAX - 3), 'Why.'), ('wait: process the last bell', 'Why.')]
    bad = [('Holds a batch', 'Why.'), ('ring: holds a batch', 'Why.'), ('ring: held', ''), ('ring: fixed it', 'Why.'),
           ('ring: Fix it', 'Why.'), ('ring: fixing it', 'Why.'), ('x: ' + 'a' * (SUBJECT_MAX - 2), 'Why.'),
           ('ring: fix it', ''), ('ring: fix it', 'Signed-off-by: A <a@b>'), ('ring: fix it.', 'Why.'), ('ring:fix it', 'Why.')]
    wrong = [one for one in good if list(complaints(*one))] + [one for one in bad if not list(complaints(*one))]
    print(wrong or 'all found')
    return 1 if wrong else 0


def main():
    if sys.argv[1] == '--self-test':
        return self_test()

    def git(*words):
        return subprocess.run(['git', '-c', 'safe.directory=*', '-C', sys.argv[1], *words], capture_output=True, text=True,
                              check=True).stdout
    try:
        new = git('log', '--no-merges', '--format=%h%x00%s%x00%b%x01', BASE + '..HEAD')
    except (OSError, subprocess.CalledProcessError):
        print('the history is not there')
        return SKIP
    bad = count = 0
    for entry in new.split('\x01'):
        if entry.strip():
            count += 1
            commit, subject, body = entry.strip('\n').split('\x00')
            for complaint in complaints(subject, body):
                print('%s "%s": %s' % (commit, subject, complaint))
                bad += 1
    print('%d commits' % count)
    return 1 if bad else 0


sys.exit(main())
