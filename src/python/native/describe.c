/* SPDX-License-Identifier: MIT */
/* describe.c - a parsed description as plain Python values, of which ../shmring/_description.py
 * makes dtypes. */
#include "native.h"

#include <string.h>

/* (name, kind, type_name, offset, count, is_array, unit, index of the nested type or None) */
static PyObject *field_of(const shmring_field *f)
{
    PyObject *nested =
        f->nested != NULL ? PyLong_FromUnsignedLong(f->nested->index) : Py_NewRef(Py_None);

    return Py_BuildValue("(sIsIIIsN)", f->name, f->kind, f->type_name, f->offset, f->count,
                         f->is_array, f->unit, nested);
}

/* (name, number or None, struct_size, has_string, [fields]) */
static PyObject *type_of(const shmring_type *type)
{
    PyObject *fields = PyList_New(0), *number;
    uint32_t i;

    for (i = 0; fields != NULL && i < type->field_count; i++) {
        PyObject *field = field_of(shmring_type_field(type, i));

        if (field == NULL || PyList_Append(fields, field) != 0) {
            Py_CLEAR(fields);
        }
        Py_XDECREF(field);
    }
    if (fields == NULL) {
        return NULL;
    }
    number = type->number != SHMRING_TYPE_UNNUMBERED ? PyLong_FromUnsignedLong(type->number)
                                                     : Py_NewRef(Py_None);
    return Py_BuildValue("(sNIIN)", type->name, number, type->size, type->has_string, fields);
}

/* parse(text) -> (canonical text, hash, [types]) */
PyObject *describe_parse(PyObject *module, PyObject *args)
{
    shmring_description *d = NULL;
    shmring_status status;
    PyObject *types;
    const char *text;
    uint32_t i;

    (void)module;
    if (!PyArg_ParseTuple(args, "s:parse", &text)) {
        return NULL;
    }
    status = shmring_description_parse(&d, text, strlen(text), NULL);
    if (status != SHMRING_OK) {
        return raise_status(status);
    }
    types = PyList_New(0);
    for (i = 0; types != NULL && i < shmring_description_types(d); i++) {
        PyObject *type = type_of(shmring_description_type(d, i));

        if (type == NULL || PyList_Append(types, type) != 0) {
            Py_CLEAR(types);
        }
        Py_XDECREF(type);
    }
    if (types != NULL) {
        types = Py_BuildValue("(sKN)", shmring_description_canonical(d),
                              (unsigned long long)shmring_description_hash(d), types);
    }
    shmring_description_free(d);
    return types;
}
