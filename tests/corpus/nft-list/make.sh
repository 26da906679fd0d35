#!/bin/sh
# Loads also/written.rules of each case, or runs its commands.in, in a network namespace of its own, and keeps what nft
# lists: as text here, as JSON in ../nft-json.
# usage: make.sh CASE… (nft, and iptables-nft where commands.in is there)
set -eu
cd "$(dirname "$0")"
parent=$(readlink /proc/self/ns/net)
export parent
for name in "$@"; do
    mkdir -p "../nft-json/$name"
    name=$name unshare -rn sh -euc '
        # A ruleset loaded in the first namespace would cut the machine off.
        [ "$(readlink /proc/self/ns/net)" != "$parent" ] || exit 99
        ip link set lo up
        if [ -e "$name/commands.in" ]; then sh -eu "$name/commands.in"; else nft -f "$name/also/written.rules"; fi
        nft list ruleset > "$name/list.nft"
        nft -j list ruleset > "../nft-json/$name/list.json"
    ' || echo "$name failed" >&2
done
