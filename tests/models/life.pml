/* SPDX-License-Identifier: MIT */
/* life.pml - a segment's life as src/segment/segment.c, inspect.c and os/linux/lock.c make it: create and
 * name, attach, hold, close, reap, remove, and death at every step. models.py says how it is
 * checked and which mutants must fail; docs/models.md says what is left out.
 *
 * Three processes open one name (two want to produce, one to consume), use the ring and close it;
 * a fourth may remove the name; one comes when all is over and must be able to open. Each system
 * call is one step. What a killed process had open is
 * closed in any order.
 */
#ifndef KILLS
#define KILLS 1
#endif
#ifndef REMOVALS
#define REMOVALS 0
#endif
#ifndef MAP_FAILURES
#define MAP_FAILURES 0
#endif
#ifndef PERSISTENT
#define PERSISTENT 0
#endif

#define USERS   3
#define REMOVER 4
#define LATE    5
#define OBJECTS 7 /* one for each process, one with the name, and none */
#define NAMES_MOVE 8 /* an open finds the name changed under it at most so often */

#define PRODUCER 0
#define CONSUMER 1

byte name;             /* the object that the name leads to, or 0 */
byte opens[OBJECTS];   /* who has it open in any way, a bit each; 0 and no name: it does not exist */
byte admin[OBJECTS];   /* who has the lock of openers and closers, or 0 */
byte holds[OBJECTS];   /* who holds it open, a bit each: shared locks on one byte */
byte last[OBJECTS];    /* who found that it was the last: the same byte, exclusively */
byte producer[OBJECTS], consumer[OBJECTS]; /* who has the role, or 0 */
bool removed[OBJECTS]; /* its name was taken away on request */

byte opened[LATE + 1]; /* what a process believes to be the ring of that name; 0: none */
bool may_be_killed[LATE + 1], kill[LATE + 1];
byte finished, kills = KILLS, map_failures = MAP_FAILURES;

#define BIT(process) (1 << process)
#define IS_HELD(o)   (holds[o] != 0 || last[o] != 0)

#define KILL(victim)                                                                               \
    atomic { kills > 0 && may_be_killed[victim] && !kill[victim] -> kill[victim] = true; kills-- }

active proctype killer()
{
end:
    do
    :: KILL(1)
    :: KILL(2)
    :: KILL(3)
    od
}

/* ---- os/linux/lock.c ---- */

/* The wait has an end of two seconds; a holder that is stopped for longer is left out here. */
inline lock_admin()
{
#if defined(NO_ADMIN_LOCK)
    skip
#else
    atomic { admin[object] == 0 -> admin[object] = me }
#endif
}

inline unlock_admin()
{
#if defined(NO_ADMIN_LOCK)
    skip
#else
    admin[object] = 0
#endif
}

inline claim()
{
    atomic {
        if
#if !defined(NO_ROLE_LOCK)
        :: role == PRODUCER && producer[object] != 0 -> busy = true
        :: role == CONSUMER && consumer[object] != 0 -> busy = true
#endif
        :: else ->
            if
            :: role == PRODUCER -> producer[object] = me
            :: else -> consumer[object] = me
            fi
        fi
    }
}

/* munmap() of what carries them: both locks go with one description. */
inline drop_role_and_hold()
{
    atomic {
        if
        :: producer[object] == me -> producer[object] = 0
        :: else
        fi;
        if
        :: consumer[object] == me -> consumer[object] = 0
        :: else
        fi;
        holds[object] = holds[object] & (255 - BIT(me))
    }
}

inline drop_probe()
{
    atomic {
        if
        :: last[object] == me -> last[object] = 0
        :: else
        fi;
        if
        :: admin[object] == me -> admin[object] = 0
        :: else
        fi
    }
}

inline drop_all()
{
    drop_role_and_hold();
    drop_probe();
    atomic {
        opens[object] = opens[object] & (255 - BIT(me));
        object = 0
    }
}

/* shmring_os_unname(): looks, then unlinks by name, whatever that is then. */
inline unname()
{
    if
#if defined(UNLINK_UNSEEN)
    :: true ->
#else
    :: name == object ->
#endif
        atomic {
            if
            :: name != 0 -> /* nobody else's ring may lose its name in this way */
                assert((holds[name] & (255 - BIT(me))) == 0 || me == REMOVER)
            :: else
            fi;
            if
            :: me == REMOVER -> removed[name] = true
            :: else
            fi;
            name = 0
        }
    :: else
    fi
}

/* ---- segment.c ---- */

/* The process begins to believe in an object: all others that do must believe in the same, unless
 * one of the two lost its name on request and is marked so. */
inline believe()
{
    d_step {
        other = 1;
        do
        :: other <= LATE ->
            assert(opened[other] == 0 || opened[other] == object || removed[opened[other]] ||
                   removed[object]);
            other++
        :: else -> break
        od;
        assert(role == PRODUCER -> producer[object] == me : consumer[object] == me);
        other = 0;
        opened[me] = object
    }
}

inline leave()
{
    opened[me] = 0;
    lock_admin();
    drop_role_and_hold();
    if
    :: !PERSISTENT ->
        if
#if defined(CLOSE_UNTESTED)
        :: true ->
#else
        :: atomic { !IS_HELD(object) -> last[object] = me };
#endif
            unname()
        :: else
        fi
    :: else
    fi;
    unlock_admin();
    drop_all()
}

/* Maps, or fails: then `object` is 0. */
inline map_created()
{
    if
    :: believe()
    :: atomic { map_failures > 0 -> map_failures-- };
#if defined(UNNAME_UNLOCKED)
        unname();
        drop_all()
#else
        leave()
#endif
    fi
}

inline create()
{
    d_step {
        object = 1;
        do
        :: opens[object] != 0 || name == object -> object++
        :: else -> break
        od;
        opens[object] = BIT(me);
        removed[object] = false
    }
    claim(); /* nobody knows it yet */
#if !defined(HOLD_AFTER_NAME)
    holds[object] = holds[object] | BIT(me);
#endif
    atomic {
        if
        :: name == 0 -> name = object; again = false
#if defined(NAME_REPLACES)
        :: name != 0 -> name = object; again = false
#else
        :: name != 0 -> again = true
#endif
        fi
    }
#if defined(HOLD_AFTER_NAME)
    holds[object] = holds[object] | BIT(me);
#endif
    if
    :: again -> drop_all()
    :: else -> map_created()
    fi
}

inline attach_locked()
{
    if
#if !defined(NO_NAME_CHECK)
    :: name != object -> again = true
#endif
    :: else ->
        if
#if defined(REAP_UNTESTED)
        :: !PERSISTENT -> unname(); again = true
#else
        :: !PERSISTENT && !IS_HELD(object) -> unname(); again = true
#endif
        :: else ->
            claim();
            if
            :: busy
            :: else ->
                atomic { assert(!removed[object] && last[object] == 0);
                         holds[object] = holds[object] | BIT(me) };
                if
                :: believe()
                :: atomic { map_failures > 0 -> map_failures-- }
                fi
            fi
        fi
    fi
}

inline open_or_create()
{
    busy = false;
    do
    :: atomic { again = false; tries++; assert(tries <= NAMES_MOVE); object = name;
                opens[object] = (object == 0 -> 0 : opens[object] | BIT(me)) };
        if
        :: object == 0 -> create()
        :: else ->
            lock_admin();
            attach_locked();
            unlock_admin();
            if
            :: opened[me] == 0 -> drop_all()
            :: else
            fi
        fi;
        if
        :: !again -> break
        :: else
        fi
    od;
    tries = 0
}

/* The kernel closes what the dead had open, in any order, and drops the locks of each at once: role
 * and hold go with one description, the locks of openers and closers with the other. */
inline die()
{
    atomic { kill[me] = false; may_be_killed[me] = false; opened[me] = 0; other = 0; tries = 0;
             busy = false; again = false };
    if
    :: object != 0 ->
        if
        :: true -> drop_role_and_hold(); drop_probe()
        :: true -> drop_probe(); drop_role_and_hold()
        fi;
        atomic { opens[object] = opens[object] & (255 - BIT(me)); object = 0 }
    :: else
    fi
}

#define LOCALS                                                                                     \
    byte object, tries, other;                                                                     \
    bool busy, again

proctype user(byte me; byte role)
{
    LOCALS;
    {
        open_or_create();
        if
        :: opened[me] != 0 -> leave()
        :: else
        fi;
        may_be_killed[me] = false
    }
#if KILLS > 0
    unless {
        kill[me];
        die()
    }
#endif
    ;
    finished++
}

proctype remover(byte me)
{
    LOCALS;
    byte role;
    atomic { object = name; opens[object] = (object == 0 -> 0 : opens[object] | BIT(me)) };
    if
    :: object != 0 ->
        lock_admin();
        unname();
        unlock_admin();
        drop_all()
    :: else
    fi;
    finished++
}

/* When all is over the name must be free, or lead to a ring that can be opened. */
proctype late(byte me; byte role)
{
    LOCALS;
    finished == USERS + REMOVALS;
    atomic { assert(PERSISTENT || KILLS > 0 || MAP_FAILURES > 0 || name == 0); map_failures = 0 };
    open_or_create();
    assert(opened[me] != 0);
    leave();
    assert(PERSISTENT || name == 0)
}

init
{
    atomic {
        may_be_killed[1] = true;
        may_be_killed[2] = true;
        may_be_killed[3] = true;
        run user(1, PRODUCER);
        run user(2, PRODUCER);
        run user(3, CONSUMER);
        if
        :: REMOVALS > 0 -> run remover(REMOVER)
        :: else
        fi;
        run late(LATE, CONSUMER)
    }
}
