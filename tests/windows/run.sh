#!/usr/bin/env bash
# Runs the tests as on Windows, under Wine: those of xunit with the Pester suite among them, in a .NET for Windows, and what
# ./build.ps1 Package packs (archives.sh). Without an argument all of them, with "ci" the part that differs by system. Lists
# what is skipped, each with its reason, and ends with "Windows (Wine): N passed, N failed, N skipped"; exit code 1 when one
# failed. Leaves the names of the tests of xunit that passed in wine-passed.txt, and what was skipped in wine-skipped.txt, beside
# the tests' dll, for .ci/run.
. "$(dirname "$0")/wine.sh"

# Rooms whose code asks which system it runs on, and the Pester files of paths, locks, jobs and what is left behind.
filter=()
minutes=60
if [ "${1:-}" = ci ]; then
    minutes=25
    for room in Files FrontEnds Operations Engines Engines.Spg Engines.Sqlite InPowerShell; do
        filter+=(-namespace "BackupTools.Tests.$room")
    done
    # Long ones, of which little depends on the system.
    for class in Operations.FaultTests Operations.ConcurrencyTests Operations.GrafeoChainFaultTests \
        Operations.GrafeoChainLifeTests Operations.ChainPropertyTests Operations.DamageTableTests Operations.ClockTests \
        Files.PublicationFaultTests Engines.Sqlite.SqliteGenerationTests InPowerShell.PesterCultureTests; do
        filter+=(-class- "BackupTools.Tests.$class")
    done
    export BACKUPTOOLS_PESTER="Windows.Tests.ps1 BackupTask.Tests.ps1 Get-BackupChain.Tests.ps1 Nothing.Tests.ps1 Stopping.Tests.ps1"
fi

dotnet build "$repository/tests/BackupTools.Core.Tests" -v q --nologo &&
    dotnet build "$repository/tests/windows" -v q --nologo || exit 1
bin=tests/BackupTools.Core.Tests/bin/Debug/net10.0
pester=$repository/$bin/pester
rm -f "$pester"-*.txt "$repository/$bin"/wine-*
(
    cd "$repository" || exit
    in_wine "${minutes}m" "$work/log" "$bin/BackupTools.Core.Tests.exe" -noColor -result-trx "$bin/wine-results.trx" "${filter[@]}"
)
tr -d '\r' <"$work/log" >"$work/text"
# xunit counts a whole file of Pester's tests as one; they are counted beside it, as .ci/run does.
in_pester() { sed -nE "1s/.* ([0-9]+) $1.*/\1/p" "$pester-totals.txt" 2>/dev/null | grep . || echo 0; }
total() { sed -nE "s/^ *BackupTools\.Core\.Tests .*$1: ([0-9]+).*/\1/p" "$work/text" | tail -1; }
if [ -z "$(total Total)" ]; then
    tail -20 "$work/text"
    echo "The tests did not come to their end under Wine."
    failed=1 passed=0 skipped=0
else
    failed=$(($(total Failed) + $(total Errors))) skipped=$(total Skipped)
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
echo "Windows (Wine): $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
