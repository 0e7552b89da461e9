/* SPDX-License-Identifier: MIT */
/* reader.c - records out: consumers and observers. A consumer of a reject ring reads in place;
 * where the producer may overwrite, records are copied to h->buf first. */
#include "native.h"

#include <string.h>

#define FIRST_BUFFER 4096u

static PyTypeObject *record_type;

static PyStructSequence_Field record_fields[] = {
    {"data", "the payload, as bytes"},
    {"type", "the number that the sender gave"},
    {"flags", "FLAG_GAP: records were refused before this one"},
    {"stamp", "ns of the monotonic clock at the commit in a stamped ring, else 0"},
    {"position", "bytes from the ring's beginning"},
    {NULL, NULL},
};
static PyStructSequence_Desc record_desc = {"shmring.Record", "One record.", record_fields, 5};

static shmring_status copy_out(handle *h, shmring_record *ret)
{
    return h->kind == OBSERVER ? shmring_observe(h->o, h->buf, h->buf_size, ret)
                               : shmring_try_recv(h->c, h->buf, h->buf_size, ret);
}

static shmring_status grow(handle *h, uint32_t size)
{
    unsigned char *more = PyMem_Realloc(h->buf, size);

    if (more == NULL) {
        return SHMRING_E_NO_MEMORY;
    }
    h->buf = more;
    h->buf_size = size;
    return SHMRING_OK;
}

/* Counts what the last SHMRING_LAPPED lost. */
static void count_lost(handle *h, uint64_t *ret_bytes, uint64_t *ret_records)
{
    *ret_bytes = h->kind == OBSERVER ? shmring_observer_lost(h->o) : shmring_consumer_lost(h->c);
    *ret_records = h->kind == OBSERVER ? shmring_observer_lost_records(h->o) : SHMRING_UNKNOWN;
    h->lost_bytes += *ret_bytes;
    h->lost_records += *ret_records != SHMRING_UNKNOWN ? *ret_records : 0;
}

/* The next record, in place or in h->buf, until reader_taken(). */
shmring_status reader_fetch(handle *h, shmring_record *ret)
{
    shmring_status status = SHMRING_OK;

    if (!h->copies) {
        return shmring_peek(h->c, ret);
    }
    if (!h->pending) {
        if (h->buf_size == 0) {
            status = grow(h, FIRST_BUFFER);
        }
        if (status == SHMRING_OK) {
            status = copy_out(h, &h->record);
        }
        while (status == SHMRING_E_TOO_BIG) {
            status = grow(h, h->record.len);
            if (status == SHMRING_OK) {
                status = copy_out(h, &h->record);
            }
        }
        h->pending = status == SHMRING_OK;
    }
    if (status == SHMRING_OK) {
        h->record.data = h->buf;
        *ret = h->record;
    }
    return status;
}

/* The record of the last fetch is done with. */
void reader_taken(handle *h)
{
    if (h->copies) {
        h->pending = 0;
    } else {
        shmring_release(h->c);
    }
}

static shmring_status wait_for_data(handle *h, uint32_t len, uint64_t timeout_ns)
{
    (void)len;
    return h->kind == OBSERVER ? shmring_observer_wait(h->o, timeout_ns)
                               : shmring_wait_data(h->c, timeout_ns);
}

/* The records of the batch that is shown go back; 0, or -1 with BufferError while views live. */
static int end_batch(handle *h)
{
    if (h->shown == 0 && h->views == 0) {
        return 0;
    }
    if (handle_drop_batch(h) != 0) {
        return -1;
    }
    if (h->shown != 0) {
        shmring_release_many(h->c, h->shown);
        h->shown = 0;
    }
    return 0;
}

/* The next record, past losses, which are counted, where the caller does not want to hear of them.
 */
static shmring_status fetch(handle *h, int hear_losses, shmring_record *ret)
{
    uint64_t bytes, records;
    shmring_status status = reader_fetch(h, ret);

    while (status == SHMRING_LAPPED) {
        count_lost(h, &bytes, &records);
        if (hear_losses) {
            raise_lapped(h, bytes, records);
            break;
        }
        status = reader_fetch(h, ret);
    }
    return status;
}

/* Waits for a record and fetches it, without taking it. Returns 1; 0 when there is none and
 * timeout_ns is 0; -1 with an exception. */
int reader_ready(handle *h, uint64_t timeout_ns, int hear_losses, shmring_record *ret)
{
    shmring_status status;

    if (handle_enter(h) != 0 || end_batch(h) != 0) {
        return -1;
    }
    while ((status = fetch(h, hear_losses, ret)) == SHMRING_EMPTY && timeout_ns != 0) {
        if (handle_wait(h, wait_for_data, 0, timeout_ns, &status) != 0) {
            return -1;
        }
        if (status == SHMRING_EMPTY) {
            raise_flow(h, SHMRING_EMPTY, "the wait was interrupted by interrupt()");
            return -1;
        }
        if (status != SHMRING_OK) {
            break;
        }
    }
    if (status == SHMRING_OK) {
        return 1;
    }
    if (status == SHMRING_EMPTY) {
        return 0;
    }
    if (status != SHMRING_LAPPED) {
        raise_flow(h, status,
                   status == SHMRING_TIMEOUT ? "no record came in the time given" : NULL);
    }
    return -1;
}

static PyObject *payload_of(handle *h, const shmring_record *r)
{
    PyObject *bytes;

    if (r->len < LONG_COPY) {
        return PyBytes_FromStringAndSize(r->data, (Py_ssize_t)r->len);
    }
    bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)r->len);
    if (bytes != NULL) {
        char *to = PyBytes_AsString(bytes);

        h->busy = 1;
        Py_BEGIN_ALLOW_THREADS;
        memcpy(to, r->data, r->len);
        Py_END_ALLOW_THREADS;
        h->busy = 0;
    }
    return bytes;
}

/* Takes the fetched record as a Record. */
static PyObject *take(handle *h, const shmring_record *r)
{
    PyObject *record = PyStructSequence_New(record_type);
    PyObject *data = record != NULL ? payload_of(h, r) : NULL;

    if (data == NULL) {
        Py_XDECREF(record);
        return NULL;
    }
    PyStructSequence_SetItem(record, 0, data);
    PyStructSequence_SetItem(record, 1, PyLong_FromUnsignedLong(r->type));
    PyStructSequence_SetItem(record, 2, PyLong_FromUnsignedLong(r->flags));
    PyStructSequence_SetItem(record, 3, PyLong_FromUnsignedLongLong(r->stamp));
    PyStructSequence_SetItem(record, 4, PyLong_FromUnsignedLongLong(r->position));
    reader_taken(h);
    if (PyErr_Occurred()) {
        Py_CLEAR(record);
    }
    return record;
}

static PyObject *recv_method(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"timeout", NULL};
    handle *h = (handle *)self;
    PyObject *seconds = Py_None;
    shmring_record r;
    uint64_t timeout_ns;
    int found;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:recv", names, &seconds) ||
        handle_timeout(seconds, &timeout_ns) != 0) {
        return NULL;
    }
    found = reader_ready(h, timeout_ns, 1, &r);
    if (found == 0) {
        return raise_flow(h, SHMRING_TIMEOUT, "no record is there");
    }
    return found > 0 ? take(h, &r) : NULL;
}

static PyObject *try_recv_method(PyObject *self, PyObject *unused)
{
    handle *h = (handle *)self;
    shmring_record r;
    int found;

    (void)unused;
    found = reader_ready(h, 0, 1, &r);
    if (found == 0) {
        Py_RETURN_NONE;
    }
    return found > 0 ? take(h, &r) : NULL;
}

/* Whether the exception that is set is the producer's orderly end; cleared if so. */
static int is_the_end(void)
{
    PyObject *kind, *value, *trace, *status = NULL;
    int end;

    PyErr_Fetch(&kind, &value, &trace);
    PyErr_NormalizeException(&kind, &value, &trace);
    status = value != NULL ? PyObject_GetAttrString(value, "status") : NULL;
    PyErr_Clear();
    end = status != NULL && PyLong_Check(status) && PyLong_AsLong(status) == SHMRING_CLOSED;
    Py_XDECREF(status);
    if (end) {
        Py_XDECREF(kind);
        Py_XDECREF(value);
        Py_XDECREF(trace);
    } else {
        PyErr_Restore(kind, value, trace);
    }
    return end;
}

static PyObject *iterate(PyObject *self)
{
    return Py_NewRef(self);
}

static PyObject *next_record(PyObject *self)
{
    handle *h = (handle *)self;
    shmring_record r;

    if (reader_ready(h, SHMRING_FOREVER, 0, &r) > 0) {
        return take(h, &r);
    }
    is_the_end();
    return NULL;
}

static PyObject *try_next_method(PyObject *self, PyObject *unused)
{
    handle *h = (handle *)self;
    shmring_record r;
    int found;

    (void)unused;
    found = reader_ready(h, 0, 0, &r);
    if (found == 0) {
        Py_RETURN_NONE;
    }
    return found > 0 ? take(h, &r) : NULL;
}

static PyObject *get_lost(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromUnsignedLongLong(((handle *)self)->lost_bytes);
}

static PyObject *get_lost_records(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromUnsignedLongLong(((handle *)self)->lost_records);
}

static PyObject *get_copies(PyObject *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(((handle *)self)->copies);
}

static PyObject *seek_method(PyObject *self, PyObject *args)
{
    handle *h = (handle *)self;
    shmring_status status;
    int where;

    if (!PyArg_ParseTuple(args, "i", &where) || handle_enter(h) != 0) {
        return NULL;
    }
    h->pending = 0;
    status = shmring_observer_seek(h->o, where);
    return status == SHMRING_OK ? Py_NewRef(Py_None) : raise_status(status);
}

static int consumer_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return handle_init(self, args, kwargs, CONSUMER);
}

static int observer_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return handle_init(self, args, kwargs, OBSERVER);
}

static PyMethodDef methods[] = {
    HANDLE_METHODS,
    {"recv", WITH_KEYWORDS(recv_method), METH_VARARGS | METH_KEYWORDS,
     "recv(timeout=None): the next record; Timeout, Closed, PeerDead, Lapped"},
    {"try_recv", try_recv_method, METH_NOARGS, "The next record, or None when none is there"},
    {"_try_next", try_next_method, METH_NOARGS, NULL},
    {"_kind", reader_kind, METH_VARARGS, NULL},
    {"_show", reader_show, METH_VARARGS, NULL},
    {"_gather", reader_gather, METH_VARARGS, NULL},
    {"_release", reader_release, METH_NOARGS, NULL},
    {"_seek", seek_method, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef getters[] = {
    HANDLE_GETTERS,
    {"lost", get_lost, NULL, "bytes that the producer overwrote before they were read", NULL},
    {"lost_records", get_lost_records, NULL, "the same in records, as far as it can be told", NULL},
    {"_copies", get_copies, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot consumer_slots[] = {
    {Py_tp_init, consumer_init},
    {Py_tp_dealloc, handle_dealloc},
    {Py_tp_iter, iterate},
    {Py_tp_iternext, next_record},
    {Py_tp_methods, methods},
    {Py_tp_getset, getters},
    {0, NULL},
};
static PyType_Slot observer_slots[] = {
    {Py_tp_init, observer_init},
    {Py_tp_dealloc, handle_dealloc},
    {Py_tp_iter, iterate},
    {Py_tp_iternext, next_record},
    {Py_tp_methods, methods},
    {Py_tp_getset, getters},
    {0, NULL},
};
static PyType_Spec consumer_spec = {"shmring._native.Consumer", sizeof(handle), 0,
                                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, consumer_slots};
static PyType_Spec observer_spec = {"shmring._native.Observer", sizeof(handle), 0,
                                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, observer_slots};

int reader_init(PyObject *module)
{
    record_type = PyStructSequence_NewType(&record_desc);
    if (record_type == NULL ||
        PyModule_AddObjectRef(module, "Record", (PyObject *)record_type) != 0) {
        return -1;
    }
    return type_add(module, &consumer_spec, "Consumer") != NULL &&
                   type_add(module, &observer_spec, "Observer") != NULL
               ? 0
               : -1;
}
