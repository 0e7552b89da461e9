/* SPDX-License-Identifier: MIT */
/* batch.c - records of one length and type, many at once: in place as bytes of the ring's memory,
 * or copied into the caller's. */
#include "native.h"

#include <string.h>

/* Bytes of the ring from the first payload of a batch to the end of its last. Read-only, and it
 * counts the views: the batch is released when there are none. */
typedef struct span {
    PyObject_HEAD handle *owner;
    const void *data;
    Py_ssize_t size;
} span;

static PyTypeObject *span_type;

static int span_get(PyObject *self, Py_buffer *view, int flags)
{
    span *s = (span *)self;

    if (s->data == NULL || s->owner->shown == 0) {
        PyErr_SetString(PyExc_BufferError, "the batch was released");
        return -1;
    }
    if (PyBuffer_FillInfo(view, self, (void *)(uintptr_t)s->data, s->size, 1, flags) != 0) {
        return -1;
    }
    s->owner->views++;
    return 0;
}

static void span_release(PyObject *self, Py_buffer *view)
{
    (void)view;
    handle_view_gone(((span *)self)->owner);
}

static void span_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);

    Py_XDECREF((PyObject *)((span *)self)->owner);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static PyType_Slot span_slots[] = {
    {Py_bf_getbuffer, span_get},
    {Py_bf_releasebuffer, span_release},
    {Py_tp_dealloc, span_dealloc},
    {0, NULL},
};
static PyType_Spec span_spec = {"shmring._native.Span", sizeof(span), 0,
                                Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, span_slots};

/* _kind(timeout): waits for a record, takes nothing. (type, bytes) of it; None when there is none
 * and the timeout is 0. Ends a batch that is shown. Losses are counted and gone over. */
PyObject *reader_kind(PyObject *self, PyObject *args)
{
    PyObject *seconds;
    shmring_record r;
    uint64_t timeout_ns;
    int found;

    if (!PyArg_ParseTuple(args, "O", &seconds) || handle_timeout(seconds, &timeout_ns) != 0) {
        return NULL;
    }
    found = reader_ready((handle *)self, timeout_ns, 0, &r);
    if (found == 0) {
        Py_RETURN_NONE;
    }
    return found > 0 ? Py_BuildValue("II", (unsigned)r.type, r.len) : NULL;
}

/* How many of n records have the first one's length and type, one behind the other in memory. */
static uint32_t alike(const shmring_record *r, uint32_t n, Py_ssize_t *ret_stride)
{
    const unsigned char *first = r[0].data;
    uint32_t i;

    *ret_stride = (Py_ssize_t)r[0].len;
    for (i = 1; i < n; i++) {
        const unsigned char *at = r[i].data;

        if (r[i].len != r[0].len || r[i].type != r[0].type || at <= first) {
            break;
        }
        if (i == 1) {
            *ret_stride = at - first;
        } else if (at - first != (Py_ssize_t)i * *ret_stride) {
            break;
        }
    }
    return i;
}

static PyObject *stamps_of(const shmring_record *r, uint32_t n)
{
    PyObject *stamps;
    uint32_t i;

    if (r[0].stamp == 0) {
        return Py_NewRef(Py_None);
    }
    stamps = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)n * 8);
    for (i = 0; stamps != NULL && i < n; i++) {
        memcpy(PyBytes_AsString(stamps) + (size_t)i * 8, &r[i].stamp, 8);
    }
    return stamps;
}

/* _show(max, make): up to max records in place, after _kind() found one. It calls make() with
 * (span, count, stride, position, gap, stamps) and returns the result, which must allow weak
 * references. The end of the batch calls the result's _drop(). */
PyObject *reader_show(PyObject *self, PyObject *args)
{
    shmring_record r[SHMRING_PEEK_MAX];
    handle *h = (handle *)self;
    PyObject *make, *stamps, *batch;
    unsigned max;
    Py_ssize_t stride;
    uint32_t n, i, gap = 0;
    span *s;

    if (!PyArg_ParseTuple(args, "IO", &max, &make) || handle_enter(h) != 0) {
        return NULL;
    }
    if (h->copies || h->shown != 0 || h->views != 0) {
        return raise_views(h);
    }
    n = shmring_peek_many(h->c, r, max < SHMRING_PEEK_MAX ? max : SHMRING_PEEK_MAX);
    if (n == 0) {
        Py_RETURN_NONE;
    }
    n = alike(r, n, &stride);
    for (i = 0; i < n; i++) {
        gap |= r[i].flags & SHMRING_FLAG_GAP;
    }
    s = (span *)PyType_GenericAlloc(span_type, 0);
    stamps = s != NULL ? stamps_of(r, n) : NULL;
    if (stamps == NULL) {
        Py_XDECREF((PyObject *)s);
        return NULL;
    }
    s->owner = (handle *)Py_NewRef(self);
    s->data = r[0].data;
    s->size = (Py_ssize_t)(n - 1) * stride + (Py_ssize_t)r[0].len;
    h->shown = n;
    batch =
        PyObject_CallFunction(make, "NInKON", (PyObject *)s, n, stride,
                              (unsigned long long)r[0].position, gap ? Py_True : Py_False, stamps);
    Py_XDECREF(h->batch);
    h->batch = batch != NULL ? PyWeakref_NewRef(batch, NULL) : NULL;
    if (batch == NULL || h->batch == NULL) {
        Py_XDECREF(batch);
        return NULL;
    }
    return batch;
}

/* _release(): gives the records of the batch back now. */
PyObject *reader_release(PyObject *self, PyObject *unused)
{
    handle *h = (handle *)self;

    (void)unused;
    if (handle_enter(h) != 0 || handle_drop_batch(h) != 0) {
        return NULL;
    }
    if (h->shown != 0) {
        shmring_release_many(h->c, h->shown);
        h->shown = 0;
    }
    Py_RETURN_NONE;
}

/* Copies records like the one that is pending, each of `size` bytes, one behind the other. */
static uint32_t gather(handle *h, unsigned char *to, uint32_t size, uint32_t max, uint16_t type,
                       uint32_t *ret_gap)
{
    shmring_record r;
    uint32_t n = 0;

    while (n < max && reader_fetch(h, &r) == SHMRING_OK && r.len == size && r.type == type) {
        *ret_gap |= r.flags & SHMRING_FLAG_GAP;
        memcpy(to + (size_t)n * size, r.data, size);
        reader_taken(h);
        n++;
    }
    return n;
}

/* _gather(buffer, size): takes records of the first one's type and of `size` bytes into a buffer,
 * as many as it holds; (count, position, gap). A loss ends it and is told by the next call. */
PyObject *reader_gather(PyObject *self, PyObject *args)
{
    handle *h = (handle *)self;
    shmring_record first;
    shmring_status status;
    Py_buffer view;
    uint32_t size, n, gap = 0;

    if (!PyArg_ParseTuple(args, "w*I", &view, &size)) {
        return NULL;
    }
    if (handle_enter(h) != 0 || h->shown != 0) {
        PyBuffer_Release(&view);
        return PyErr_Occurred() ? NULL : raise_views(h);
    }
    status = reader_fetch(h, &first);
    if (status != SHMRING_OK) {
        PyBuffer_Release(&view);
        return raise_flow(h, status, NULL);
    }
    h->busy = 1;
    Py_BEGIN_ALLOW_THREADS;
    n = gather(h, view.buf, size, size != 0 ? (uint32_t)((size_t)view.len / size) : 0, first.type,
               &gap);
    Py_END_ALLOW_THREADS;
    h->busy = 0;
    PyBuffer_Release(&view);
    return Py_BuildValue("IKO", n, (unsigned long long)first.position, gap ? Py_True : Py_False);
}

int batch_init(PyObject *module)
{
    span_type = (PyTypeObject *)type_add(module, &span_spec, "Span");
    return span_type != NULL ? 0 : -1;
}
