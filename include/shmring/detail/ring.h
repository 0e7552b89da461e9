/* SPDX-License-Identifier: MIT */
/* ring.h - the hot path: one producer, one consumer, no lock.
 *
 *      producer                                   consumer
 *
 *   A  load_acquire  cursor (or head)          C  load_acquire  the word at cursor
 *      ... is there room?                         ... is it committed?
 *      write the payload                          read the payload
 *      store 0 to the next word
 *   B  store_release the word                  D  store_release cursor (and now and then head)
 *      store tail
 *
 *   A pairs with D: the consumer's loads of the payload come before its release of the bytes, and
 *   the producer's stores come after its acquire. Without it, bytes still being read are
 *   overwritten.
 *   B pairs with C: the payload and the zero of the next word come before the word. Without it, the
 *   consumer reads stale bytes.
 *
 * The word is what the consumer polls: for a small message, flag and payload arrive in one cache
 * line. In byte framing `tail` takes the place of the word. Edges E (roles) and F (sleep) are
 * where they happen: open.h, wait.h. docs/memory-order.md has the whole argument.
 *
 *   send.h  sending records      handle.h  what each side keeps private, and the slow halves
 *   recv.h  receiving records
 *   bytes.h    byte framing         copy.h, layout.h  copying payloads; the shared bytes
 */
#ifndef SHMRING_DETAIL_RING_H
#define SHMRING_DETAIL_RING_H

#include <shmring/bytes.h>
#include <shmring/recv.h>
#include <shmring/send.h>

#endif
