// node driver.mjs: the real engine as a service for tests. One JSON request per line on standard input, one JSON
// answer per line on standard output: {...} on success, {"error": "..."} with the engine's own message.
import fs from 'node:fs';
import { createInterface } from 'node:readline';
import grafeo from '@grafeo-db/js';
import { dump } from './dump.mjs';

const { GrafeoDB, version } = grafeo;

const open = new Map();
const pending = new Map();

const verbs = {
  version: () => ({ version: version() }),
  dump: ({ db }) => dump(db),
  // The numbered transactions that writer.mjs committed: how many, and whether they are a whole prefix.
  prefix: async ({ db }) => {
    const opened = GrafeoDB.openReadOnly(db);
    try {
      const rows = (await opened.execute('MATCH (n:T) RETURN n.i AS i, n.part AS part')).toArray();
      const seen = new Set(rows.map((r) => `${r.i}/${r.part}`));
      const last = rows.length / 2;
      let whole = Number.isInteger(last) && seen.size === rows.length;
      for (let i = 1; whole && i <= last; i++) whole = seen.has(`${i}/0`) && seen.has(`${i}/1`);
      return { last, whole };
    } finally {
      opened.close();
    }
  },
  restore: ({ dir, epoch, out }) => (GrafeoDB.restoreToEpoch(dir, epoch, out), {}),
  create: ({ db }) => (open.set(db, GrafeoDB.create(db)), {}),
  open: ({ db }) => (open.set(db, GrafeoDB.open(db)), {}),
  execute: async ({ db, statements }) => {
    for (const statement of statements) await open.get(db).execute(statement);
    return { epoch: Number(open.get(db).currentEpoch()), now: Date.now() };
  },
  transaction: async ({ db, statements, commit }) => {
    const transaction = open.get(db).beginTransaction();
    for (const statement of statements) await transaction.execute(statement);
    commit ? transaction.commit() : transaction.rollback();
    return { epoch: Number(open.get(db).currentEpoch()), now: Date.now() };
  },
  // A transaction that is left open until a commit, a close or the end of the process.
  begin: async ({ db, statements }) => {
    if (!pending.has(db)) pending.set(db, open.get(db).beginTransaction());
    for (const statement of statements) await pending.get(db).execute(statement);
    return {};
  },
  commit: ({ db }) => {
    pending.get(db).commit();
    pending.delete(db);
    return { epoch: Number(open.get(db).currentEpoch()) };
  },
  keys: async ({ db }) => ({
    keys: (await open.get(db).execute('MATCH (n:R) RETURN n.k AS k')).toArray().map((r) => r.k),
  }),
  epoch: ({ db }) => ({ epoch: Number(open.get(db).currentEpoch()) }),
  // The nodes (:R {k, v}) of a database that nobody has open.
  rows: async ({ db }) => {
    const opened = GrafeoDB.openReadOnly(db);
    try {
      const rows = (await opened.execute('MATCH (n:R) RETURN n.k AS k, n.v AS v')).toArray();
      return { rows: rows.map((r) => [r.k, r.v]) };
    } finally {
      opened.close();
    }
  },
  checkpoint: ({ db }) => (open.get(db).walCheckpoint(), {}),
  full: ({ db, dir }) => (open.get(db).backupFull(dir), {}),
  incremental: ({ db, dir }) => (open.get(db).backupIncremental(dir), {}),
  // An open database's file and log, as they are on disk; locks are advisory, and fs does not heed them.
  copy: ({ db, out }) => {
    fs.cpSync(db, out);
    fs.cpSync(`${db}.wal`, `${out}.wal`, { recursive: true });
    fs.rmSync(`${out}.wal/backup_cursor.meta`, { force: true });
    return {};
  },
  close: ({ db }) => {
    pending.get(db)?.rollback();
    pending.delete(db);
    open.get(db).close();
    open.delete(db);
    return {};
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  let answer;
  try {
    answer = await verbs[request.verb](request);
  } catch (error) {
    answer = { error: String(error.message ?? error) };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
