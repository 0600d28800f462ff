#!/usr/bin/env bash
# Runs the tests as on Windows, under Wine: those of xunit with the Pester suite among them, in a .NET for Windows, and what
# ./build.ps1 Package packs (archives.sh). Without an argument all of them, with "ci" the part that differs by system. Lists
# what is skipped, each with its reason, and ends with "Windows (Wine): N passed, N failed, N skipped"; exit code 1 when one
# failed. Leaves the names of the tests of xunit that passed in wine-passed.txt, and what was skipped in wine-skipped.txt, beside
# the tests' dll, for .ci/run.
. "$(dirname "$0")/wine.sh"

# Rooms whose code asks which system it runs on, and the Pester files of paths, locks, jobs and what is left behind.
filter=()
minutes=120
if [ "${1:-}" = ci ]; then
    minutes=40
    for room in Files FrontEnds Operations Engines Engines.Spg Engines.Sqlite Encryption InPowerShell; do
        filter+=(-namespace "BackupTools.Tests.$room")
    done
    # Long ones, of which little depends on the system.
    for class in Operations.FaultTests Operations.ConcurrencyTests Operations.GrafeoChainFaultTests \
        Operations.GrafeoChainLifeTests Operations.ChainPropertyTests Operations.DamageTableTests Operations.ClockTests \
        Operations.ProgressTotalTests Operations.ChainLifeTests Operations.StrangerTests Operations.ReaderBesideTests \
        Files.PublicationFaultTests Engines.Sqlite.SqliteGenerationTests Encryption.EncryptedStoreTests \
        Encryption.SealedStoreTests Encryption.KeyConsoleTests Encryption.KeptStateTests Encryption.EncryptedFaultTests \
        Encryption.FlippedByteTests Encryption.EncryptedElsewhereTests Encryption.OtherKeysTests Encryption.KeylessTests \
        Encryption.SignedRunTests Encryption.SignatureTests Encryption.EncryptedChainTests Encryption.KeptStateDoubtTests Encryption.KeptSampleTests \
        Operations.UnchangedTests Operations.TimeTargetTests Operations.ExportReportTests InPowerShell.PesterCultureTests; do
        filter+=(-class- "BackupTools.Tests.$class")
    done
    export BACKUPTOOLS_PESTER="Windows.Tests.ps1 BackupTask.Tests.ps1 Get-BackupChain.Tests.ps1 Nothing.Tests.ps1 Stopping.Tests.ps1"
fi

dotnet build "$repository/tests/windows" -v q --nologo || exit 1
bin=tests/BackupTools.Core.Tests/bin/Debug/net10.0
pester=$repository/$bin/pester
rm -f "$pester"-*.txt "$repository/$bin"/wine-*
run_tests() { # minutes, the file for the text, arguments of xunit
    (
        cd "$repository" || exit
        in_wine "$1m" "$work/log" "$bin/BackupTools.Core.Tests.exe" -noColor "${@:3}"
    )
    tr -d '\r' <"$work/log" >"$2"
}
failures() { sed -nE 's/^ *(.*) \[FAIL\]$/\1/p' "$1"; }
# A test that hangs is named after ten minutes; the last lines of the text show it.
run_tests "$minutes" "$work/text" -longRunning 600 -result-trx "$bin/wine-results.trx" "${filter[@]}"
# Wine on a busy machine is slow by turns, and Wine itself has races: what failed runs once more by itself. It is named below
# in any case, with what it said.
mapfile -t again < <(failures "$work/text" | sed -E 's/\(.*//' | sort -u)
if [ ${#again[@]} -gt 0 ] && [ ${#again[@]} -le 3 ]; then
    run_tests 10 "$work/second" $(printf -- '-method %s ' "${again[@]}")
    if grep -q '^  Finished' "$work/second" && [ -z "$(failures "$work/second")" ]; then
        once=$(failures "$work/text" | wc -l)
    fi
fi
# xunit counts a whole file of Pester's tests as one; they are counted beside it, as .ci/run does.
in_pester() { sed -nE "1s/.* ([0-9]+) $1.*/\1/p" "$pester-totals.txt" 2>/dev/null | grep . || echo 0; }
total() { sed -nE "s/^ *BackupTools\.Core\.Tests .*$1: ([0-9]+).*/\1/p" "$work/text" | tail -1; }
if [ -z "$(total Total)" ]; then
    tail -20 "$work/text"
    echo "The tests did not come to their end under Wine."
    failed=1 passed=0 skipped=0
else
    failed=$(($(total Failed) + $(total Errors) - ${once:-0})) skipped=$(total Skipped)
    passed=$(($(total Total) - failed - skipped + $(in_pester passed)))
    failed=$((failed + $(in_pester failed))) skipped=$((skipped + $(in_pester skipped)))
    awk '/ \[FAIL\]$/ { on = 1 } / \[SKIP\]$/ || /^  Finished/ { on = 0 } on' "$work/text"
    echo "Skipped on Windows (Wine):"
    {
        awk '/ \[SKIP\]$/ { name = $0; sub(/ \[SKIP\]$/, "", name); sub(/^ */, "", name); getline; sub(/^ */, ""); print $0 ": " name }' \
            "$work/text"
        cat "$pester-skipped.txt" 2>/dev/null
    } | tr -d '\r' | sort | tee "$repository/$bin/wine-skipped.txt" | sed 's/^/  /'
    grep -o '<UnitTestResult testName="[^"]*" outcome="Passed"' "$repository/$bin/wine-results.trx" |
        sed -E 's/.* testName="([^"(]*).*/\1/' | sort -u >"$repository/$bin/wine-passed.txt"
fi

beside=$("$repository/tests/windows/archives.sh")
echo "$beside" | sed '$d'
in_archives() { sed -nE "s/.* ([0-9]+) $1.*/\1/p" <<<"$(tail -1 <<<"$beside")"; }
passed=$((passed + $(in_archives passed))) failed=$((failed + $(in_archives failed)))
# Once more by name, at the end: of a long record one sees the last page.
failures "$work/text" | sed "s/^/Failed on Windows (Wine)${once:+ once, and passed when run again}: /"
echo "Windows (Wine): $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
