# SPDX-License-Identifier: MIT
"""Descriptions as dtypes, and dtypes as descriptions."""
from . import _native

EPOCH = 'ns-since-1970'  # the unit by which a field is a datetime64
NUMBERS = {1: '?', 2: 'u1', 3: 'S1', 4: 'i1', 5: 'u1', 6: 'i2', 7: 'u2', 8: 'i4', 9: 'u4', 10: 'i8', 11: 'u8',
           12: 'f4', 13: 'f8'}
CHAR, STRING, NESTED = 3, 14, 15
NAMES = {'?': 'bool', 'i1': 'int8', 'u1': 'uint8', 'i2': 'int16', 'u2': 'uint16', 'i4': 'int32', 'u4': 'uint32',
         'i8': 'int64', 'u8': 'uint64', 'f4': 'float32', 'f8': 'float64'}


class Description:
    """A parsed description: `.text`, `.hash` (a schema number), `.types` (number -> name), `.dtype(type)`."""

    def __init__(self, text):
        self.text = text
        self.canonical, self.hash, self._parsed = _native.parse(text)
        self.types = {number: name for name, number, _, _, _ in self._parsed if number is not None}

    def dtype(self, type):
        """The numpy dtype of records of this type, given by number or name."""
        for name, number, size, has_string, fields in self._parsed:
            if type in (number, name):
                if has_string:
                    raise ValueError('records of type %s end with a string, so they have no fixed size: use recv()' % name)
                return self._struct(size, fields)
        raise KeyError('the description has no type %r' % (type,))

    def units(self, type):
        """field -> unit, of the fields that have one."""
        for name, number, _, _, fields in self._parsed:
            if type in (number, name):
                return {field[0]: field[6] for field in fields if field[6]}
        raise KeyError('the description has no type %r' % (type,))

    def _struct(self, size, fields):
        import numpy as np
        return np.dtype({'names': [field[0] for field in fields], 'offsets': [field[3] for field in fields],
                         'formats': [self._format(*field) for field in fields], 'itemsize': size})

    def _format(self, name, kind, type_name, offset, count, is_array, unit, nested):
        import numpy as np
        if kind == CHAR and is_array:
            return 'S%d' % count
        if kind == NESTED:
            _, _, size, _, fields = self._parsed[nested]
            one = self._struct(size, fields)
        elif unit == EPOCH and kind in (10, 11):
            one = np.dtype('M8[ns]')
        else:
            one = np.dtype(NUMBERS[kind])
        return (one, (count,)) if is_array else one

    def __repr__(self):
        return '<shmring.Description %s>' % ', '.join('%d %s' % one for one in self.types.items())


def describe_dtype(dtype, name, type=1, units=None):
    """The text that describes a structured dtype, whose fields must lie as a C struct's: np.dtype(..., align=True)."""
    import numpy as np
    dtype = np.dtype(dtype)
    if dtype.names is None:
        raise ValueError('a description is of a structured dtype, not of %r' % dtype)
    lines = ['type %d %s' % (type, name)] + _fields(dtype, units or {})
    text = '\n'.join(lines) + '\n'
    made = Description(text).dtype(name)
    if [dtype.fields[one][1] for one in dtype.names] != [made.fields[one][1] for one in made.names]:
        raise ValueError('the fields do not lie as in a C struct: make the dtype with align=True')
    return text


def _fields(dtype, units):
    lines = []
    for field in dtype.names:
        one, shape = (dtype.fields[field][0].subdtype or (dtype.fields[field][0], ()))
        unit, count = units.get(field), ''
        if len(shape) > 1:
            raise ValueError('field %r has %d dimensions, and a description one' % (field, len(shape)))
        if shape:
            count = '[%d]' % shape[0]
        if one.names is not None:
            raise ValueError('field %r is a struct of its own: write that description by hand' % field)
        if one.kind == 'S' and not shape:
            word, count = 'char', '[%d]' % one.itemsize
        elif one.kind in 'mM':
            if one.str[-4:] != '[ns]':
                raise ValueError('field %r: times are of ns, not %s' % (field, one))
            word, unit = 'int64', unit or (EPOCH if one.kind == 'M' else 'ns')
        else:
            code = '?' if one.kind == 'b' else one.kind + str(one.itemsize)
            if code not in NAMES or one.byteorder == '>':
                raise ValueError('field %r: a description has no %s' % (field, one))
            word = NAMES[code]
        lines.append('%s%s %s%s' % (word, count, field, '  # [%s]' % unit if unit else ''))
    return lines
