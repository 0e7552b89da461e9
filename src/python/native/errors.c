/* SPDX-License-Identifier: MIT */
/* errors.c - statuses as exceptions. Their classes stand in ../shmring/_errors.py. */
#include "native.h"

static PyObject *make; /* _errors.make(status, message) */

int errors_init(PyObject *module)
{
    PyObject *errors = PyImport_ImportModule("shmring._errors");

    (void)module;
    make = errors != NULL ? PyObject_GetAttrString(errors, "make") : NULL;
    Py_XDECREF(errors);
    return make != NULL ? 0 : -1;
}

/* Sets the exception and returns it, borrowed; NULL where not even that could be made. */
static PyObject *raise(shmring_status status, PyObject *message)
{
    PyObject *error =
        message != NULL ? PyObject_CallFunction(make, "iN", (int)status, message) : NULL;

    if (error != NULL) {
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
        Py_DECREF(error);
    }
    return error;
}

/* With the library's sentence about this thread's last error. */
PyObject *raise_status(shmring_status status)
{
    const char *detail = status < 0 ? shmring_error_detail() : "";

    raise(status, PyUnicode_FromString(*detail != '\0' ? detail : shmring_status_text(status)));
    return NULL;
}

/* With a sentence of our own, for what is no error of the library's. */
PyObject *raise_flow(const handle *h, shmring_status status, const char *what)
{
    if (status < 0) {
        return raise_status(status);
    }
    if (what != NULL) {
        raise(status, PyUnicode_FromFormat("ring '%U': %s", h->name, what));
        return NULL;
    }
    raise(status, PyUnicode_FromFormat("ring '%U': %s", h->name, shmring_status_text(status)));
    return NULL;
}

PyObject *raise_lapped(const handle *h, uint64_t bytes, uint64_t records)
{
    const int told = records != SHMRING_UNKNOWN;
    PyObject *error;

    error = raise(SHMRING_LAPPED,
                  PyUnicode_FromFormat("ring '%U': the producer overwrote %llu bytes before they "
                                       "were read; the next call goes on at the oldest record",
                                       h->name, (unsigned long long)bytes));
    if (error != NULL) {
        PyObject *lost_bytes = PyLong_FromUnsignedLongLong(bytes);
        PyObject *lost_records = told ? PyLong_FromUnsignedLongLong(records) : Py_NewRef(Py_None);

        if (lost_bytes == NULL || lost_records == NULL ||
            PyObject_SetAttrString(error, "lost_bytes", lost_bytes) != 0 ||
            PyObject_SetAttrString(error, "lost_records", lost_records) != 0) {
            PyErr_Clear();
        }
        Py_XDECREF(lost_bytes);
        Py_XDECREF(lost_records);
    }
    return NULL;
}

PyObject *raise_views(const handle *h)
{
    PyErr_Format(PyExc_BufferError,
                 "ring '%U': %zd views still lead into its memory; delete them first, or copy what "
                 "you keep (array.copy(), batches(copy=True))",
                 h->name, h->views);
    return NULL;
}
