#!/bin/bash
# Puts the command line of Grafeo 0.5.42 (npm: @grafeo-db/cli-linux-x64) under a folder and prints the path of a program
# that runs it. It needs glibc 2.39: libc6 and libgcc-s1 of Debian 13 are unpacked beside it, nothing is installed.
# usage: setup.sh [FOLDER]     (default: engine/ beside this script; does nothing when it is there already)
set -euo pipefail
folder=$(realpath -m "${1:-$(dirname "$0")/engine}")
program=$folder/grafeo
if [ -x "$program" ] && "$program" --version >/dev/null 2>&1; then
    echo "$program"
    exit 0
fi
mkdir -p "$folder"/apt/{lists/partial,cache/archives/partial,etc} "$folder/lib"

# The mirror that this machine uses, with the release that has the library.
# Most machines have but one of these files.
mirror=$({ cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null || true; } |
    sed -n 's/^URIs: *//p; s/^deb  *\(\[[^]]*\] *\)\{0,1\}\([^ ]*\).*/\2/p' | grep -v security | head -1)
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$folder/apt/etc/sources.list"
options=(-o "Dir::Etc::SourceList=$folder/apt/etc/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$folder/apt/lists" -o "Dir::Cache=$folder/apt/cache" -o APT::Get::List-Cleanup=0)
apt-get "${options[@]}" update -qq >&2
(
    cd "$folder/apt"
    apt-get "${options[@]}" download -qq libc6 libgcc-s1 >&2
    for package in libc6_*.deb libgcc-s1_*.deb; do dpkg -x "$package" "$folder/lib"; done
)
(
    cd "$folder"
    npm init -y >/dev/null 2>&1
    npm install --no-audit --no-fund @grafeo-db/cli-linux-x64@0.5.42 >&2
)
cat >"$program" <<WRAPPER
#!/bin/sh
exec "$folder/lib/usr/lib64/ld-linux-x86-64.so.2" --library-path "$folder/lib/usr/lib/x86_64-linux-gnu" "$folder/node_modules/@grafeo-db/cli-linux-x64/grafeo" "\$@"
WRAPPER
chmod +x "$program"
"$program" --version >&2
echo "$program"
