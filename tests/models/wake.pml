/* SPDX-License-Identifier: MIT */
/* wake.pml - edge F: sleeping and waking as src/wait/wait.c, src/wait/wake.c, send.h and recv.h do it,
 * on processors with store buffers. models.py says how it is checked and which mutants must fail;
 * docs/models.md says what is left out.
 *
 * A producer sends MESSAGES through a ring that holds CAPACITY, to a consumer. Both wait for each
 * other; either may be killed at every step, and may have a successor. Slices never end by
 * themselves, except that the first slice of a waiter whose waker does not fence yet ends when
 * nothing else can happen, and that a death ends a sleep (ask_peer's part). So a lost wake-up is a
 * state from which nothing goes on: an invalid end state.
 */
#ifndef MESSAGES
#define MESSAGES 2
#endif
#ifndef CAPACITY
#define CAPACITY 1
#endif
#ifndef KILLS
#define KILLS 0
#endif
#ifndef BUFFER
#define BUFFER 3 /* stores that a processor may hold back */
#endif
#ifndef REVIEW
#define REVIEW 2 /* publications between two reviews of a fence request; FENCE_REVIEW */
#endif

/* What a process may find when it opens: bit 0, that it can register for membarrier and call it; bit
 * 1, that it can register only; bit 2, call only; bit 3, neither. */
#ifndef SYSTEMS
#define SYSTEMS 15
#endif
/* Who may be killed: 1 the producer, 2 the consumer. */
#ifndef VICTIMS
#define VICTIMS 3
#endif

#define PRODUCER 0
#define CONSUMER 1

/* Shared words with one writer. Each goes through its writer's store buffer. */
#define POSITION(side)   (0 + side) /* tail (or the word), and cursor */
#define CAPABILITY(side) (2 + side)
#define STATE(side)      (4 + side)
#define EPOCH(side)      (6 + side)
#define WANT             8
byte memory[9];
chan buffer[2] = [BUFFER] of { byte, byte };

/* The bells have two writers and are changed by locked operations only. */
bool asleep[2], fence_wish[2];
#define BELL_IS_ZERO(side) (!asleep[side] && !fence_wish[side])

#define MEMBARRIER 1
#define FENCES     2
#define ATTACHED   1
#define CLOSED     2

bool held[2];     /* the role's lock */
bool in_futex[2]; /* sleeps in the kernel; with DESCRIPTOR: nothing was heard */
bool orphan[2];   /* the other side died during this wait: its slice will end */
bool gone[2];     /* no successor will come */
bool idle[2];     /* lives, and will do nothing more */
bool kill[2];
bool reached[2];  /* registered for membarrier */
bool gave_up;     /* somebody closed before the end, as it may */
byte kills = KILLS;
byte sets[2], wakes[2]; /* how often a bell was set, and its waiter woken for it */

/* The memory: takes the oldest store out of either buffer, at any time. */
active proctype memory_system()
{
    byte at, value;
end:
    do
    :: atomic { buffer[PRODUCER]?at,value -> memory[at] = value; at = 0; value = 0 }
    :: atomic { buffer[CONSUMER]?at,value -> memory[at] = value; at = 0; value = 0 }
    od
}

active proctype killer()
{
end:
    do
    :: atomic { (VICTIMS & 1) != 0 && kills > 0 && held[PRODUCER] && !kill[PRODUCER] ->
                kill[PRODUCER] = true; kills-- }
    :: atomic { (VICTIMS & 2) != 0 && kills > 0 && held[CONSUMER] && !kill[CONSUMER] ->
                kill[CONSUMER] = true; kills-- }
    od
}

#define STORE(at, value) buffer[me]!at,value
#define FULL_BARRIER     len(buffer[me]) == 0

inline membarrier()
{
    atomic {
        FULL_BARRIER;
        do
        :: reached[1 - me] && len(buffer[1 - me]) > 0 ->
            buffer[1 - me]?at,value; memory[at] = value
        :: else -> break
        od;
        at = 0; value = 0
    }
}

/* ---- the waker: shmring_ring_bell_(), the end of shmring_advance_(), wake.c ---- */

/* Whether a waiter waits; the producer also said how far the cursor must come. */
#define WAITS (asleep[1 - me] && (me == PRODUCER || position >= memory[WANT]))

inline bell_ring()
{
    atomic {
        FULL_BARRIER; /* the AND is a locked operation */
        if
        :: asleep[1 - me] ->
            wakes[1 - me]++;
            assert(wakes[1 - me] <= sets[1 - me]); /* one wake for a sleep, also a dead one's */
#if !defined(BELL_NOT_CLEARED)
            asleep[1 - me] = false;
#endif
            rang = true
        :: else -> rang = false
        fi
    }
    if
    :: rang -> in_futex[1 - me] = false; rang = false
    :: else
    fi
}

/* review_fence(): is the request still somebody's? */
inline review_fence()
{
    if
    :: !reached[me] -> fence = 1
    :: else ->
        if
        :: fence_wish[1 - me] ->
            epoch = memory[EPOCH(1 - me)];
            if
            :: held[1 - me] -> goto wished
            :: else
            fi;
            atomic { FULL_BARRIER; fence_wish[1 - me] = false }
            if
            :: held[1 - me] || memory[EPOCH(1 - me)] != epoch ->
                atomic { FULL_BARRIER; fence_wish[1 - me] = true }; /* it may be the newcomer's */
                goto wished
            :: else
            fi
        :: else
        fi;
        STORE(CAPABILITY(me), MEMBARRIER);
#if !defined(NO_WISH_BARRIER)
        FULL_BARRIER;
#endif
        if
        :: fence_wish[1 - me] ->
            STORE(CAPABILITY(me), MEMBARRIER + FENCES);
wished:     fence = 1
        :: else -> fence = 0
        fi;
        epoch = 0
    fi
}

inline look_at_bell()
{
    if
    :: !BELL_IS_ZERO(1 - me) || fence != 0 ->
        if
        :: fence == 0 && fence_wish[1 - me] ->
            fence = 1;
            STORE(CAPABILITY(me), MEMBARRIER + FENCES)
        :: else
        fi;
        if
        :: fence != 0 ->
#if !defined(NO_WAKER_FENCE)
            FULL_BARRIER;
#endif
            fence++;
            if
            :: fence > REVIEW -> review_fence()
            :: else
            fi
        :: else
        fi;
        if
        :: WAITS -> bell_ring()
        :: else
        fi
    :: else
    fi
}

inline publish()
{
#if defined(WAKE_BEFORE_PUBLISH)
    look_at_bell();
    position++;
    STORE(POSITION(me), position)
#else
    position++;
    STORE(POSITION(me), position); /* B, or D */
    look_at_bell()
#endif
}

/* ---- the waiter: wait.c, pollable.c ---- */

/* The ring has what this side waits for. */
#define NOTHING                                                                                    \
    ((me == CONSUMER && memory[POSITION(PRODUCER)] == position) ||                                 \
     (me == PRODUCER && position - memory[POSITION(CONSUMER)] == CAPACITY))

inline set_bell()
{
    if
    :: me == PRODUCER -> STORE(WANT, position + 1 - CAPACITY)
    :: else
    fi;
    atomic {
        FULL_BARRIER; /* the OR is a locked operation */
        if
        :: !asleep[me] -> asleep[me] = true; sets[me]++
        :: else
        fi;
        expects = true
    }
    atomic {
        capability = memory[CAPABILITY(1 - me)];
#if !defined(NO_SHORT_SLICE)
        unfenced = capability == MEMBARRIER && !can;
#endif
        calls = (capability & MEMBARRIER) != 0 && can;
        capability = 0
    }
#if !defined(NO_MEMBARRIER)
    if
    :: calls -> membarrier()
    :: else
    fi;
#endif
    calls = false
}

/* shmring_wait_ask_peer(): `ended` is CLOSED, or DEAD as ATTACHED, or 0 to go on. */
inline ask_peer()
{
    epoch = memory[EPOCH(1 - me)];
    lives = held[1 - me];
    atomic {
        ended = memory[STATE(1 - me)];
        if
        :: (lives && ended != CLOSED) || epoch == ignored -> ended = 0
        :: else
        fi;
        lives = false
    }
    if
    :: atomic { ended == 0 -> epoch = 0 }
    :: ended != 0 ->
        if
        :: atomic { ended == ATTACHED && held[1 - me] -> ended = 0 }
        :: else
        fi;
        if
        :: atomic { ended == ATTACHED && memory[EPOCH(1 - me)] != epoch -> ended = 0 }
        :: else
        fi;
        atomic {
            if
#if defined(NO_LAST_LOOK)
            :: ended != 0 -> ignored = epoch
#else
            :: ended != 0 && NOTHING -> ignored = epoch
#endif
            :: else -> ended = 0
            fi;
            epoch = 0
        }
    fi
}

/* Returns when there is something, or with `ended`. */
inline wait_until()
{
    do
    :: !NOTHING -> break
    :: atomic { NOTHING -> orphan[me] = false; ended = 0 };
#if defined(DESCRIPTOR)
        in_futex[me] = true; /* the drain comes first, and what is signalled after it stays */
#endif
        if
        :: !expects || unfenced || !asleep[me] -> set_bell()
        :: else
        fi;
#if !defined(NO_RECHECK)
        if
        :: !NOTHING -> break
        :: else
        fi;
#endif
        ask_peer();
        if
        :: ended != 0 -> break
        :: else
        fi;
#if !defined(DESCRIPTOR)
        atomic {
            FULL_BARRIER; /* futex(2) compares under a lock of the kernel */
#if !defined(NO_COMPARISON)
            in_futex[me] = asleep[me] == expects
#else
            in_futex[me] = true
#endif
        }
#endif
        if
        :: !in_futex[me]
        :: in_futex[me] && orphan[me]
        :: atomic { in_futex[me] && unfenced && timeout -> unfenced = false } /* once */
        :: atomic { in_futex[me] && gone[1 - me] && !orphan[me] ->
                    assert(NOTHING); gone[me] = true }; break
        :: atomic { in_futex[me] && idle[1 - me] && len(buffer[1 - me]) == 0 && NOTHING ->
                    gone[me] = true; gave_up = true }; break /* rightly asleep for ever */
        fi;
        in_futex[me] = false;
        ask_peer();
        if
        :: ended != 0 -> break
        :: else
        fi
    od;
    if
    :: atomic { expects && FULL_BARRIER -> asleep[me] = false; expects = false }
    :: !expects
    fi;
    atomic { in_futex[me] = false; unfenced = false }
}

/* ---- a side's life ---- */

inline open_role()
{
    atomic {
        held[me] = true;
        if
        :: (SYSTEMS & 1) != 0 -> reached[me] = true; can = true
        :: (SYSTEMS & 2) != 0 -> reached[me] = true; can = false
        :: (SYSTEMS & 4) != 0 -> reached[me] = false; can = true
        :: (SYSTEMS & 8) != 0 -> reached[me] = false; can = false
        fi;
        position = memory[POSITION(me)]; /* E: recovery */
#if !defined(UNREGISTERED_TRUSTED)
        fence = (reached[me] -> 0 : 1)
#else
        fence = 0
#endif
    }
    atomic { asleep[me] = false; fence_wish[me] = false };
    fence_wish[me] = !can;
    STORE(CAPABILITY(me), (reached[me] -> MEMBARRIER : FENCES));
    STORE(STATE(me), ATTACHED);
    STORE(EPOCH(me), memory[EPOCH(me)] + 1);
    FULL_BARRIER
}

inline close_role()
{
    STORE(STATE(me), CLOSED);
#if !defined(NO_RING_AT_CLOSE)
    bell_ring();
#endif
    FULL_BARRIER;
    held[me] = false
}

/* A context switch completes the stores of the dead; then the kernel drops its locks. */
inline die()
{
    atomic { in_futex[me] = false; rang = false; expects = false; unfenced = false; ended = 0;
             calls = false; epoch = 0; lives = false; ignored = 0 };
    atomic {
        FULL_BARRIER;
        reached[me] = false;
        held[me] = false;
        idle[me] = false;
        orphan[1 - me] = true;
#if defined(DESCRIPTOR)
        in_futex[1 - me] = false; /* a close of the file is heard */
#endif
        kill[me] = false
    };
    if
    :: skip -> goto again /* a successor */
    :: gone[me] = true
    fi
}

#define LOCALS                                                                                     \
    byte position, fence, capability, epoch, ignored, ended, at, value;                            \
    bool can, expects, unfenced, rang, lives, calls

active proctype producer()
{
    byte me = PRODUCER;
    LOCALS;
again:
    {
        open_role();
        do
        :: position == MESSAGES -> break
        :: idle[me] = true; end_idle: false
        :: position < MESSAGES ->
            wait_until();
            if
            :: ended == CLOSED -> assert(gave_up); break
            :: ended == ATTACHED -> ended = 0 /* told, and hoping for another consumer */
            :: gone[me] -> break
            :: else -> publish()
            fi
        od;
        close_role()
    } unless {
        kill[me];
        die()
    }
}

active proctype consumer()
{
    byte me = CONSUMER;
    LOCALS;
again:
    {
        open_role();
        do
        :: wait_until();
            if
            :: ended == CLOSED -> assert(position == MESSAGES || gave_up); break
            :: ended == ATTACHED -> ended = 0
            :: gone[me] -> break
            :: else -> publish() /* the release of what was read */
            fi
        :: idle[me] = true; end_idle: false
#if defined(EARLY_END)
        :: position == 1 -> gave_up = true; break
#endif
        od;
        close_role()
    } unless {
        kill[me];
        die()
    }
}
