#!/usr/bin/env bash
# A bundle of SIZE up to a local Ceph and down again, against curl with as many requests at once, to and from files, plus one
# pass each of MD5 and SHA-256, in turns. Peak memory is that of the process. Packages: those of tests/servers/start-ceph.sh, curl.
# BUILT=1: the program is not built before.
# usage: store.sh FOLDER [SIZE, such as 4G] [RUNS]    FOLDER: with room for five times SIZE
set -euo pipefail
folder=$(mkdir -p "${1:?folder}" && cd "$1" && pwd) size=${2:-4G} runs=${3:-3} port=18420
root=$(cd "$(dirname "$0")/../.." && pwd)
bytes=$(numfmt --from=iec "$size") part=$((64 << 20))
[ -n "${BUILT:-}" ] || dotnet build -c Release -v q "$root/src/BackupTools.Console" >&2
tool() { dotnet "$root/src/BackupTools.Console/bin/Release/net10.0/backuptools.dll" "$@"; }
stop() {
    for pid in "$folder"/ceph/{rgw,osd,mon}.pid; do [ -f "$pid" ] && kill "$(cat "$pid")" 2>/dev/null; done
    return 0
}
trap stop EXIT
CEPH_BLOCK=$((bytes * 4 + (8 << 30))) "$root/tests/servers/start-ceph.sh" "$folder/ceph" "$port" >&2
export AWS_ENDPOINT_URL_S3=http://127.0.0.1:$port AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=testing
export AWS_EC2_METADATA_DISABLED=true
# One bucket for the tool; one that anybody may write, so that curl need not sign.
python3 "$root/tests/benchmarks/buckets.py" "$AWS_ENDPOINT_URL_S3" tool= curl=public-read-write

# A database of random pages in SPG's own form would be generated anew each time; a SQLite file of blobs does as well.
if [ ! -d "$folder/bundles" ]; then
    python3 - "$folder/big.db" "$bytes" <<'PYTHON'
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute('PRAGMA page_size = 65536')
db.execute('CREATE TABLE t (b BLOB)')
left = int(sys.argv[2])
while left > 0:
    db.executemany('INSERT INTO t VALUES (?)', [(os.urandom(1 << 20),) for _ in range(64)])
    db.commit()
    left -= 64 << 20
PYTHON
    tool full "$folder/big.db" --destination-path "$folder/bundles" >&2
    rm "$folder/big.db"
fi
bundle=$(find "$folder/bundles" -name '*.ltx' -size +1M | head -1)
length=$(stat -c %s "$bundle")

seconds() { local began=$EPOCHREALTIME; "$@" >&2; awk "BEGIN { printf \"%.1f\", $EPOCHREALTIME - $began }"; }
peak() { /usr/bin/env python3 "$root/tests/benchmarks/peak.py" "$folder/peak" "$@"; }
parts() { seq 0 $(((length - 1) / part)); }
up_curl() {
    export bundle part AWS_ENDPOINT_URL_S3
    parts | xargs -P 8 -I{} bash -c 'tail -c +$(({} * part + 1)) "$bundle" | head -c "$part" | curl -fsS -T - -H "x-amz-acl: public-read" -H "Content-Length: $(s=$(($(stat -c %s "$bundle") - {} * part)); echo $((s < part ? s : part)))" -H "Transfer-Encoding:" "$AWS_ENDPOINT_URL_S3/curl/{}"'
}
down_curl() {
    export folder AWS_ENDPOINT_URL_S3
    mkdir -p "$folder/down-curl"
    parts | xargs -P 8 -I{} curl -fsS -o "$folder/down-curl/{}" "$AWS_ENDPOINT_URL_S3/curl/{}"
}
digests() { md5sum "$bundle" && sha256sum "$bundle"; }
dll=$root/src/BackupTools.Console/bin/Release/net10.0/backuptools.dll
echo "bundle of $length bytes; load before: $(cut -d' ' -f1-3 /proc/loadavg)"
echo "run | curl up | tool up | curl down | tool down | MD5 and SHA-256 | peak up, MiB | peak down, MiB | up, % | down, %"
for run in $(seq "$runs"); do
    digest=$(seconds digests)
    curl_up=$(seconds up_curl)
    tool_up=$(seconds peak dotnet "$dll" copy "$folder/bundles" --destination-path "s3://tool/$run" --spool-path "$folder/spool")
    peak_up=$(cat "$folder/peak")
    curl_down=$(seconds down_curl)
    tool_down=$(seconds peak dotnet "$dll" copy "s3://tool/$run" --destination-path "$folder/down-tool")
    peak_down=$(cat "$folder/peak")
    cmp "$bundle" "$(find "$folder/down-tool" -name "$(basename "$bundle")")"
    rm -r "$folder/down-curl" "$folder/down-tool"
    awk -v d="$digest" -v cu="$curl_up" -v tu="$tool_up" -v cd="$curl_down" -v td="$tool_down" -v head="$run | $curl_up | $tool_up | $curl_down | $tool_down | $digest | $peak_up | $peak_down" \
        'BEGIN { printf "%s | %.0f | %.0f\n", head, 100 * (cu + d) / tu, 100 * (cd + d) / td }'
done
echo "load after: $(cut -d' ' -f1-3 /proc/loadavg)"
