/* SPDX-License-Identifier: MIT */
/* outside.c - rings from outside: inspect, list, remove, describe. */
#include "native.h"

#include <string.h>

static PyObject *word_of(uint32_t value, const char *zero, const char *one)
{
    return PyUnicode_FromString(value == 0 ? zero : one);
}

/* Steals value. */
static int set(PyObject *dict, const char *key, PyObject *value)
{
    const int bad = value == NULL || PyDict_SetItemString(dict, key, value) != 0;

    Py_XDECREF(value);
    return bad;
}

static int set_number(PyObject *dict, const char *key, uint64_t value)
{
    return set(dict, key, PyLong_FromUnsignedLongLong(value));
}

static int set_known(PyObject *dict, const char *key, uint64_t value)
{
    return value == SHMRING_UNKNOWN ? set(dict, key, Py_NewRef(Py_None))
                                    : set_number(dict, key, value);
}

static PyObject *text_of(const char *bytes)
{
    return PyUnicode_DecodeLatin1(bytes, (Py_ssize_t)strlen(bytes), NULL);
}

static PyObject *role_of(const shmring_role_info *role)
{
    PyObject *dict = PyDict_New();

    if (dict != NULL &&
        (set_number(dict, "pid", role->pid) || set_number(dict, "epoch", role->epoch) ||
         set(dict, "alive", PyBool_FromLong((long)role->alive)) ||
         set(dict, "waiting", PyBool_FromLong((long)role->waiting)) ||
         set(dict, "program", text_of(role->program)))) {
        Py_CLEAR(dict);
    }
    return dict;
}

static PyObject *counters_of(const shmring_info *i)
{
    PyObject *dict = PyDict_New();
    int bad = dict == NULL;

    bad = bad || set_number(dict, "sent", i->counters.sent);
    bad = bad || set_number(dict, "received", i->counters.received);
    bad = bad || set_number(dict, "rejected", i->counters.rejected);
    bad = bad || set_number(dict, "gaps", i->counters.gaps);
    bad = bad || set_number(dict, "high_water", i->counters.high_water);
    bad = bad || set_number(dict, "recovered", i->counters.recovered);
    bad = bad || set_number(dict, "lapped", i->counters.lapped);
    bad = bad || set_number(dict, "lapped_bytes", i->counters.lapped_bytes);
    bad = bad || set_known(dict, "evicted", i->counters.evicted);
    if (bad) {
        Py_CLEAR(dict);
    }
    return dict;
}

static PyObject *stamp_of(uint32_t stamp)
{
    return PyUnicode_FromString(stamp == SHMRING_STAMP_NONE        ? "none"
                                : stamp == SHMRING_STAMP_MONOTONIC ? "monotonic"
                                                                   : "tsc");
}

/* inspect(name) -> dict */
PyObject *outside_inspect(PyObject *module, PyObject *args)
{
    PyObject *dict;
    shmring_info i;
    shmring_status status;
    const char *name;
    int bad;

    (void)module;
    if (!PyArg_ParseTuple(args, "s:inspect", &name)) {
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS;
    status = shmring_inspect(name, &i);
    Py_END_ALLOW_THREADS;
    if (status != SHMRING_OK) {
        return raise_status(status);
    }
    dict = PyDict_New();
    bad = dict == NULL || set(dict, "name", text_of(i.name));
    bad = bad || set_number(dict, "capacity", i.capacity);
    bad = bad || set(dict, "framing", word_of(i.framing, "records", "bytes"));
    bad = bad || set(dict, "overflow", word_of(i.overflow, "reject", "overwrite"));
    bad = bad || set(dict, "persistent", PyBool_FromLong((long)i.lifetime));
    bad = bad || set(dict, "stamp", stamp_of(i.stamp));
    bad = bad || set_number(dict, "max_record", i.max_record);
    bad = bad || set_number(dict, "permissions", i.permissions);
    bad = bad || set_number(dict, "owner", i.owner);
    bad = bad || set_number(dict, "schema", i.schema);
    bad = bad || set_number(dict, "created_ns", i.created_ns);
    bad = bad || set_number(dict, "tail", i.tail) || set_number(dict, "head", i.head);
    bad = bad || set_number(dict, "used", i.used);
    bad = bad || set(dict, "alive", PyBool_FromLong((long)i.alive));
    bad = bad || set(dict, "producer", role_of(&i.producer));
    bad = bad || set(dict, "consumer", role_of(&i.consumer));
    bad = bad || set(dict, "counters", counters_of(&i));
    if (bad) {
        Py_CLEAR(dict);
    }
    return dict;
}

/* (state, pid, program, removed) */
PyObject *outside_peer(const shmring_peer *peer)
{
    static const char *const states[] = {"absent", "alive", "closed", "dead"};

    return Py_BuildValue("(sKNN)", peer->state < 4 ? states[peer->state] : "unknown",
                         (unsigned long long)peer->pid, text_of(peer->program),
                         PyBool_FromLong((long)peer->removed));
}

static int add_name(const char *name, void *arg)
{
    PyObject *one = PyUnicode_FromString(name);
    const int bad = one == NULL || PyList_Append(arg, one) != 0;

    Py_XDECREF(one);
    return bad;
}

/* list() -> names */
PyObject *outside_list(PyObject *module, PyObject *unused)
{
    PyObject *names = PyList_New(0);
    shmring_status status;

    (void)module;
    (void)unused;
    if (names == NULL) {
        return NULL;
    }
    status = shmring_list(add_name, names);
    if (status != SHMRING_OK || PyErr_Occurred() || PyList_Sort(names) != 0) {
        Py_DECREF(names);
        return PyErr_Occurred() ? NULL : raise_status(status);
    }
    return names;
}

/* remove(name) */
PyObject *outside_remove(PyObject *module, PyObject *args)
{
    shmring_status status;
    const char *name;

    (void)module;
    if (!PyArg_ParseTuple(args, "s:remove", &name)) {
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS;
    status = shmring_remove(name);
    Py_END_ALLOW_THREADS;
    return status == SHMRING_OK ? Py_NewRef(Py_None) : raise_status(status);
}

/* describe(name) -> text, or None */
PyObject *outside_describe(PyObject *module, PyObject *args)
{
    char text[SHMRING_DESCRIPTION_MAX + 1];
    shmring_status status;
    const char *name;
    uint32_t len;

    (void)module;
    if (!PyArg_ParseTuple(args, "s:describe", &name)) {
        return NULL;
    }
    status = shmring_describe(name, text, sizeof text, &len);
    if (status == SHMRING_EMPTY) {
        Py_RETURN_NONE;
    }
    return status == SHMRING_OK ? PyUnicode_DecodeUTF8(text, (Py_ssize_t)len, "replace")
                                : raise_status(status);
}
