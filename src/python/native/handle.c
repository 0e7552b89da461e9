/* SPDX-License-Identifier: MIT */
/* handle.c - what the three kinds of handles have in common: open, close, waits, asking. */
#include "native.h"

/* A wait is cut into pieces of this length, so that signal handlers of Python can run. It is longer
 * than the library's own slices: each piece asks whether the other side lives. */
#define PIECE_NS UINT64_C(100000000)

PyObject *handle_get_name(PyObject *self, void *unused)
{
    const handle *h = (const handle *)self;

    (void)unused;
    return Py_NewRef(h->name != NULL ? h->name : Py_None);
}

PyObject *handle_get_closed(PyObject *self, void *unused)
{
    const handle *h = (const handle *)self;

    (void)unused;
    return PyBool_FromLong(h->any == NULL || h->closing);
}

/* Whether a call may use the handle now; 0, or -1 with an exception. */
int handle_enter(handle *h)
{
    if (h->any == NULL || h->closing) {
        PyErr_Format(PyExc_ValueError, "the ring '%S' is closed", h->name ? h->name : Py_None);
        return -1;
    }
    if (h->busy) {
        PyErr_Format(PyExc_RuntimeError,
                     "ring '%U': another thread is in a call on this handle; give each thread a "
                     "ring of its own",
                     h->name);
        return -1;
    }
    return 0;
}

/* Opens as (name, open_mode, capacity, framing, overflow, lifetime, permissions, stamp, flags,
 * schema, max_record, spin_ns, owner, description). */
int handle_init(PyObject *self, PyObject *args, PyObject *kwargs, enum kind kind)
{
    shmring_options opt = SHMRING_OPTIONS_INIT;
    unsigned long long capacity, schema, owner;
    handle *h = (handle *)self;
    shmring_ring_info ring = SHMRING_RING_INFO_INIT;
    shmring_status status;
    const char *name, *description;

    if (kwargs != NULL && PyDict_Size(kwargs) != 0) {
        PyErr_SetString(PyExc_TypeError, "no keywords here");
        return -1;
    }
    if (!PyArg_ParseTuple(args, "sIKIIIIIIKIIKz", &name, &opt.open_mode, &capacity, &opt.framing,
                          &opt.overflow, &opt.lifetime, &opt.permissions, &opt.stamp, &opt.flags,
                          &schema, &opt.max_record, &opt.spin_ns, &owner, &description)) {
        return -1;
    }
    if (h->any != NULL) {
        PyErr_SetString(PyExc_RuntimeError, "the handle is open");
        return -1;
    }
    opt.capacity = capacity;
    opt.schema = schema;
    opt.owner = owner;
    opt.description = description;
    Py_XDECREF(h->name);
    h->name = PyUnicode_FromString(name);
    if (h->name == NULL) {
        return -1;
    }
    h->kind = kind;
    h->closing = 0;
    Py_BEGIN_ALLOW_THREADS;
    status = kind == PRODUCER   ? shmring_producer_open(&h->p, name, &opt)
             : kind == CONSUMER ? shmring_consumer_open(&h->c, name, &opt)
                                : shmring_observer_open(&h->o, name, &opt);
    Py_END_ALLOW_THREADS;
    if (status != SHMRING_OK) {
        raise_status(status);
        return -1;
    }
    h->copies = kind == OBSERVER || (kind == CONSUMER && shmring_consumer_info(h->c, &ring) == 0 &&
                                     ring.overflow == SHMRING_OVERWRITE);
    return 0;
}

static void close_now(handle *h)
{
    void *any = h->any;
    const enum kind kind = h->kind;

    h->any = NULL;
    h->closing = 0;
    h->shown = 0;
    h->pending = 0;
    Py_CLEAR(h->batch);
    PyMem_Free(h->buf);
    h->buf = NULL;
    h->buf_size = 0;
    if (any != NULL) {
        Py_BEGIN_ALLOW_THREADS;
        if (kind == PRODUCER) {
            shmring_producer_close(any);
        } else if (kind == CONSUMER) {
            shmring_consumer_close(any);
        } else {
            shmring_observer_close(any);
        }
        Py_END_ALLOW_THREADS;
    }
}

/* A view was released. */
void handle_view_gone(handle *h)
{
    h->views--;
    if (h->views == 0 && h->closing && !h->busy) {
        close_now(h);
    }
}

/* Lets go of the batch object's own view, if it lives. Returns 0 when no view is left, else -1 with
 * BufferError. */
int handle_drop_batch(handle *h)
{
    if (h->batch != NULL) {
        PyObject *batch = PyObject_CallNoArgs(h->batch), *done = NULL;

        if (batch != NULL && batch != Py_None) {
            done = PyObject_CallMethod(batch, "_drop", NULL);
        }
        if (batch == NULL || (batch != Py_None && done == NULL)) {
            Py_XDECREF(batch);
            return -1;
        }
        Py_XDECREF(done);
        Py_DECREF(batch);
        Py_CLEAR(h->batch);
    }
    if (h->views != 0) {
        raise_views(h);
        return -1;
    }
    return 0;
}

/* Closes; a second time it does nothing. Refused with BufferError while views live. */
int handle_close(handle *h)
{
    if (h->any == NULL) {
        return 0;
    }
    if (h->busy) {
        return handle_enter(h);
    }
    if (handle_drop_batch(h) != 0) {
        return -1;
    }
    close_now(h);
    return 0;
}

PyObject *handle_close_method(PyObject *self, PyObject *unused)
{
    (void)unused;
    return handle_close((handle *)self) == 0 ? Py_NewRef(Py_None) : NULL;
}

/* The end of a with block. While an exception passes, which may hold views by its traceback, the
 * close waits for the last of them. */
PyObject *handle_leave_method(PyObject *self, PyObject *args)
{
    handle *h = (handle *)self;
    int failing;

    if (!PyArg_ParseTuple(args, "p", &failing)) {
        return NULL;
    }
    if (handle_close(h) == 0) {
        Py_RETURN_NONE;
    }
    if (!failing || !PyErr_ExceptionMatches(PyExc_BufferError)) {
        return NULL;
    }
    PyErr_Clear();
    h->closing = 1;
    Py_RETURN_NONE;
}

void handle_dealloc(PyObject *self)
{
    handle *h = (handle *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject *kind, *value, *trace;

    PyErr_Fetch(&kind, &value, &trace);
    close_now(h);
    Py_CLEAR(h->name);
    PyErr_Restore(kind, value, trace);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

/* None is no limit; else seconds. 0, or -1 with an exception. */
int handle_timeout(PyObject *seconds, uint64_t *ret_ns)
{
    double value;

    if (seconds == NULL || seconds == Py_None) {
        *ret_ns = SHMRING_FOREVER;
        return 0;
    }
    value = PyFloat_AsDouble(seconds);
    if (value == -1.0 && PyErr_Occurred()) {
        return -1;
    }
    if (!(value >= 0)) {
        PyErr_SetString(PyExc_ValueError, "a timeout is 0 or more seconds, or None for no limit");
        return -1;
    }
    *ret_ns = value < 1e9 ? (uint64_t)(value * 1e9) : SHMRING_FOREVER;
    return 0;
}

/* Waits by `step`, in pieces between which signals are handled, without the interpreter's lock.
 * Returns 0 with a status, or -1 with the exception of a signal handler. */
int handle_wait(handle *h, wait_step step, uint32_t len, uint64_t timeout_ns,
                shmring_status *ret_status)
{
    for (;;) {
        const uint64_t piece = timeout_ns < PIECE_NS ? timeout_ns : PIECE_NS;

        h->busy = 1;
        Py_BEGIN_ALLOW_THREADS;
        *ret_status = step(h, len, piece);
        Py_END_ALLOW_THREADS;
        h->busy = 0;
        if (PyErr_CheckSignals() != 0) {
            return -1;
        }
        if (*ret_status != SHMRING_TIMEOUT) {
            return 0;
        }
        if (timeout_ns != SHMRING_FOREVER) {
            timeout_ns -= piece;
            if (timeout_ns == 0) {
                return 0;
            }
        }
    }
}

PyObject *handle_interrupt(PyObject *self, PyObject *unused)
{
    handle *h = (handle *)self;

    (void)unused;
    if (h->any != NULL) {
        if (h->kind == PRODUCER) {
            shmring_producer_interrupt(h->p);
        } else if (h->kind == CONSUMER) {
            shmring_consumer_interrupt(h->c);
        } else {
            shmring_observer_interrupt(h->o);
        }
    }
    Py_RETURN_NONE;
}

PyObject *handle_fileno(PyObject *self, PyObject *unused)
{
    handle *h = (handle *)self;
    int fd;

    (void)unused;
    if (handle_enter(h) != 0) {
        return NULL;
    }
    fd = h->kind == PRODUCER   ? shmring_producer_fd(h->p)
         : h->kind == CONSUMER ? shmring_consumer_fd(h->c)
                               : shmring_observer_fd(h->o);
    return fd >= 0 ? PyLong_FromLong(fd) : raise_status(SHMRING_E_OS);
}

/* (capacity, max_record, framing, overflow, lifetime, stamp, schema, peer) of a pair's side; None
 * of an observer. */
PyObject *handle_info(PyObject *self, PyObject *unused)
{
    shmring_ring_info ring = SHMRING_RING_INFO_INIT;
    shmring_peer peer = SHMRING_PEER_INIT;
    handle *h = (handle *)self;
    shmring_status status;

    (void)unused;
    if (handle_enter(h) != 0) {
        return NULL;
    }
    if (h->kind == OBSERVER) {
        Py_RETURN_NONE;
    }
    status = h->kind == PRODUCER ? shmring_producer_info(h->p, &ring)
                                 : shmring_consumer_info(h->c, &ring);
    if (status == SHMRING_OK) {
        status = h->kind == PRODUCER ? shmring_producer_peer(h->p, &peer)
                                     : shmring_consumer_peer(h->c, &peer);
    }
    if (status != SHMRING_OK) {
        return raise_status(status);
    }
    return Py_BuildValue("(KIIIIIKN)", (unsigned long long)ring.capacity, ring.max_record,
                         ring.framing, ring.overflow, ring.lifetime, ring.stamp,
                         (unsigned long long)ring.schema, outside_peer(&peer));
}

/* The text of the ring's description; None when it has none. */
PyObject *handle_description(PyObject *self, PyObject *unused)
{
    shmring_description *d = NULL;
    handle *h = (handle *)self;
    shmring_status status;
    PyObject *text;

    (void)unused;
    if (handle_enter(h) != 0) {
        return NULL;
    }
    status = h->kind == PRODUCER   ? shmring_producer_description(h->p, &d)
             : h->kind == CONSUMER ? shmring_consumer_description(h->c, &d)
                                   : shmring_observer_description(h->o, &d);
    if (status == SHMRING_EMPTY) {
        Py_RETURN_NONE;
    }
    if (status != SHMRING_OK) {
        return raise_status(status);
    }
    text = PyUnicode_FromString(shmring_description_text(d));
    shmring_description_free(d);
    return text;
}
