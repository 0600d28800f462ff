"""The real SQLite in a process of its own, with one database open at a time, and what Litestream 0.5 would make of a folder
(by ltx.py). A request is a line of JSON with a verb, its answer a line of JSON."""
import json, os, re, sqlite3, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import ltx

connection = None


class NoCrc:
    """Checksums are compared by other tests: here they would cost more than all the rest."""

    def add(self, _):
        return self

    def sum(self):
        return 0


ltx.Crc = NoCrc


def run(database=None, statements=()):
    """Opens the database, where one is named, and runs SQL; the rows of the last statement."""
    global connection
    if database is not None:
        connection = sqlite3.connect(database, timeout=5, isolation_level=None)
    rows = []
    for statement in statements:
        rows = connection.execute(statement).fetchall()
    return rows


def close():
    global connection
    connection.close()
    connection = None


def files(folder):
    for level in range(10):
        path = os.path.join(folder, "ltx", str(level))
        for name in os.listdir(path) if os.path.isdir(path) else ():
            if re.fullmatch("[0-9a-f]{16}-[0-9a-f]{16}[.]ltx", name):
                yield level, int(name[:16], 16), int(name[17:33], 16), os.path.join(path, name)


def restore(folder, target):
    """The newest snapshot, then again and again what reaches furthest. False where there is no snapshot."""
    all = list(files(folder))
    snapshots = [f for f in all if f[0] == 9]
    if not snapshots:
        return False
    way = [max(snapshots, key=lambda f: f[2])]
    while True:
        at = way[-1][2]
        further = [f for f in all if f[0] < 9 and f[1] <= at + 1 and f[2] > at]
        if not further:
            break
        way.append(max(further, key=lambda f: f[2]))
    newest = max(f[2] for f in all)
    assert way[-1][2] == newest, f"a hole behind transaction {way[-1][2]} of {newest}"
    pages = {}
    for _, first, last, path in way:
        file = ltx.read(path)
        assert (file["min"], file["max"]) == (first, last), path
        pages = {n: p for n, p in {**pages, **file["pages"]}.items() if n <= file["commit"]}
        size, commit = file["page_size"], file["commit"]
    assert set(pages) == set(range(1, commit + 1)), "a page is missing"
    with open(target, "wb") as out:
        out.write(b"".join(pages[n] for n in sorted(pages)))
    return True


verbs = {"run": run, "close": close, "restore": restore}
for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = {"answer": verbs[request.pop("verb")](**request)}
    except Exception as e:
        answer = {"error": f"{type(e).__name__}: {e}"}
    print(json.dumps(answer), flush=True)
