/* SPDX-License-Identifier: MIT */
/* reservation.c - a record that is filled in place: `with p.reserve(n) as view`. While a view of it
 * lives, neither commit nor abort can end it, for the view would write over later records. */
#include "native.h"

typedef struct reservation {
    PyObject_HEAD handle *owner; /* NULL: it is over */
    void *data;
    unsigned size, type;
    PyObject *view; /* what the with block got */
} reservation;

static PyTypeObject *reservation_type;

static int get_buffer(PyObject *self, Py_buffer *view, int flags)
{
    reservation *r = (reservation *)self;

    if (r->owner == NULL) {
        PyErr_SetString(PyExc_BufferError, "the reservation is over");
        return -1;
    }
    if (PyBuffer_FillInfo(view, self, r->data, (Py_ssize_t)r->size, 0, flags) != 0) {
        return -1;
    }
    r->owner->views++;
    return 0;
}

static void release_buffer(PyObject *self, Py_buffer *view)
{
    (void)view;
    handle_view_gone(((reservation *)self)->owner);
}

/* Ends it; 0, or -1 with an exception. */
static int end(reservation *r, int commit, unsigned size)
{
    handle *h = r->owner;
    shmring_status status = SHMRING_OK;
    PyObject *done;

    if (h == NULL) {
        PyErr_SetString(PyExc_ValueError, "the reservation is over");
        return -1;
    }
    if (commit && size > r->size) {
        PyErr_Format(PyExc_ValueError, "%u bytes do not fit the %u that were reserved", size,
                     r->size);
        return -1;
    }
    if (r->view != NULL) {
        done = PyObject_CallMethod(r->view, "release", NULL);
        if (done == NULL) { /* arrays and slices made of it */
            return -1;
        }
        Py_DECREF(done);
        Py_CLEAR(r->view);
    }
    if (h->views != 0) {
        raise_views(h);
        return -1;
    }
    if (h->any != NULL && commit) {
        status = shmring_commit(h->p, size, (uint16_t)r->type);
    } else if (h->any != NULL) {
        shmring_abort(h->p);
    }
    h->open_slot = 0;
    r->owner = NULL;
    Py_DECREF((PyObject *)h);
    if (status != SHMRING_OK) {
        raise_status(status);
        return -1;
    }
    return 0;
}

static PyObject *commit_method(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"size", NULL};
    reservation *r = (reservation *)self;
    PyObject *size = Py_None;
    unsigned long n = r->size;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:commit", names, &size)) {
        return NULL;
    }
    if (size != Py_None) {
        n = PyLong_AsUnsignedLong(size);
        if (PyErr_Occurred()) {
            return NULL;
        }
    }
    if (n > r->size) {
        n = (unsigned long)r->size + 1; /* what end() refuses */
    }
    return end(r, 1, (unsigned)n) == 0 ? Py_NewRef(Py_None) : NULL;
}

static PyObject *abort_method(PyObject *self, PyObject *unused)
{
    (void)unused;
    return end((reservation *)self, 0, 0) == 0 ? Py_NewRef(Py_None) : NULL;
}

static PyObject *enter_method(PyObject *self, PyObject *unused)
{
    reservation *r = (reservation *)self;

    (void)unused;
    if (r->view == NULL) {
        r->view = PyMemoryView_FromObject(self);
    }
    return r->view != NULL ? Py_NewRef(r->view) : NULL;
}

/* Commits; drops the record when an exception passes. One that is over already stays so. */
static PyObject *exit_method(PyObject *self, PyObject *args)
{
    reservation *r = (reservation *)self;
    PyObject *kind, *value, *trace;

    if (!PyArg_ParseTuple(args, "OOO", &kind, &value, &trace)) {
        return NULL;
    }
    if (r->owner != NULL && end(r, kind == Py_None, r->size) != 0) {
        return NULL;
    }
    Py_RETURN_FALSE;
}

static void dealloc(PyObject *self)
{
    reservation *r = (reservation *)self;
    PyTypeObject *type = Py_TYPE(self);

    if (r->owner != NULL) { /* no view lives, for it would hold us */
        if (r->owner->any != NULL) {
            shmring_abort(r->owner->p);
        }
        r->owner->open_slot = 0;
        Py_DECREF((PyObject *)r->owner);
    }
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static PyMethodDef methods[] = {
    {"commit", WITH_KEYWORDS(commit_method), METH_VARARGS | METH_KEYWORDS,
     "commit(size=None): makes it a record, of fewer bytes if size is given"},
    {"abort", abort_method, METH_NOARGS, "Drops it"},
    {"__enter__", enter_method, METH_NOARGS, NULL},
    {"__exit__", exit_method, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};
static PyType_Slot slots[] = {
    {Py_bf_getbuffer, get_buffer},
    {Py_bf_releasebuffer, release_buffer},
    {Py_tp_dealloc, dealloc},
    {Py_tp_methods, methods},
    {0, NULL},
};
static PyType_Spec spec = {"shmring.Reservation", sizeof(reservation), 0,
                           Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};

/* reserve(size, type=1, timeout=None) */
PyObject *reservation_open(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"size", "type", "timeout", NULL};
    handle *h = (handle *)self;
    PyObject *seconds = Py_None;
    unsigned size, type = 1;
    shmring_status status;
    uint64_t timeout_ns;
    reservation *r;
    void *data;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "I|IO:reserve", names, &size, &type, &seconds) ||
        handle_timeout(seconds, &timeout_ns) != 0 || handle_enter(h) != 0) {
        return NULL;
    }
    while ((status = shmring_reserve(h->p, size, &data)) == SHMRING_FULL && timeout_ns != 0) {
        if (producer_space(h, size, timeout_ns) != 0) {
            return NULL;
        }
    }
    if (status != SHMRING_OK) {
        return raise_flow(h, status, status == SHMRING_FULL ? "no space for this record" : NULL);
    }
    r = (reservation *)PyType_GenericAlloc(reservation_type, 0);
    if (r == NULL) {
        shmring_abort(h->p);
        return NULL;
    }
    r->owner = (handle *)Py_NewRef(self);
    r->data = data;
    r->size = size;
    r->type = type;
    h->open_slot = 1;
    return (PyObject *)r;
}

int reservation_init(PyObject *module)
{
    reservation_type = (PyTypeObject *)type_add(module, &spec, "Reservation");
    return reservation_type != NULL ? 0 : -1;
}
