// node dump.mjs <database>: what the real engine sees in a database, in one comparable JSON object.
// Opened read-only, so nothing is written: a log beside the file is replayed in memory. Rows are sorted by id,
// labels and property keys by name; rowsSha256 is over all rows. Exit 1 and the engine's message when it refuses.
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import grafeo from '@grafeo-db/js';

const { GrafeoDB } = grafeo;
const hidden = ['_id', '_labels', '_source', '_target', '_type'];

function plain(value) {
  if (value === undefined) return null;
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Date) return { $date: value.toISOString() };
  if (Buffer.isBuffer(value)) return { $bytes: value.toString('hex') };
  if (ArrayBuffer.isView(value)) return { $vector: Array.from(value) };
  if (Array.isArray(value)) return value.map(plain);
  if (value && typeof value === 'object') {
    return Object.fromEntries(Object.keys(value).sort().map((key) => [key, plain(value[key])]));
  }
  return value;
}

const properties = (item) =>
  Object.fromEntries(Object.keys(item).filter((k) => !hidden.includes(k)).sort().map((k) => [k, plain(item[k])]));

export async function dump(path) {
  const db = GrafeoDB.openReadOnly(path);
  try {
    const nodes = (await db.execute('MATCH (n) RETURN id(n) AS i, labels(n) AS l, n AS n')).toArray();
    const edges = (await db.execute('MATCH (a)-[e]->(b) RETURN id(e) AS i, id(a) AS s, id(b) AS d, type(e) AS t, e AS e'))
      .toArray();
    const rows = [
      ...nodes.sort((a, b) => a.i - b.i).map((r) => [r.i, [...r.l].sort(), properties(r.n)]),
      ...edges.sort((a, b) => a.i - b.i).map((r) => [r.i, r.s, r.d, r.t, properties(r.e)]),
    ];
    const hash = createHash('sha256');
    for (const row of rows) hash.update(JSON.stringify(row) + '\n');
    return {
      epoch: Number(db.currentEpoch()),
      nodes: db.nodeCount(),
      edges: db.edgeCount(),
      rowsSha256: hash.digest('hex'),
    };
  } finally {
    db.close();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(JSON.stringify(await dump(process.argv[2])));
  } catch (error) {
    console.error(String(error.message ?? error));
    process.exit(1);
  }
}
