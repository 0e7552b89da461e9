/* SPDX-License-Identifier: MIT */
#include <shmring/shmring.h>

#include "cases.h"

int main(int argc, char **argv)
{
    gbench_context("shmring", shmring_version());
    register_cost();
    register_stream();
    register_trip();
    register_open();
    register_wait();
    return gbench_main(argc, argv);
}
