# SPDX-License-Identifier: MIT
"""replay of recordings that are cut, damaged, of a later version, or none."""
import json
import random
import struct

from recording_rig import path, replay, save
from recordings import about, block, end, entry
from rig import contains, equal, exists, main, run, true, unique


# ---- files that are cut and damaged ----

def made_of_blocks():
    """A file of ten blocks of records, and what each of its blocks has: [(start, end, records)]."""
    rng = random.Random(3)
    data, parts = about(), []
    parts.append((0, len(data), []))
    for n in range(1, 11):
        records = [rng.randbytes(rng.randrange(1, 60)) for _ in range(rng.randrange(1, 5))]
        part = block(2, b"".join(map(entry, records)), n)
        parts.append((len(data), len(data) + len(part), records))
        data += part
    parts.append((len(data), len(data) + 88, []))
    return data + end(11), parts


def whole(parts, first_bad, last_bad):
    """The records of the blocks that have none of the bytes from first_bad to last_bad."""
    return [r for start_, end_, records in parts if end_ <= first_bad or start_ > last_bad
            for r in records]


def replay_many(files):
    """Each file's records, through one persistent ring or one process after the other."""
    for file, want, wrong in files:
        got, said, err = replay(file)
        equal(got, want, "records of " + wrong)
        yield said, err, wrong


def shouldReplayAFileThatIsCutAnywhere():
    data, parts = made_of_blocks()
    borders = [p[1] for p in parts[1:-1]]
    cuts = sorted({b + d for b in borders for d in (-1, 0, 1, 39, 41)} |
                  {random.Random(9).randrange(parts[1][1], len(data)) for _ in range(12)})
    files = [(save(path(), data[:cut]), whole(parts, cut, len(data)), "a file of %d bytes" % cut)
             for cut in cuts if cut < len(data)]
    for said, err, wrong in replay_many(files):
        equal(said["files_without_end"], 1, "end of " + wrong)
        contains(err, "has no end", wrong)


def shouldVerifyRecordings():
    data, parts = made_of_blocks()
    count = sum(len(records) for _, _, records in parts)
    bad = bytearray(data)
    bad[parts[3][0] + 50] ^= 1
    for content, sound, says in [(data, True, "is sound"), (data[:-88], False, "is cut"),
                                 (bytes(bad), False, "is damaged")]:
        file = save(path(), content)
        for words in ([file], [file, "--file"]):
            status, out, err = run("verify", *words)
            equal((status, err == ""), (0 if sound else 1, sound), "verify of one that " + says)
            contains(out.decode(), says, "verify")
            status, out, _ = run("verify", *words, "--json")
            verdict = json.loads(out)
            equal((status, verdict["sound"]), (0 if sound else 1, sound), "verify --json")
            true(verdict["records"] == count or says == "is damaged", "records")
        status, _, err = run("repair", file, "--file")
        equal(status, 1, "repair")
        contains(err, "is a recording", "repair")
    status, _, err = run("verify", save(path(), b"neither"))
    equal(status, 2, "another file")
    contains(err, "--file checks it", "another file")


def shouldGoOnBehindDamage():
    data, parts = made_of_blocks()
    rng, files = random.Random(11), []
    places = [p[0] + d for p in parts[:-1] for d in (0, 9, 17, 21, 25, 33, 37)]
    for place in places + [rng.randrange(parts[-1][0]) for _ in range(20)]:
        bad = bytearray(data)
        bad[place] ^= 1 << rng.randrange(8)
        files.append((save(path(), bytes(bad)), whole(parts, place, place), "bit at %d" % place))
    middle = parts[4][0] + 50
    files.append((save(path(), data[:middle] + data[middle + 30:]),
                  whole(parts, middle, middle + 29), "30 bytes that are missing"))
    files.append((save(path(), data[:middle] + b"?" * 1000 + data[middle:]),
                  whole(parts, middle, middle), "1000 bytes that were added"))
    files.append((save(path(), data[:middle] + bytes(parts[7][0] + 5 - middle) +
                       data[parts[7][0] + 5:]),
                  whole(parts, middle, parts[7][0] + 4), "zeros over some blocks"))
    files.append((save(path(), b"\x89SHMREC\n" * 3 + data), whole(parts, -1, -1), "false starts"))
    for said, err, wrong in replay_many(files):
        equal((said["damaged_places"], said["files_without_end"]), (1, 0), "damage of " + wrong)
        true(said["skipped_bytes"] > 0, "bytes passed over: " + wrong)
        contains(err, "damaged place", wrong)


def shouldNotTakeAPayloadForABlock():
    inner = about(number=5) + block(2, entry(b"inner"), 1, number=5) + end(2, number=5)
    outer = bytearray(about() + block(2, entry(inner), 1) + block(2, entry(b"next"), 2) + end(3))
    equal(replay(save(path(), bytes(outer)))[0], [inner, b"next"], "a recording in a recording")
    outer[len(about()) + 30] ^= 1
    equal(replay(save(path(), bytes(outer)))[0], [b"next"], "behind a damaged header")


def shouldPassOverKindsOfLaterVersions():
    file = save(path(), about() + block(9, bytes(64), 1) + block(2, entry(b"x"), 2) + end(3))
    got, said, err = replay(file)
    equal((got, said["damaged_places"], err), ([b"x"], 0, ""), "a kind that is not known")


def shouldSayWhatIsNoRecording():
    name = unique()
    for data, says in [(b"", "not a recording"), (b"hello\n" * 100, "not a recording"),
                       (about(version=2), "version 2"), (None, "cannot open")]:
        file = path()
        if data is not None:
            save(file, data)
        status, out, err = run("replay", file, name)
        equal((status, out), (1, b""), "replay of %r" % data)
        contains(err, says, "sentence")
        contains(err, file, "sentence")
    true(not exists(name), "no ring was made")


def shouldRefuseEntriesThatLieAboutTheirLength():
    lie = struct.pack("<IHHQQ", 5000, 0, 0, 0, 0) + bytes(16)
    file = save(path(), about() + block(2, entry(b"a") + lie, 1) + block(2, entry(b"b"), 2) + end(3))
    equal(replay(file)[0], [b"a", b"b"], "records")


main([shouldVerifyRecordings, shouldReplayAFileThatIsCutAnywhere, shouldGoOnBehindDamage, shouldNotTakeAPayloadForABlock,
      shouldPassOverKindsOfLaterVersions, shouldSayWhatIsNoRecording,
      shouldRefuseEntriesThatLieAboutTheirLength])
