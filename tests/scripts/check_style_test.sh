#!/bin/sh
# The style checks are checked, at both sides of each limit.
# Usage: check_style_test.sh SCRIPTS-FOLDER
set -eu
scripts=$1
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0

clean_tree() {
    rm -rf "$tree"
    mkdir -p "$tree/src/base"
    printf '#pragma once\n#include <stdint.h>\nuint32_t base(void);\n' >"$tree/src/base/base.h"
}
lines() { # count, text: the text so many times
    awk -v count="$1" -v text="$2" 'BEGIN { while (count-- > 0) print text }'
}
function_of() { # count: a function with so many lines between its braces
    printf 'int long_one(void)\n{\n'
    lines "$1" '    ;'
    printf '}\n'
}
accepted() { # script, what
    if "$scripts/$1" "$tree" >/dev/null; then
        echo "accepted: $2"
    else
        echo "FAILED: $2 was refused"
        failed=1
    fi
}
refused() { # script, what, expected text
    if report=$("$scripts/$1" "$tree"); then
        echo "FAILED: $2 was not found"
        failed=1
    elif ! printf '%s\n' "$report" | grep -qF -- "$3"; then
        echo "FAILED: $2 was found, but not named as '$3':"
        printf '%s\n' "$report"
        failed=1
    else
        echo "found: $2"
    fi
}

clean_tree
accepted check-style "a clean tree"
accepted check-headers "a clean header"

clean_tree
lines 1000 'int a;' >"$tree/src/base/base.c"
accepted check-style "a file of 1000 lines"
lines 1001 'int a;' >"$tree/src/base/base.c"
refused check-style "a file of 1001 lines" 'src/base/base.c:1001: the file has more than 1000 lines'

clean_tree
function_of 70 >"$tree/src/base/base.c"
accepted check-style "a function of 70 lines"
function_of 71 >"$tree/src/base/base.c"
refused check-style "a function of 71 lines" 'src/base/base.c:74: a function of 71 lines'

clean_tree
echo "/* TO""DO: later */" >"$tree/src/base/base.c"
refused check-style "unfinished work" 'src/base/base.c:1: a mark of unfinished work'

clean_tree
echo "int a; " >"$tree/src/base/base.c"
refused check-style "white space at the end" 'src/base/base.c:1: white space at the end of the line'

clean_tree
printf '#pragma once\nuint32_t base(void);\n' >"$tree/src/base/base.h"
refused check-headers "a header that needs another first" 'src/base/base.h does not compile alone'

clean_tree
echo 'int base(void);' >"$tree/src/base/base.h"
refused check-headers "a header without #pragma once" 'src/base/base.h: no #pragma once'

exit $failed
