# SPDX-License-Identifier: MIT
"""The reference of the library, made from the comments of its headers.

reference.py man INCLUDE MANUAL FOLDER3 FILE7    manual pages; MANUAL: shmring.1, whose date they have
reference.py html INCLUDE VERSION FOLDER         the same for a browser, from index.html
INCLUDE: the folder of the public headers.
"""
import re
import sys

import source


def main():
    kind, include = sys.argv[1:3]
    reference = source.read(include)
    if kind == 'man':
        import manual
        with open(sys.argv[3], encoding='utf-8') as f:
            date = re.search(r'^\.Dd (.*)', f.read(), re.M).group(1)
        manual.write(reference, sys.argv[4], sys.argv[5], date)
    else:
        import web
        web.write(reference, sys.argv[4], sys.argv[3])


if __name__ == '__main__':
    main()
