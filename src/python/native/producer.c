/* SPDX-License-Identifier: MIT */
/* producer.c - records in: one by one, and many of one size at once. */
#include "native.h"

/* Records between two looks at the signals, in a long send of many. */
#define MANY 4096u

static shmring_status wait_for_space(handle *h, uint32_t len, uint64_t timeout_ns)
{
    return shmring_wait_space(h->p, len, timeout_ns);
}

static shmring_status wait_until_read(handle *h, uint32_t len, uint64_t timeout_ns)
{
    (void)len;
    return shmring_drain(h->p, timeout_ns);
}

/* Waits for space; 0, or -1 with an exception. */
int producer_space(handle *h, uint32_t len, uint64_t timeout_ns)
{
    shmring_status status;

    if (handle_wait(h, wait_for_space, len, timeout_ns, &status) != 0) {
        return -1;
    }
    if (status == SHMRING_OK) {
        return 0;
    }
    raise_flow(h, status,
               status == SHMRING_TIMEOUT ? "no space came free in the time given"
               : status == SHMRING_FULL  ? "the wait was interrupted by interrupt()"
                                         : NULL);
    return -1;
}

static shmring_status send_now(handle *h, const Py_buffer *data, uint16_t type)
{
    shmring_status status;

    if (data->len < (Py_ssize_t)LONG_COPY) {
        return shmring_try_send(h->p, data->buf, (uint32_t)data->len, type);
    }
    h->busy = 1;
    Py_BEGIN_ALLOW_THREADS;
    status = shmring_try_send(h->p, data->buf, (uint32_t)data->len, type);
    Py_END_ALLOW_THREADS;
    h->busy = 0;
    return status;
}

/* Sends; 1, or 0 for a full ring with timeout_ns 0, or -1 with an exception. */
static int send(handle *h, const Py_buffer *data, unsigned type, uint64_t timeout_ns)
{
    shmring_status status;

    if (handle_enter(h) != 0) {
        return -1;
    }
    if (type > UINT16_MAX || (uint64_t)data->len > UINT32_MAX) {
        PyErr_SetString(PyExc_ValueError, type > UINT16_MAX ? "a type is 0 to 65535"
                                                            : "a record has less than 4 GiB");
        return -1;
    }
    while ((status = send_now(h, data, (uint16_t)type)) == SHMRING_FULL && timeout_ns != 0) {
        if (producer_space(h, (uint32_t)data->len, timeout_ns) != 0) {
            return -1;
        }
    }
    if (status == SHMRING_OK || status == SHMRING_FULL) {
        return status == SHMRING_OK;
    }
    raise_flow(h, status, NULL);
    return -1;
}

static PyObject *send_method(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"data", "type", "timeout", NULL};
    PyObject *seconds = Py_None;
    uint64_t timeout_ns;
    unsigned type = 1;
    Py_buffer data;
    int sent;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "y*|IO:send", names, &data, &type, &seconds)) {
        return NULL;
    }
    sent = handle_timeout(seconds, &timeout_ns) == 0 ? send((handle *)self, &data, type, timeout_ns)
                                                     : -1;
    PyBuffer_Release(&data);
    if (sent == 0) {
        return raise_flow((handle *)self, SHMRING_FULL, "no space for this record");
    }
    return sent > 0 ? Py_NewRef(Py_None) : NULL;
}

static PyObject *try_send_method(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"data", "type", NULL};
    unsigned type = 1;
    Py_buffer data;
    int sent;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "y*|I:try_send", names, &data, &type)) {
        return NULL;
    }
    sent = send((handle *)self, &data, type, 0);
    PyBuffer_Release(&data);
    return sent >= 0 ? PyBool_FromLong(sent) : NULL;
}

struct rows {
    const unsigned char *at;
    uint32_t size;
    uint16_t type;
    Py_ssize_t left;
};

/* Stages rows until the ring is full, all are there, or MANY; publishes them together. */
static shmring_status send_rows(handle *h, struct rows *rows)
{
    shmring_status status = SHMRING_OK, published;
    uint32_t n;

    for (n = 0; n < MANY && rows->left != 0; n++) {
        status = shmring_stage(h->p, rows->at, rows->size, rows->type);
        if (status != SHMRING_OK) {
            break;
        }
        rows->at += rows->size;
        rows->left--;
    }
    published = shmring_publish(h->p);
    if (status == SHMRING_FULL) {
        shmring_producer_retry(h->p);
    }
    return published != SHMRING_OK ? published : status;
}

/* _send_rows(buffer, size, type, timeout) -> rows that were not sent, 0 or an exception with
 * `.unsent`. */
static PyObject *send_rows_method(PyObject *self, PyObject *args)
{
    handle *h = (handle *)self;
    shmring_status status = SHMRING_OK;
    struct rows rows;
    unsigned size, type;
    uint64_t timeout_ns;
    PyObject *seconds;
    Py_buffer data;

    if (!PyArg_ParseTuple(args, "y*IIO", &data, &size, &type, &seconds)) {
        return NULL;
    }
    if (handle_timeout(seconds, &timeout_ns) != 0 || handle_enter(h) != 0 || size == 0) {
        PyBuffer_Release(&data);
        return PyErr_Occurred() ? NULL : PyLong_FromLong(0);
    }
    rows = (struct rows){data.buf, size, (uint16_t)type, data.len / (Py_ssize_t)size};
    while (rows.left != 0 && status == SHMRING_OK) {
        h->busy = 1;
        Py_BEGIN_ALLOW_THREADS;
        status = send_rows(h, &rows);
        Py_END_ALLOW_THREADS;
        h->busy = 0;
        if (PyErr_CheckSignals() != 0) {
            break;
        }
        if (status == SHMRING_FULL) {
            status = timeout_ns != 0 && producer_space(h, size, timeout_ns) == 0 ? SHMRING_OK
                                                                                 : SHMRING_FULL;
        }
    }
    PyBuffer_Release(&data);
    if (status != SHMRING_OK && status != SHMRING_FULL && !PyErr_Occurred()) {
        return raise_flow(h, status, NULL);
    }
    return PyErr_Occurred() ? NULL : PyLong_FromSsize_t(rows.left);
}

static PyObject *drain_method(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"timeout", NULL};
    handle *h = (handle *)self;
    PyObject *seconds = Py_None;
    shmring_status status;
    uint64_t timeout_ns;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:drain", names, &seconds) ||
        handle_timeout(seconds, &timeout_ns) != 0 || handle_enter(h) != 0 ||
        handle_wait(h, wait_until_read, 0, timeout_ns, &status) != 0) {
        return NULL;
    }
    if (status == SHMRING_OK) {
        Py_RETURN_NONE;
    }
    return raise_flow(h, status,
                      status == SHMRING_TIMEOUT || timeout_ns == 0
                          ? "not all was read in the time given"
                      : status == SHMRING_FULL ? "the wait was interrupted by interrupt()"
                                               : NULL);
}

static int producer_tp_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return handle_init(self, args, kwargs, PRODUCER);
}

static PyMethodDef methods[] = {
    HANDLE_METHODS,
    {"send", WITH_KEYWORDS(send_method), METH_VARARGS | METH_KEYWORDS,
     "send(data, type=1, timeout=None): copies one record into the ring"},
    {"try_send", WITH_KEYWORDS(try_send_method), METH_VARARGS | METH_KEYWORDS,
     "try_send(data, type=1): whether there was space"},
    {"reserve", WITH_KEYWORDS(reservation_open), METH_VARARGS | METH_KEYWORDS,
     "reserve(size, type=1, timeout=None): a record to be filled in place"},
    {"drain", WITH_KEYWORDS(drain_method), METH_VARARGS | METH_KEYWORDS,
     "drain(timeout=None): waits until everything was read"},
    {"_send_rows", send_rows_method, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef getters[] = {
    HANDLE_GETTERS,
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_init, producer_tp_init},
    {Py_tp_dealloc, handle_dealloc},
    {Py_tp_methods, methods},
    {Py_tp_getset, getters},
    {0, NULL},
};
static PyType_Spec spec = {"shmring._native.Producer", sizeof(handle), 0,
                           Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};

int producer_init(PyObject *module)
{
    return type_add(module, &spec, "Producer") != NULL ? 0 : -1;
}
