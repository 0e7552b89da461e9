// SPDX-License-Identifier: MIT
// read_mcap.js read FILE RING - reads a recording of described.c's ring by the reference reader of MCAP, checks every
// message of every type, and prints what there is as JSON. read_mcap.js index FILE - the same by the file's index.
// read_mcap.js write FILE - a file of another writer. read_mcap.js foreign FILE RING - checks a recording of the ring
// that such a file was replayed into.
const fs = require("fs");
const path = require("path");

const place = process.env.SHMRING_TEST_MCAP;
const load = (name) => require(path.join(place, "node_modules", name));
const {McapIndexedReader, McapStreamReader, McapWriter} = load("@mcap/core");
const {loadDecompressHandlers} = load("@mcap/support");
const {parse} = load("@foxglove/rosmsg");
const {MessageReader, MessageWriter} = load("@foxglove/rosmsg2-serialization");

function part(n) {
  return {x: n % 1000, y: (n % 1000) / 2};
}

// The fields of record n, as described.c makes them.
function all(n) {
  return {
    flag: n % 2 === 1, raw: n % 256, letter: 97 + (n % 26), i8: (n % 200) - 100, u8: n % 251,
    i16: (n % 60000) - 30000, u16: n % 65521, i32: -(n % 2000000000) + 0, u32: Math.imul(n, 2654435761 | 0) >>> 0,
    i64: -BigInt(n) * 1000003n, stamp_ns: BigInt(n) + (1n << 62n), f32: (n % 1000) / 4, f64: n / 8,
    three: [n % 7, n % 11, n % 13], part: part(n), parts: [part(n + 1), part(n + 2)],
  };
}

function plain(value) {
  return JSON.stringify(value, (_, v) =>
    typeof v === "bigint" ? v.toString() : ArrayBuffer.isView(v) ? Array.from(v) : v === 0 ? 0 : v);
}

function same(got, want, what) {
  if (plain(got) !== plain(want)) {
    throw new Error(`${what}: got ${plain(got)}, should be ${plain(want)}`);
  }
}

const readers = new Map();
function decode(channel, schema, data) {
  let reader = readers.get(channel.id);
  if (reader === undefined) {
    reader = new MessageReader(parse(new TextDecoder().decode(schema.data), {ros2: true}));
    readers.set(channel.id, reader);
  }
  return reader.readMessage(data);
}

// One message of the ring: its number, from its sequence.
function check(ring, channel, schema, message) {
  const n = message.sequence - 1;
  if (channel.topic === `/${ring}/All`) {
    same(schema.encoding + channel.messageEncoding, "ros2msgcdr", "encodings");
    same(decode(channel, schema, message.data), all(n), `record ${n}`);
  } else if (channel.topic === `/${ring}/Log`) {
    same(decode(channel, schema, message.data), {level: n % 5, text: `record ${n}`}, `record ${n}`);
  } else if (channel.topic === `/${ring}/9`) {
    same([channel.messageEncoding, channel.schemaId, message.data.length], ["", 0, 8], "a record without description");
    same(new DataView(message.data.buffer, message.data.byteOffset).getBigUint64(0, true), BigInt(n), `record ${n}`);
  } else {
    return -1;
  }
  same(n % 10 === 3 ? "Log" : n % 10 === 7 ? "9" : "All", channel.topic.split("/")[2], `topic of ${n}`);
  return n;
}

async function read(file, ring) {
  const reader = new McapStreamReader({validateCrcs: true, decompressHandlers: await loadDecompressHandlers()});
  const found = {count: 0, others: {}, first: -1, last: -1, holes: 0, metadata: [], attachments: {}, ended: false};
  const schemas = new Map(), channels = new Map();
  let time = 0n;
  reader.append(fs.readFileSync(file));
  for (let r = reader.nextRecord(); r !== undefined; r = reader.nextRecord()) {
    if (r.type === "Schema") schemas.set(r.id, r);
    if (r.type === "Channel") channels.set(r.id, r);
    if (r.type === "Metadata") found.metadata.push({name: r.name, ...Object.fromEntries(r.metadata)});
    if (r.type === "Attachment") found.attachments[r.name] = new TextDecoder().decode(r.data);
    if (r.type === "Footer") found.ended = true;
    if (r.type !== "Message") continue;
    const channel = channels.get(r.channelId);
    const n = check(ring, channel, schemas.get(channel.schemaId), r);
    if (n < 0) {
      found.others[channel.topic] = (found.others[channel.topic] ?? 0) + 1;
      continue;
    }
    if (found.count === 0) found.first = n;
    else if (n !== found.last + 1) found.holes++;
    if (r.logTime < time) throw new Error(`times go back at record ${n}, by ${time - r.logTime} ns`);
    time = r.logTime;
    found.last = n;
    found.count++;
  }
  return found;
}

async function index(file) {
  const data = fs.readFileSync(file);
  const readable = {
    size: async () => BigInt(data.length),
    read: async (at, n) => data.subarray(Number(at), Number(at + n)),
  };
  const reader = await McapIndexedReader.Initialize({readable, decompressHandlers: await loadDecompressHandlers()});
  const topics = {};
  let count = 0;
  for await (const m of reader.readMessages()) {
    const topic = reader.channelsById.get(m.channelId).topic;
    topics[topic] = (topics[topic] ?? 0) + 1;
    count++;
  }
  const times = [reader.statistics.messageStartTime, reader.statistics.messageEndTime];
  const middle = (times[0] + times[1]) / 2n;
  let late = 0;
  for await (const _ of reader.readMessages({startTime: middle})) late++;
  return {count, topics, late, said: Number(reader.statistics.messageCount), chunks: reader.chunkIndexes.length,
    attachments: reader.attachmentIndexes.length};
}

// Two types of fixed layout, one of them nested in the other, and one that a ring cannot describe.
async function write(file) {
  const definition = "uint64 number # [1]\nfloat64[2] pair\nmade/Inner inner\n" + "=".repeat(80) +
    "\nMSG: made/Inner\nint32 a\nint32 b\n";
  const chunks = [];
  let size = 0n;
  const writer = new McapWriter({writable: {
    position: () => size,
    write: async (b) => { chunks.push(Buffer.from(b)); size += BigInt(b.length); },
  }});
  await writer.start({profile: "ros2", library: "another writer"});
  const fixed = await writer.registerSchema({name: "made/msg/Outer", encoding: "ros2msg",
    data: new TextEncoder().encode(definition)});
  const channel = await writer.registerChannel({topic: "/made/outer", schemaId: fixed, messageEncoding: "cdr",
    metadata: new Map()});
  const json = await writer.registerChannel({topic: "/made/json", schemaId: 0, messageEncoding: "json",
    metadata: new Map()});
  const out = new MessageWriter(parse(definition, {ros2: true}));
  for (let n = 0; n < 100; n++) {
    const time = BigInt(n) * 1000n;
    const data = n % 10 === 9 ? new TextEncoder().encode(`{"n": ${n}}`)
      : out.writeMessage({number: BigInt(n), pair: [n / 2, n / 4], inner: {a: n, b: -n}});
    await writer.addMessage({channelId: n % 10 === 9 ? json : channel, sequence: n, logTime: time, publishTime: time,
      data});
  }
  await writer.end();
  fs.writeFileSync(file, Buffer.concat(chunks));
  return {count: 100};
}

// A recording of the ring that a file of write() was replayed into.
function foreign(file, ring) {
  const reader = new McapStreamReader({validateCrcs: true});
  const schemas = new Map(), channels = new Map(), found = {outer: 0, json: 0};
  reader.append(fs.readFileSync(file));
  for (let r = reader.nextRecord(); r !== undefined; r = reader.nextRecord()) {
    if (r.type === "Schema") schemas.set(r.id, r);
    if (r.type === "Channel") channels.set(r.id, r);
    if (r.type !== "Message") continue;
    const n = r.sequence - 1, channel = channels.get(r.channelId);
    if (channel.topic === `/${ring}/Outer`) {
      same(decode(channel, schemas.get(channel.schemaId), r.data),
        {number: BigInt(n), pair: [n / 2, n / 4], inner: {a: n, b: -n}}, `message ${n}`);
      found.outer++;
    } else {
      same(JSON.parse(new TextDecoder().decode(r.data)), {n}, `message ${n}`);
      found.json++;
    }
  }
  return found;
}

async function main() {
  const [what, file, ring] = process.argv.slice(2);
  const done = what === "read" ? await read(file, ring) : what === "index" ? await index(file) : what === "foreign" ? foreign(file, ring)
    : await write(file);
  console.log(plain(done));
}

main().catch((error) => {
  console.error(String(error.stack));
  process.exit(1);
});
