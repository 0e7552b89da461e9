/* SPDX-License-Identifier: MIT */
/* module.c - shmring._native: what is in it. */
#include "native.h"

/* Makes a type and adds it; borrowed. */
PyObject *type_add(PyObject *module, PyType_Spec *spec, const char *name)
{
    PyObject *type = PyType_FromSpec(spec);

    if (type != NULL && PyModule_AddObjectRef(module, name, type) != 0) {
        Py_CLEAR(type);
    }
    return type; /* the module lives as long as the process, and one reference is ours */
}

static PyMethodDef functions[] = {
    {"inspect", outside_inspect, METH_VARARGS,
     "inspect(name): what a ring says of itself, as a dict"},
    {"list", outside_list, METH_NOARGS, "list(): the names of this user's rings"},
    {"remove", outside_remove, METH_VARARGS, "remove(name): removes a ring's name"},
    {"describe", outside_describe, METH_VARARGS,
     "describe(name): the text of a ring's description, or None"},
    {"parse", describe_parse, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "shmring._native", NULL, -1, functions, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__native(void);

PyMODINIT_FUNC PyInit__native(void)
{
    PyObject *module = PyModule_Create(&definition);

    if (module != NULL &&
        (errors_init(module) != 0 || reader_init(module) != 0 || batch_init(module) != 0 ||
         producer_init(module) != 0 || reservation_init(module) != 0 ||
         PyModule_AddIntConstant(module, "FLAG_GAP", SHMRING_FLAG_GAP) != 0 ||
         PyModule_AddStringConstant(module, "version", shmring_version()) != 0)) {
        Py_CLEAR(module);
    }
    return module;
}
