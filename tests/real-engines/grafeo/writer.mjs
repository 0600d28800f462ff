// node writer.mjs <database> <progress> [--checkpoint-every N] [--preload MB]: commits numbered transactions as fast as
// it can until standard input ends, into a database that holds that many megabytes already. Transaction i inserts
// (:T {i, part: 0}) and (:T {i, part: 1}); now and then one is large, so that it takes several frames, and at random
// the database is checkpointed. After each commit returns, its number is written to <progress> as 8 bytes,
// little-endian. Prints {"last": i} at the end.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import grafeo from '@grafeo-db/js';

const { GrafeoDB } = grafeo;
const [path, progress] = process.argv.slice(2);
const option = (name, otherwise) =>
  process.argv.includes(name) ? Number(process.argv[process.argv.indexOf(name) + 1]) : otherwise;
const every = option('--checkpoint-every', 400);
let stopped = false;
process.stdin.on('end', () => (stopped = true)).resume();

const db = GrafeoDB.create(path);
for (let megabyte = 0; megabyte < option('--preload', 0); megabyte++) {
  const rows = Array.from({ length: 1024 }, () => ({ pad: randomBytes(512).toString('hex') }));
  const transaction = db.beginTransaction();
  await transaction.execute('UNWIND $rows AS r INSERT (:Preload {pad: r.pad})', { rows });
  transaction.commit();
}
db.walCheckpoint();
const done = fs.openSync(progress, 'w');
const mark = Buffer.alloc(8);
const large = 'x'.repeat(100_000);
let i = 0;
while (!stopped) {
  i++;
  const transaction = db.beginTransaction();
  const pad = Math.random() < 0.01 ? large : 'small';
  await transaction.execute('INSERT (:T {i: $i, part: 0, pad: $pad})', { i, pad });
  await transaction.execute('INSERT (:T {i: $i, part: 1})', { i });
  transaction.commit();
  mark.writeBigUInt64LE(BigInt(i));
  fs.writeSync(done, mark, 0, 8, 0);
  if (Math.random() < 1 / every) db.walCheckpoint();
  if (i % 20 === 0) await new Promise((next) => setImmediate(next));
}
db.close();
console.log(JSON.stringify({ last: i }));
