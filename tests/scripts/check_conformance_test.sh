#!/bin/sh
# The checker is checked: the tree's own table passes in a copy, and each kind of violation planted
# in the copy is named.
# Usage: check_conformance_test.sh SCRIPTS-FOLDER
set -eu
scripts=$1
origin=$(dirname "$scripts")
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0
table=$tree/docs/mqtt-conformance.md

clean_tree() {
    rm -rf "$tree"
    mkdir -p "$tree/docs" "$tree/tests/scenario"
    cp "$origin/docs/mqtt-conformance.md" "$tree/docs"
    cp "$origin"/tests/scenario/*.py "$tree/tests/scenario"
    grep -o '`src/[^`]*_test.c:' "$table" | tr -d '`:' | sort -u | while read -r file; do
        mkdir -p "$tree/$(dirname "$file")"
        cp "$origin/$file" "$tree/$file"
    done
}

refused() { # what, expected text: the tree must be refused with the text
    if report=$("$scripts/check-conformance" "$tree"); then
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
if ! "$scripts/check-conformance" "$tree"; then
    echo "FAILED: a clean tree was refused"
    failed=1
fi

clean_tree
sed -i '/^| MQTT-3.1.2-4 /d' "$table"
refused "a statement without a row" 'MQTT-3.1.2-4 has no row'

clean_tree
sed -n '/^| MQTT-3.1.2-4 /p' "$table" >>"$table.more"
cat "$table.more" >>"$table"
refused "a statement twice" 'MQTT-3.1.2-4 stands in line'

clean_tree
sed -i 's/^| MQTT-3.1.2-4 /| MQTT-3.1.2-44 /' "$table"
refused "a statement that does not exist" 'MQTT-3.1.2-44 is no statement of MQTT 5'

clean_tree
sed -i '/^| MQTT-3.12.4-1 /s/`[^`]*`//g' "$table"
refused "a statement of the server without a test" 'MQTT-3.12.4-1 binds server and has no test'

clean_tree
sed -i '/^| MQTT-3.12.4-1 /s/| server |/| nobody |/' "$table"
refused "a statement that binds nobody" "MQTT-3.12.4-1 binds 'nobody'"

clean_tree
sed -i '/^| MQTT-3.12.4-1 /s/each_ping_is_answered/no_ping_is_answered/' "$table"
refused "a test that does not exist" 'tests/scenario/mqtt5_session_test.py has no test no_ping_is_answered'

clean_tree
sed -i '/^| MQTT-3.12.4-1 /s/mqtt5_session_test.py/mqtt6_test.py/' "$table"
refused "a file that does not exist" 'there is no file tests/scenario/mqtt6_test.py'

clean_tree
sed -i '/^| MQTT-3.12.4-1 /s/each_ping_is_answered/no_disconnect_before_connack/' "$table"
refused "a test that does not hold its statement" 'no_disconnect_before_connack does not say that it holds it'

clean_tree
sed -i 's/^@holds("MQTT-3.12.4-1")/@holds("MQTT-3.12.4-1", "MQTT-3.12.4-2")/' "$tree/tests/scenario/mqtt5_session_test.py"
refused "a test that holds a statement nobody made" 'each_ping_is_answered holds MQTT-3.12.4-2, which has no row'

clean_tree
sed -i 's/^@holds("MQTT-3.12.4-1")/@holds("MQTT-3.12.4-1", "MQTT-3.14.0-1")/' "$tree/tests/scenario/mqtt5_session_test.py"
refused "a test that is not named" 'MQTT-3.14.0-1: tests/scenario/mqtt5_session_test.py:each_ping_is_answered holds it, but is not named'

clean_tree
rm "$table"
refused "a missing table" 'there is no such file'

exit $failed
