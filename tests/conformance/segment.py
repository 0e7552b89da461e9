# SPDX-License-Identifier: MIT
"""The shared object by docs/protocol.md: its bytes, its name, its locks, and the roles in it.

Written from that page, not from the library's sources. Where this file had to know something that the page
did not say, the page was the one to be corrected.
"""
import os
import stat
import struct
import time

import system
from system import MASK

GEOMETRY, PRODUCER, CONSUMER, DOORBELL, DATA, GROUP = 0, 0x4000, 0x8000, 0xC000, 0x10000, 0x4000
MAGIC = 0x31474E49524D4853
FORMAT = "=QIIQIIIIIIQQQQQQIIQQQQQ72s256s"  # up to the end of the name, 0x1D8
FIELDS = ("magic version header_size capacity framing overflow lifetime stamp max_record record_header schema "
          "features features_compat incarnation0 incarnation1 created_ns creator_pid permissions start_position "
          "stamp_hz stamp_base_tick stamp_base_ns huge_bytes reserved name").split()
RECORDS, BYTES = 0, 1
REJECT, OVERWRITE = 0, 1
UNTIL_LAST_CLOSE, PERSISTENT = 0, 1
ALIVE, PRODUCER_ROLE, CONSUMER_ROLE, ADMIN = 0, 1, 2, 3
NONE, ATTACHED, CLOSED = 0, 1, 2
CAN_MEMBARRIER, FENCES, ANNOUNCES = 1, 2, 4
LIMIT = 0xFFFFFFE0

# words of the PRODUCER, CONSUMER and DOORBELL groups, from the group's start
TAIL, P_RECORDS, EVICT, EVICT_COUNT, REPAIRS, P_ROLE, REJECTED, P_STALLS, P_SLEEPS, P_WAKES, HIGH_WATER, RECOVERED = (
    0x080, 0x088, 0x100, 0x108, 0x110, 0x180, 0x200, 0x208, 0x210, 0x218, 0x220, 0x228)
HEAD, CURSOR, C_RECORDS, C_ROLE, C_STALLS, C_SLEEPS, C_WAKES, GAPS, LAPPED, LAPPED_BYTES, HISTOGRAM = (
    0x280, 0x300, 0x308, 0x380, 0x400, 0x408, 0x410, 0x418, 0x420, 0x428, 0x1000)
CONSUMER_BELL, PRODUCER_BELL, PRODUCER_WANT, LIFECYCLE, SIGNAL = 0x480, 0x500, 0x508, 0x580, 0x600
# words of a role block
PID, START_TIME, EPOCH, STATE, CAPABILITY, ENDED_EPOCH, PROGRAM = 0x00, 0x08, 0x10, 0x18, 0x20, 0x28, 0x30


class Refused(Exception):
    """An open that failed; the reason is a word of the page."""


class Corrupt(Exception):
    """The shared bytes are impossible."""


def file_of(name):
    if name.startswith("Global\\"):
        return "/dev/shm/shmring." + name[7:]
    return "/dev/shm/shmring.%d.%s" % (os.geteuid(), name.removeprefix("Local\\"))


def full_name(name):
    return name if "\\" in name else "Local\\" + name


def parse(text):
    return dict(zip(FIELDS, struct.unpack_from(FORMAT, text)))


def header_of(geometry):
    return 0 if geometry["framing"] == BYTES else 16 if geometry["stamp"] else 8


def check_geometry(g, size, name):
    """Step 5 of Attaching, on a copy."""
    if g["magic"] != MAGIC:
        raise Refused("version" if g["magic"] == int.from_bytes(b"SHMRING1", "big") else "corrupt")
    if g["version"] != 1 or g["features"] & ~3:
        raise Refused("version")
    capacity, header = g["capacity"], header_of(g)
    good = (g["header_size"] == DATA and 1 << 16 <= capacity <= 1 << 40 and capacity & (capacity - 1) == 0 and
            g["framing"] <= 1 and g["overflow"] <= 1 and g["lifetime"] <= 1 and g["stamp"] <= 2 and
            g["permissions"] <= 0o777 and g["start_position"] % 8 == 0 and g["record_header"] == header and
            g["features"] == (g["overflow"] == OVERWRITE) + 2 * (g["stamp"] == 2))
    if g["framing"] == BYTES:
        good = good and g["max_record"] == 0 and g["overflow"] == REJECT
    else:
        good = good and g["max_record"] <= min(capacity - 8 - header, LIMIT)
    if g["stamp"] == 2:
        good = good and 10**6 <= g["stamp_hz"] <= 10**11 and g["stamp_base_ns"] <= 1 << 62
    else:
        good = good and g["stamp_hz"] == g["stamp_base_tick"] == g["stamp_base_ns"] == 0
    if not good or size != DATA + capacity or g["name"].rstrip(b"\0") != full_name(name).encode():
        raise Refused("corrupt")


class Segment:
    """One open object. role: PRODUCER_ROLE, CONSUMER_ROLE, or None for an observer."""

    def __init__(self, name, role):
        self.name, self.path, self.role = name, file_of(name), role
        self.object = self.probe = None
        self.groups = []

    # ---- names ----

    def is_named(self):
        try:
            there = os.lstat(self.path)
        except FileNotFoundError:
            return False
        ours = os.fstat(self.probe)
        return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)

    def has_no_name(self):
        return os.fstat(self.probe).st_nlink == 0

    def open_probe(self, flags):
        self.probe = os.open("/proc/self/fd/%d" % self.object, flags | os.O_CLOEXEC)

    def lock_admin(self, patience_ns=2 * 10**9):
        deadline = system.now() + patience_ns
        while not system.try_lock(self.probe, ADMIN, system.F_WRLCK):
            if system.now() > deadline:
                return False
            time.sleep(0.0002)
        return True

    def unlock_admin(self):
        system.try_lock(self.probe, ADMIN, system.F_UNLCK)

    # ---- create and attach ----

    def create(self, capacity=1 << 20, framing=RECORDS, overflow=REJECT, lifetime=UNTIL_LAST_CLOSE, stamp=0,
               max_record=None, permissions=0o600, start=0, schema=0):
        """Raises FileExistsError when the name is taken."""
        g = dict.fromkeys(FIELDS, 0)
        g.update(magic=0, version=1, header_size=DATA, capacity=capacity, framing=framing, overflow=overflow,
                 lifetime=lifetime, stamp=stamp, schema=schema, features=int(overflow == OVERWRITE),
                 incarnation0=int.from_bytes(os.urandom(8), "little"), created_ns=time.time_ns(),
                 incarnation1=int.from_bytes(os.urandom(8), "little"), creator_pid=os.getpid(),
                 permissions=permissions, start_position=start, reserved=b"", name=full_name(self.name).encode())
        g["record_header"] = header_of(g)
        if framing == RECORDS:
            g["max_record"] = min(capacity // 4, LIMIT) if max_record is None else max_record
        self.object = os.open("/dev/shm", os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(self.object, DATA + capacity)
            os.posix_fallocate(self.object, 0, DATA + capacity)
            os.fchmod(self.object, permissions)
            if start:
                for at in (PRODUCER + TAIL, PRODUCER + EVICT, CONSUMER + HEAD, CONSUMER + CURSOR):
                    os.pwrite(self.object, struct.pack("=Q", start), at)
            os.pwrite(self.object, struct.pack(FORMAT, *(g[f] for f in FIELDS)), GEOMETRY)
            os.pwrite(self.object, struct.pack("=Q", MAGIC), GEOMETRY)
            g["magic"] = MAGIC
            self.take_role()
            os.link("/proc/self/fd/%d" % self.object, self.path, src_dir_fd=self.object, follow_symlinks=True)
            self.open_probe(os.O_RDWR)
        except BaseException:
            self.drop()
            raise
        self.geometry = g
        self.map()
        return self

    def attach(self, **wanted):
        """Attaching, steps 1 to 9. wanted: fields of the geometry that must agree."""
        deadline = system.now() + 5 * 10**9
        while system.now() < deadline:
            try:
                if self.attach_once(wanted):
                    return self
            except BaseException:
                self.drop()
                raise
            self.drop()
        raise Refused("busy")

    def attach_once(self, wanted):
        flags = os.O_RDONLY if self.role is None else os.O_RDWR
        try:
            self.object = os.open(self.path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            raise Refused("not found") from None
        except OSError:
            raise Refused("access") from None
        st = os.fstat(self.object)
        if not stat.S_ISREG(st.st_mode) or st.st_uid != os.geteuid():
            raise Refused("access")
        self.open_probe(flags)
        if self.role is not None and not self.lock_admin():
            raise Refused("busy")
        if self.role is not None and not self.is_named():
            return False
        self.geometry = parse(os.pread(self.probe, GROUP, GEOMETRY).ljust(GROUP, b"\0"))
        check_geometry(self.geometry, st.st_size, self.name)
        if self.role is not None:
            if stat.S_IMODE(st.st_mode) != self.geometry["permissions"]:
                raise Refused("access")
            if self.geometry["lifetime"] == UNTIL_LAST_CLOSE and not system.is_locked(self.probe, ALIVE):
                os.unlink(self.path)
                return False
        if any(self.geometry[field] != value for field, value in wanted.items()):
            raise Refused("mismatch")
        if self.role is not None:
            self.take_role()
        self.map()
        if self.role is not None:
            self.unlock_admin()
        return True

    def take_role(self):
        """The role, the pid, ALIVE, in this order."""
        if not system.try_lock(self.object, self.role, system.F_WRLCK):
            raise Refused("busy")
        block = PRODUCER + P_ROLE if self.role == PRODUCER_ROLE else CONSUMER + C_ROLE
        os.pwrite(self.object, struct.pack("=Q", os.getpid()), block + PID)
        system.try_lock(self.object, ALIVE, system.F_RDLCK)

    def map(self):
        self.capacity, self.mask = self.geometry["capacity"], self.geometry["capacity"] - 1
        producer, consumer = self.role == PRODUCER_ROLE, self.role == CONSUMER_ROLE
        self.page_p = system.Group(self.object, PRODUCER, GROUP, producer)
        self.page_c = system.Group(self.object, CONSUMER, GROUP, consumer)
        self.bells = system.Group(self.object, DOORBELL, GROUP, producer or consumer)
        self.data = system.Group(self.object, DATA, self.capacity, producer)
        self.groups = [self.page_p, self.page_c, self.bells, self.data]
        os.close(self.object)  # the mappings keep the description, and with it the locks
        self.object = None

    # ---- DATA, mapped once: what runs over the end goes on at the start ----

    def put(self, position, payload):
        at = position & self.mask
        first = min(len(payload), self.capacity - at)
        self.data.bytes[at:at + first] = payload[:first]
        self.data.bytes[:len(payload) - first] = payload[first:]

    def get(self, position, length):
        at = position & self.mask
        first = min(length, self.capacity - at)
        return bytes(self.data.bytes[at:at + first]) + bytes(self.data.bytes[:length - first])

    def word(self, position):
        return self.data.load(position & self.mask)

    def put_word(self, position, value):
        self.data.store(position & self.mask, value)

    # ---- the end ----

    def drop(self):
        """What a death does: mappings and descriptors go, and the locks with them."""
        for group in self.groups:
            group.close()
        self.groups = []
        for fd in (self.object, self.probe):
            if fd is not None:
                os.close(fd)
        self.object = self.probe = None

    def close(self):
        """Closing: with the last one the name goes."""
        locked = self.lock_admin()
        for group in self.groups:
            group.close()
        self.groups = []
        if (locked and self.geometry["lifetime"] == UNTIL_LAST_CLOSE and
                system.try_lock(self.probe, ALIVE, system.F_WRLCK) and self.is_named()):
            os.unlink(self.path)
        self.drop()


def remove(name):
    """Removing, by a segment that takes no role."""
    segment = Segment(name, None)
    segment.object = os.open(segment.path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        segment.open_probe(os.O_RDWR)
        if segment.lock_admin() and segment.is_named():
            os.unlink(segment.path)
            os.pwrite(segment.probe, struct.pack("=Q", 1), DOORBELL + LIFECYCLE)
    finally:
        segment.drop()


def look(name, at):
    """One word of the ring `name`, from outside."""
    with open(file_of(name), "rb", buffering=0) as f:
        return struct.unpack("=Q", os.pread(f.fileno(), 8, at))[0]


def poke(name, at, value):
    """Overwrites one word, as no sound peer would."""
    with open(file_of(name), "r+b", buffering=0) as f:
        os.pwrite(f.fileno(), struct.pack("=Q", value & MASK), at)
