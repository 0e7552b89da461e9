/* SPDX-License-Identifier: MIT */
/* shmring.h - a lock-free single-producer single-consumer ring over named shared memory.
 *
 *   // one process                              // another process
 *   shmring_producer *p;                        shmring_consumer *c;
 *   shmring_producer_open(&p, "temps", NULL);   shmring_consumer_open(&c, "temps", NULL);
 *                                               double t;
 *   double t = 21.5;                            shmring_record r;
 *   shmring_try_send(p, &t, sizeof t, 1);       while (shmring_recv(c, &t, sizeof t, &r,
 *                                                                   SHMRING_FOREVER) == SHMRING_OK)
 *   shmring_producer_close(p);                      printf("%g\n", t);
 *                                               shmring_consumer_close(c);
 *
 * Either process may start first. Every call says what it returns; shmring_error_detail() says why.
 *
 * To do this, call that. Each part of the list is one header, <shmring/open.h> and so on.
 *
 *   open.h      names and handles
 *     open a side, and make the ring if need be   shmring_producer_open(), shmring_consumer_open()
 *     make a ring and take no side                shmring_create()
 *     make one without a name, and open it        shmring_create_fd(),
 *                                                 shmring_producer_open_fd(),
 *                                                 shmring_consumer_open_fd()
 *     give a side back                            shmring_producer_close(),
 *                                                 shmring_consumer_close()
 *     remove a name; all that dead processes left shmring_remove(), shmring_prune()
 *     find the rings of this user                 shmring_list()
 *     survive a peer that cuts the ring's file    shmring_guard()
 *   send.h      records in, without waiting
 *     send a record by copying it                 shmring_try_send()
 *     make a record in place                      shmring_reserve(), shmring_commit(),
 *                                                 shmring_abort()
 *     commit many at once                         shmring_stage(), shmring_publish()
 *     try a refused record again                  shmring_producer_retry()
 *     pause between two tries                     shmring_producer_relax()
 *   recv.h      records out, without waiting
 *     receive a record by copying it              shmring_try_recv()
 *     look at one in place, then give it back     shmring_peek(), shmring_release()
 *     the same for many at once                   shmring_peek_many(), shmring_release_many()
 *     pause between two looks                     shmring_consumer_relax()
 *   wait.h      waiting, and event loops
 *     send or receive a record, and wait for it   shmring_send(), shmring_recv()
 *     wait for a record, or for bytes             shmring_wait_data(), shmring_wait_data_for()
 *     wait for space                              shmring_wait_space(), shmring_wait_space_for()
 *     wait until all was read                     shmring_drain()
 *     wait for any of many rings                  shmring_wait_any()
 *     end a wait from elsewhere                   shmring_consumer_interrupt(),
 *                                                 shmring_producer_interrupt()
 *     wait by poll, epoll, io_uring               shmring_consumer_fd(), shmring_producer_fd()
 *     wait by WaitForMultipleObjects              shmring_consumer_handle(),
 *                                                 shmring_producer_handle()
 *   bytes.h     rings of bytes
 *     write or read by copying                    shmring_try_write(), shmring_try_read()
 *     write in place                              shmring_write_span(), shmring_write_span_for(),
 *                                                 shmring_write_advance()
 *     read in place                               shmring_read_span(), shmring_read_span_for(),
 *                                                 shmring_read_advance()
 *   observe.h   watching without taking part
 *     open and close                              shmring_observer_open(), shmring_observer_close()
 *     get the next record; wait for it            shmring_observe(), shmring_observer_wait()
 *     go to the oldest or newest; pass one over   shmring_observer_seek(), shmring_observer_skip()
 *     end a wait; wait in an event loop           shmring_observer_interrupt(),
 *                                                 shmring_observer_fd(), shmring_observer_handle()
 *     learn what was overwritten                  shmring_observer_lost(),
 *                                                 shmring_observer_lost_records(),
 *                                                 shmring_consumer_lost()
 *   peer.h      a handle's ring and its other side
 *     ask for capacity, framing, schema           shmring_producer_info(), shmring_consumer_info()
 *     ask who is on the other side                shmring_producer_peer(), shmring_consumer_peer()
 *   note.h      copying into a ring from elsewhere
 *     keep how far the copy is; read it again     shmring_producer_note(), shmring_producer_noted()
 *     say that records are missing here           shmring_producer_gap()
 *   inspect.h   a ring from outside
 *     read its properties and counters            shmring_inspect()
 *     check all that must hold                    shmring_verify(), shmring_verify_file()
 *     mend a corrupt one                          shmring_repair(), shmring_repair_file()
 *   latency.h   how long records lay in a stamped ring
 *     read the counts                             shmring_inspect_latency()
 *     sum counts up                               shmring_latency_of(), shmring_latency_quantile()
 *     count by yourself                           shmring_latency_count(),
 *                                                 shmring_latency_bucket(),
 *                                                 shmring_latency_bucket_top()
 *   describe.h  what records are made of
 *     read a ring's description                   shmring_describe(), shmring_description_read(),
 *                                                 shmring_producer_description(),
 *                                                 shmring_consumer_description(),
 *                                                 shmring_observer_description()
 *     parse a text, and free it                   shmring_description_parse(),
 *                                                 shmring_description_free()
 *     ask a description                           shmring_description_text(),
 *                                                 shmring_description_canonical(),
 *                                                 shmring_description_hash(),
 *                                                 shmring_description_compare(),
 *                                                 shmring_description_types(),
 *                                                 shmring_description_type()
 *     find types, fields and constants            shmring_type_numbered(), shmring_type_named(),
 *                                                 shmring_type_field(), shmring_type_constant(),
 *                                                 shmring_field_named(), shmring_type_find()
 *     read a record's fields                      shmring_type_check(), shmring_members_begin(),
 *                                                 shmring_members_next(), shmring_number_of(),
 *                                                 shmring_integer_of(), shmring_string_of()
 *   status.h    statuses
 *     say what happened                           shmring_status_text(), shmring_error_detail()
 *   version.h   the version of the library
 *     compare it with the headers'                shmring_version()
 *
 * Without functions: typed.h describes a struct by a list of its members, and types.h has the
 * structs and constants.
 */
#ifndef SHMRING_SHMRING_H
#define SHMRING_SHMRING_H

#include <shmring/describe.h>
#include <shmring/inspect.h>
#include <shmring/latency.h>
#include <shmring/note.h>
#include <shmring/observe.h>
#include <shmring/open.h>
#include <shmring/peer.h>
#include <shmring/detail/ring.h>
#include <shmring/status.h>
#include <shmring/typed.h>
#include <shmring/version.h>
#include <shmring/wait.h>

#endif
