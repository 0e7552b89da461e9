# SPDX-License-Identifier: MIT
"""The reference of the library, made from the comments of its headers.

reference.py man INCLUDE MANUAL FOLDER3 FILE7    manual pages; MANUAL: shmring.1, whose date they have
INCLUDE: the folder of the public headers.
"""
import re
import sys

import manual
import source


def main():
    include, page, folder3, file7 = sys.argv[2:6]
    with open(page, encoding='utf-8') as f:
        date = re.search(r'^\.Dd (.*)', f.read(), re.M).group(1)
    manual.write(source.read(include), folder3, file7, date)


if __name__ == '__main__':
    main()
