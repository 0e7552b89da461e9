// SPDX-License-Identifier: MIT
// cxx_test.cc - shmring.hpp: what the C API answers arrives, and nothing is lost on the way. Built
// with each compiler, with and without exceptions.
#include "cxx_check.hh"

void run_records();
void run_handles();
void run_flow();
void run_outside();
void run_described();

int main()
{
    run_records();
    run_handles();
    run_flow();
    run_outside();
    run_described();
    return check_done();
}
