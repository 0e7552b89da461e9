/* SPDX-License-Identifier: MIT */
/* native.h - the extension module: handles of the library as Python objects. The parts that are
 * plainer in Python stand in ../shmring. This module knows no numpy.
 *
 * Threads: a handle of the library belongs to one thread at a time. The interpreter's lock keeps
 * short calls apart. A call that gives up the lock marks the handle as busy, and others are refused
 * meanwhile. */
#ifndef SHMRING_PYTHON_NATIVE_H
#define SHMRING_PYTHON_NATIVE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <shmring/shmring.h>

/* Copies of at least this many bytes are made without the interpreter's lock. */
#define LONG_COPY 65536u

enum kind { PRODUCER, CONSUMER, OBSERVER };

typedef struct handle {
    PyObject_HEAD enum kind kind;
    union {
        void *any; /* NULL: closed */
        shmring_producer *p;
        shmring_consumer *c;
        shmring_observer *o;
    };
    PyObject *name;
    int busy;           /* a thread is in a call that gave up the lock */
    int closing;        /* close when the last view is gone */
    int copies;         /* records are copied out: observers, and consumers of overwrite rings */
    int open_slot;      /* of a producer: a reservation is open */
    Py_ssize_t views;   /* that lead into the ring's memory */
    uint32_t shown;     /* records of the batch that is shown in place */
    PyObject *batch;    /* a weak reference to the object in front of it, or NULL */
    unsigned char *buf; /* where records are copied to */
    uint32_t buf_size;
    int pending;           /* buf has a record that nobody has taken yet */
    shmring_record record; /* that record */
    unsigned long long lost_bytes, lost_records;
} handle;

/* errors.c */
int errors_init(PyObject *module);
PyObject *raise_status(shmring_status status);
PyObject *raise_flow(const handle *h, shmring_status status, const char *what);
PyObject *raise_lapped(const handle *h, uint64_t bytes, uint64_t records);
PyObject *raise_views(const handle *h);

/* handle.c */
int handle_enter(handle *h);
int handle_drop_batch(handle *h);
int handle_close(handle *h);
void handle_view_gone(handle *h);
int handle_timeout(PyObject *seconds, uint64_t *ret_ns);
void handle_dealloc(PyObject *self);
PyObject *handle_get_name(PyObject *self, void *unused);
PyObject *handle_get_closed(PyObject *self, void *unused);
PyObject *handle_close_method(PyObject *self, PyObject *unused);
PyObject *handle_leave_method(PyObject *self, PyObject *args);
PyObject *handle_interrupt(PyObject *self, PyObject *unused);
PyObject *handle_fileno(PyObject *self, PyObject *unused);
PyObject *handle_info(PyObject *self, PyObject *unused);
PyObject *handle_description(PyObject *self, PyObject *unused);
int handle_init(PyObject *self, PyObject *args, PyObject *kwargs, enum kind kind);
typedef shmring_status (*wait_step)(handle *h, uint32_t len, uint64_t timeout_ns);
int handle_wait(handle *h, wait_step step, uint32_t len, uint64_t timeout_ns,
                shmring_status *ret_status);

/* A function of three arguments, as a table of methods holds it. */
#define WITH_KEYWORDS(function) (PyCFunction)(void (*)(void))(function)

#define HANDLE_METHODS                                                                             \
    {"_close", handle_close_method, METH_NOARGS, NULL},                                            \
        {"_leave", handle_leave_method, METH_VARARGS, NULL},                                       \
        {"interrupt", handle_interrupt, METH_NOARGS, NULL},                                        \
        {"fileno", handle_fileno, METH_NOARGS, NULL}, {"_info", handle_info, METH_NOARGS, NULL},   \
    {                                                                                              \
        "_description", handle_description, METH_NOARGS, NULL                                      \
    }
#define HANDLE_GETTERS                                                                             \
    {"name", handle_get_name, NULL, NULL, NULL},                                                   \
    {                                                                                              \
        "closed", handle_get_closed, NULL, NULL, NULL                                              \
    }

/* reader.c, batch.c, producer.c, reservation.c, outside.c, describe.c */
int reader_init(PyObject *module);
shmring_status reader_fetch(handle *h, shmring_record *ret);
void reader_taken(handle *h);
int reader_ready(handle *h, uint64_t timeout_ns, int hear_losses, shmring_record *ret);
PyObject *reader_show(PyObject *self, PyObject *args);
PyObject *reader_gather(PyObject *self, PyObject *args);
PyObject *reader_release(PyObject *self, PyObject *unused);
PyObject *reader_kind(PyObject *self, PyObject *args);
int batch_init(PyObject *module);
int producer_init(PyObject *module);
int producer_space(handle *h, uint32_t len, uint64_t timeout_ns);
int reservation_init(PyObject *module);
PyObject *reservation_open(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *type_add(PyObject *module, PyType_Spec *spec, const char *name);
PyObject *outside_inspect(PyObject *module, PyObject *args);
PyObject *outside_list(PyObject *module, PyObject *unused);
PyObject *outside_remove(PyObject *module, PyObject *args);
PyObject *outside_describe(PyObject *module, PyObject *args);
PyObject *outside_peer(const shmring_peer *peer);
PyObject *describe_parse(PyObject *module, PyObject *args);

#endif
