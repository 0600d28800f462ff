# Sourced: a folder $work and a Wine in it, both gone with the script, and how programs of .NET are started in it.
# shellcheck shell=bash
set -uo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
# Write-xor-execute and Wine do not get along; its debugger would turn a crash into exit code 0. In the locale C it has no
# names of files beyond ASCII.
export LC_ALL=C.UTF-8 WINEPREFIX=$work/prefix WINEDEBUG=-all WINEDLLOVERRIDES=winedbg.exe=d DOTNET_EnableWriteXorExecute=0
trap 'wineserver=$(command -v wineserver || echo /usr/lib/wine/wineserver); "$wineserver" -k >/dev/null 2>&1; rm -rf "$work"' EXIT
wine wineboot -i >/dev/null 2>&1 </dev/null
wine winecfg -v win10 >/dev/null 2>&1 </dev/null
# The share that Windows has of a drive for administrators.
mkdir -p "$WINEPREFIX/dosdevices/unc/localhost" && ln -s "$WINEPREFIX/drive_c" "$WINEPREFIX/dosdevices/unc/localhost/c\$"

# A drive with nothing on it.
mkdir "$work/spare" && ln -s "$work/spare" "$WINEPREFIX/dosdevices/r:"

# $1 is the longest time that it may take; the output goes to $2, a file, as Wine's server outlives the program and would
# keep a pipe open. Wine needs a terminal for a console, without which PowerShell says nothing; script hands its line to
# $SHELL, and what printf quotes is for bash: another shell takes arguments of several lines for a syntax error.
in_wine() {
    local limit=$1 output=$2 root="Z:${repository//\//\\}"
    shift 2
    DOTNET_ROOT="$root\\out\\windows\\dotnet" DOTNET_STARTUP_HOOKS="$root\\tests\\windows\\bin\\Debug\\net10.0\\StartupHook.dll" \
        PSExecutionPolicyPreference=Bypass POWERSHELL_TELEMETRY_OPTOUT=1 SHELL=$BASH \
        timeout -k 10 "$limit" script -qec "$(printf '%q ' wine "$@") >$(printf %q "$output") 2>&1" /dev/null </dev/null >/dev/null
}
