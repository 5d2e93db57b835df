#!/bin/sh
# SPDX-License-Identifier: ISC
# The assets as C: embed.sh FILE... > asset_table.c
# Each is there as it is and compressed, under a tag made of its content.
set -eu

bytes() {
    od -An -v -tu1 | sed -e 's/  */,/g' -e 's/^,//' -e 's/$/,/'
}

type_of() {
    case $1 in
    *.css) echo "text/css; charset=utf-8" ;;
    *.js) echo "text/javascript; charset=utf-8" ;;
    *.svg) echo "image/svg+xml" ;;
    *.json) echo "application/json" ;;
    *)
        echo "embed.sh: what type is $1?" >&2
        exit 1
        ;;
    esac
}

echo '#include "supervisor/web/asset.h"'
n=0
table=
for file; do
    name=${file##*/}
    type=$(type_of "$name")
    tag=$(sha256sum < "$file" | cut -c 1-16)
    echo "static const unsigned char plain_${n}[] = {"
    bytes < "$file"
    echo "};"
    echo "static const unsigned char packed_${n}[] = {"
    gzip -9nc "$file" | bytes
    echo "};"
    table="$table{ \"$name\", \"$type\", \"$tag\", plain_$n, sizeof(plain_$n),
packed_$n, sizeof(packed_$n) },
"
    n=$((n + 1))
done
echo "const struct asset assets[] = {"
printf '%s' "$table"
echo "};"
echo "const size_t n_assets = $n;"
