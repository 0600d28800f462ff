#!/usr/bin/env bash
# Packs what ./build.ps1 Package packs, unpacks it and runs it. Every operation of every engine with the console program for
# Windows, under Wine, and with the one of this system: after each, the exit codes, the names in the folder (without digits,
# since they hold the time) and the bytes that a restore made must be the same. Then the module in PowerShell for Windows.
# run.sh has laid out the .NET for Windows and starts this. Ends with "Archives (Wine): N passed, N failed"; exit code 1 when one failed.
. "$(dirname "$0")/wine.sh"
fixtures=$repository/tests/fixtures
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

here() { (cd "$work/here" && "$linux/backuptools" "$@" >"$work/here.out" 2>&1 </dev/null); }
wine_() { (cd "$work/wine" && in_wine 2m "$work/wine.out" "$windows/backuptools.exe" "$@"); }

look() {
    (
        cd "$work/$1" || exit
        find . | sed -E 's/[0-9a-f]{8,}/H/g; s/[0-9]+/N/g' | LC_ALL=C sort
        find r -type f -exec sha256sum {} + 2>/dev/null | LC_ALL=C sort -k 2
    )
}

# $1 is the name, $2 and $3 are the exit codes here and under Wine.
compare() {
    local difference
    if difference=$(diff <(look here) <(look wine)) && [ "$2" -eq "$3" ]; then
        passed=$((passed + 1))
        return
    fi
    failed=$((failed + 1))
    echo "FAILED $1: exit code $2 here, $3 under Wine; names and bytes: $difference"
    cat "$work/here.out" "$work/wine.out"
}

check() {
    local name=$1 here_code wine_code
    shift
    here "$@"
    here_code=$?
    wine_ "$@"
    wine_code=$?
    compare "$name" $here_code $wine_code
}

begin() {
    rm -rf "$work/here" "$work/wine"
    mkdir -p "$work/here" "$work/wine"
    case $1 in SQLite | SPG) source=a.db ;; Grafeo) source=a.grafeo ;; *) source=a ;; esac
}

put() {
    "put_$1" "$work/here" "$2"
    "put_$1" "$work/wine" "$2"
}

# The tests' PowerShell, which NuGet has unpacked.
version=$(sed -nE 's/.*<PowerShellVersion>(.*)<.*/\1/p' "$repository/Directory.Packages.props")
pwsh=$(dotnet nuget locals global-packages --list | sed 's/^[^:]*: //')/powershell/$version/tools/net10.0/any
dotnet exec "$pwsh/unix/pwsh.dll" -NoProfile -NonInteractive -Command "
    \$ErrorActionPreference = 'Stop'
    & '$repository/build.ps1' Package -OutputPath '$work/out'
    function Expand(\$Name, \$Folder) { [IO.Compression.ZipFile]::ExtractToDirectory((Get-Item -Path \$Name).FullName, \$Folder) }
    Expand '$work/out/backuptools-*-win-x64.zip' '$work'
    Expand '$work/out/BackupTools.*.nupkg' '$work/modules/BackupTools'" >"$work/package.out" 2>&1 &&
    tar -xzf "$work/out"/backuptools-*-linux-x64.tar.gz -C "$work" || {
    cat "$work/package.out"
    echo "Archives (Wine): 0 passed, 1 failed"
    exit 1
}
windows=$(echo "$work"/backuptools-*-win-x64) linux=$(echo "$work"/backuptools-*-linux-x64)

begin none
check version --version
if ! cmp -s <(tr -d '\r' <"$work/wine.out") "$work/here.out"; then
    echo "FAILED --version says something else: $(cat "$work/wine.out")"
    failed=$((failed + 1))
fi
for engine in SQLite SPG Grafeo PowDB Alopex; do
    begin $engine
    # A folder of one engine's bundles holds no other's: restores go to a folder of their own.
    target=r/$source
    for state in 0 1; do
        put $engine $state
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

for engine in SQLite SPG Grafeo PowDB Alopex; do
    begin $engine
    put $engine 0
    here full $source --destination-path b && here restore b --destination-path "r/$source"
    code=$?
    (
        cd "$work/wine" && PSModulePath="Z:${work//\//\\}\\modules" in_wine 5m "$work/wine.out" "$pwsh/win/pwsh.exe" -NoProfile -NonInteractive -Command "
        \$ErrorActionPreference = 'Stop'; Import-Module -Name BackupTools
        \$null = New-FullBackup -LiteralPath $source -DestinationPath b
        \$null = Restore-BackupChain -LiteralPath b -DestinationPath r/$source
        if ((Test-BackupChain -LiteralPath b -Deep | Out-String) -notmatch '$engine') { throw 'the chain is not shown' }
        if ((Get-Help -Name New-FullBackup).Synopsis -notmatch ' ') { throw 'the help is not there' }"
    )
    compare "$engine by the module" $code $?
done

echo "Archives (Wine): $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
