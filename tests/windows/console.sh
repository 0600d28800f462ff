#!/usr/bin/env bash
# Runs every operation of every engine with the console program for Windows, under Wine, and with the one of this system.
# After each, the exit codes, the names in the folder (without digits, since they hold the time) and the bytes that a
# restore made must be the same. Ends with "Windows (Wine): N passed, N failed, N skipped"; exit code 1 when one failed.
set -uo pipefail
repository=$(cd "$(dirname "$0")/../.." && pwd)
fixtures=$repository/tests/fixtures
work=$(mktemp -d)
export WINEPREFIX=$work/prefix WINEDEBUG=-all DOTNET_EnableWriteXorExecute=0
trap 'wineserver=$(command -v wineserver || echo /usr/lib/wine/wineserver); "$wineserver" -k >/dev/null 2>&1; rm -rf "$work"' EXIT
passed=0 failed=0

# The engine's state S0 or S1 ($2), in the folder $1; of Grafeo's generations the newer.
put_SQLite() { cp "$fixtures/sqlite/handmade/states/s$(($2 + 1)).db" "$1/a.db"; }
put_SPG() {
    cp "$fixtures/spg/states/S0.v59.db" "$1/a.db"
    tail -c +263 "$fixtures/spg/states/S$2.wal" >"$1/a.wal" # a checkpoint has taken the first 262 bytes
}
put_Grafeo() {
    rm -f "$1"/a.grafeo.wal/*.log
    mkdir -p "$1/a.grafeo.wal"
    cp "$fixtures/grafeo/v06-native/S$2.grafeo" "$1/a.grafeo"
    cp "$fixtures/grafeo/v06-native/S$2.grafeo.wal"/*.log "$1/a.grafeo.wal"
}
put_PowDB() { rm -rf "$1/a" && cp -r "$fixtures/powdb/S$2" "$1/a"; }
put_Alopex() { rm -rf "$1/a" && cp -r "$fixtures/alopex/small/S$2/data" "$1/a"; }

# Output goes to files: Wine's server outlives the program and would keep a pipe open.
here() { (cd "$work/here" && dotnet "$work/linux/backuptools.dll" "$@" >"$work/here.out" 2>&1 </dev/null); }
wine_() { (cd "$work/wine" && timeout -k 5 120 wine "$work/windows/backuptools.exe" "$@" >"$work/wine.out" 2>&1 </dev/null); }

look() {
    (
        cd "$work/$1" || exit
        find . | sed -E 's/[0-9a-f]{8,}/H/g; s/[0-9]+/N/g' | LC_ALL=C sort
        find r -type f -exec sha256sum {} + 2>/dev/null | LC_ALL=C sort -k 2
    )
}

check() {
    local name=$1 here_code wine_code
    shift
    here "$@"
    here_code=$?
    wine_ "$@"
    wine_code=$?
    if [ "$here_code" -eq "$wine_code" ] && difference=$(diff <(look here) <(look wine)); then
        passed=$((passed + 1))
        return
    fi
    failed=$((failed + 1))
    echo "FAILED $name: exit code $here_code here, $wine_code under Wine; names and bytes: ${difference:-}"
    cat "$work/here.out" "$work/wine.out"
}

dotnet publish "$repository/src/BackupTools.Console" -r win-x64 --self-contained -o "$work/windows" -v q --nologo &&
    dotnet publish "$repository/src/BackupTools.Console" -o "$work/linux" -v q --nologo || exit 1
wine wineboot -i >/dev/null 2>&1 </dev/null

for engine in SQLite SPG Grafeo PowDB Alopex; do
    rm -rf "$work/here" "$work/wine"
    mkdir -p "$work/here" "$work/wine"
    case $engine in SQLite | SPG) source=a.db ;; Grafeo) source=a.grafeo ;; *) source=a ;; esac
    # A folder of one engine's bundles holds no other's: restores go to a folder of their own.
    target=r/$source
    for state in 0 1; do
        "put_$engine" "$work/here" $state
        "put_$engine" "$work/wine" $state
        if [ $state -eq 0 ]; then
            check "$engine full" full $source --destination-path b
        else
            check "$engine incremental" incremental $source --destination-path b
        fi
    done
    check "$engine chain" chain b
    check "$engine header" header b
    check "$engine test" test b --deep --restore-drill
    check "$engine restore" restore b --destination-path $target
    check "$engine restore refused" restore b --destination-path $target
    check "$engine restore over it" restore b --destination-path $target --force
    check "$engine report" report b --destination-path page/report.html
    check "$engine report over it" report b --destination-path page/report.html
    check "$engine merge" merge b --destination-path m
    check "$engine copy" copy b --destination-path c --verify
    check "$engine prune" prune b --keep-last 1
    check "$engine no source" full nothing --destination-path b
done
check "demo" demo

echo "Windows (Wine): $passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
