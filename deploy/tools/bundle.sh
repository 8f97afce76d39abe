#!/usr/bin/env bash
# Puts together what a machine without this repository needs to run Chatr: the program, its site, the licence. The
# folder is what deploy/Dockerfile copies into the image and what a server of your own gets as /opt/chatr.
#
#   deploy/tools/bundle.sh PROGRAM SITE FOLDER      FOLDER is replaced
set -euo pipefail
cd "$(dirname "$0")/../.."
[ $# = 3 ] || { echo "bundle: needs PROGRAM SITE FOLDER" >&2; exit 2; }
program=$1 site=$2 folder=$3

[ -x "$program" ] || { echo "bundle: there is no program $program; run 'make release'" >&2; exit 1; }
[ -d "$site/pkg" ] || { echo "bundle: there is no site in $site; run 'make release'" >&2; exit 1; }

scratch=$folder.new
rm -rf "$scratch"
mkdir -p "$scratch"
cp "$program" "$scratch/chatr"
cp -R "$site" "$scratch/site" # beside the program is where it looks for it
cp LICENSE "$scratch/"
chmod -R u=rwX,go=rX "$scratch"
rm -rf "$folder"
mv "$scratch" "$folder"
printf 'bundle: %s, %s in %s files\n' "$folder" "$(du -sh "$folder" | cut -f1)" "$(find "$folder" -type f | wc -l)"
