"""The real SQLite in a process of its own. Arguments: database, journal mode, autocheckpoint, file for the last row that
was committed, locking mode. Reads commands, one a line, and answers each with a line: SQL to run; "write" to write at full speed until
"stop", which answers with the commits and the failures."""
import os, random, sqlite3, struct, sys, threading

database, mode, autocheckpoint, mark, locking = sys.argv[1:6]
mark = os.open(mark, os.O_RDWR | os.O_CREAT)
state = {"stop": False, "commits": 0, "failures": []}


def connect():
    connection = sqlite3.connect(database, timeout=5, isolation_level=None, check_same_thread=False)
    connection.execute(f"pragma locking_mode={locking}")  # before the log is looked at, or there is a -shm
    connection.execute(f"pragma journal_mode={mode}")
    connection.execute(f"pragma wal_autocheckpoint={autocheckpoint}")
    connection.execute("pragma synchronous=normal")
    return connection


def write():
    connection, rnd = connect(), random.Random(5)
    n = connection.execute("select ifnull(max(n), 0) from t").fetchone()[0]
    while not state["stop"]:
        try:
            connection.execute("begin immediate")
            for _ in range(3):
                n += 1
                connection.execute("insert into t values(?, hex(randomblob(?)), ?)", (n, rnd.randrange(20, 400), n * 7 % 1000003))
            connection.execute("update t set v = hex(randomblob(100)) where n between ? and ?", (max(1, n - rnd.randrange(3000)), n - 30))
            connection.execute("commit")
        except sqlite3.Error as e:
            state["failures"].append(str(e))
            if connection.in_transaction:
                connection.execute("rollback")
            n = connection.execute("select ifnull(max(n), 0) from t").fetchone()[0]
            continue
        os.pwrite(mark, struct.pack("<q", n), 0)
        state["commits"] += 1
    connection.close()


control = connect()
control.execute("create table if not exists t(n integer primary key, v text, h int)")
thread = None
print("ready", flush=True)
for line in sys.stdin:
    command = line.strip()
    if command == "write":
        state.update(stop=False, commits=0, failures=[])
        thread = threading.Thread(target=write)
        thread.start()
        print("ok", flush=True)
    elif command == "stop":
        state["stop"] = True
        thread.join()
        print(f"{state['commits']} {len(state['failures'])} {state['failures'][:3]}", flush=True)
    else:
        try:
            print(repr(control.execute(command).fetchall()), flush=True)
        except sqlite3.Error as e:
            print(f"error: {e}", flush=True)
state["stop"] = True
if thread:
    thread.join()
control.close()
