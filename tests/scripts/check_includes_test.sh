#!/bin/sh
# The checker is checked: a clean made tree passes, and each kind of violation planted in it is named.
# Usage: check_includes_test.sh SCRIPTS-FOLDER
set -eu
scripts=$1
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0

plant() { # file, text: makes the file in the tree
    mkdir -p "$tree/$(dirname "$1")"
    printf '%s\n' "$2" >"$tree/$1"
}

clean_tree() {
    rm -rf "$tree"
    mkdir -p "$tree"
    cat >"$tree/ARCHITECTURE.md" <<'TABLE'
| level | folder | what |
|---|---|---|
| L0 | `src/base` | bytes |
| L1 | `src/wire/mqtt` | packets |
| L2 | `src/engine` | the core |
TABLE
    plant src/base/base.h '#pragma once'
    plant src/base/base.c '#include "base/base.h"'
    plant src/wire/mqtt/mqtt.h '#pragma once
#include "base/base.h"'
    plant src/wire/mqtt/frame.h '#pragma once'
    plant src/wire/mqtt/mqtt.c '#include "wire/mqtt/mqtt.h"
#include "wire/mqtt/frame.h"
#include <stdio.h>'
    plant src/engine/engine.h '#pragma once
#include "wire/mqtt/mqtt.h"'
    plant src/engine/engine.c '#include "engine/engine.h"
#include "base/base.h"'
}

refused() { # what, expected text: the tree must be refused with the text
    if report=$("$scripts/check-includes" "$tree"); then
        echo "FAILED: $1 was not found"
        failed=1
    elif ! printf '%s\n' "$report" | grep -qF -- "$2"; then
        echo "FAILED: $1 was found, but not named as '$2':"
        printf '%s\n' "$report"
        failed=1
    else
        echo "found: $1"
    fi
}

clean_tree
if ! "$scripts/check-includes" "$tree"; then
    echo "FAILED: a clean tree was refused"
    failed=1
fi

clean_tree
plant src/base/test_rounds.h '#pragma once'
plant src/engine/engine_test.c '#include "engine/engine.h"
#include "base/test_rounds.h"'
if ! "$scripts/check-includes" "$tree"; then
    echo "FAILED: a test may include what a room below has for tests"
    failed=1
fi

clean_tree
plant src/base/test_rounds.h '#pragma once'
plant src/engine/own.c '#include "engine/engine.h"
#include "base/test_rounds.h"'
refused "what is for tests, outside of one" 'src/engine/own.c:2: "base/test_rounds.h": of base only "base/base.h" is seen from outside'

clean_tree
plant src/base/up.c '#include "base/base.h"
#include "engine/engine.h"'
refused "an include upwards" 'src/base/up.c:2: "engine/engine.h": base (L0) may not include engine (L2)'

clean_tree
sed -i 's/L2/L1/' "$tree/ARCHITECTURE.md"
refused "an include on the same level" 'src/engine/engine.h:2: "wire/mqtt/mqtt.h": engine (L1) may not include wire/mqtt (L1)'

clean_tree
plant src/engine/inside.c '#  include "wire/mqtt/frame.h"'
refused "a look into another room" 'src/engine/inside.c:1: "wire/mqtt/frame.h": of wire/mqtt only "wire/mqtt/mqtt.h" is seen from outside'

clean_tree
plant src/engine/near.c '#include "engine.h"'
refused "an include without its folder" 'src/engine/near.c:1: "engine.h": say folder/file.h'

clean_tree
plant src/engine/dots.c '#include "engine/../base/base.h"'
refused "an include with dots" 'src/engine/dots.c:1: "engine/../base/base.h": say folder/file.h'

clean_tree
plant src/cellar/cellar.c '#include "base/base.h"'
refused "a folder that is not in the table" 'src/cellar/cellar.c:1: its folder is not in the table'

clean_tree
plant src/engine/lost.c '#include "cellar/cellar.h"'
refused "an include of an unknown folder" 'src/engine/lost.c:1: "cellar/cellar.h": its folder is not in the table'

clean_tree
echo '| L3 | `src/attic` | nothing |' >>"$tree/ARCHITECTURE.md"
refused "a folder without code" 'src/attic is in the table but has no code'

clean_tree
plant src/engine/engine.c '#include "base/base.h"
#include "engine/engine.h"'
refused "an own header that is not first" 'src/engine/engine.c: a header of its own folder comes first'

clean_tree
: >"$tree/ARCHITECTURE.md"
refused "a missing table" 'no table of levels found'

exit $failed
