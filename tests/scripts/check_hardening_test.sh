#!/bin/sh
# The check of programs is checked: one that has everything passes, and one without each thing is found.
# Usage: check_hardening_test.sh SCRIPTS-FOLDER
set -eu
check=$1/check-hardening
if ! command -v gcc >/dev/null 2>&1 || ! command -v readelf >/dev/null 2>&1; then
    echo "skipped: this needs gcc and readelf"
    exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0
# What libc must check, in an array that a canary must stand behind.
cat >"$folder/program.c" <<'END'
#include <stdio.h>
#include <string.h>
#ifdef WRITABLE_CODE
__asm__(".section .both, \"awx\"\n.byte 0xc3\n.text");
#endif
int main(int count, char **words)
{
    char text[16];
    strcpy(text, words[count - 1]);
    return printf("%s\n", text) < 0;
}
END
compiling="-O2 -fPIE -D_FORTIFY_SOURCE=3 -fstack-protector-strong"
linking="-pie -Wl,-z,relro,-z,now,-z,noexecstack"

program() { # options of the compiler, options of the linker
    # shellcheck disable=SC2086
    gcc -w -U_FORTIFY_SOURCE $1 -c "$folder/program.c" -o "$folder/program.o"
    # shellcheck disable=SC2086
    gcc -w "$folder/program.o" $2 -o "$folder/program"
}
refused() { # what, expected text
    if report=$("$check" "$folder/program"); then
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

program "$compiling" "$linking"
if "$check" "$folder/program"; then
    echo "accepted: a program with everything"
else
    echo "FAILED: a program with everything was refused"
    failed=1
fi
strip "$folder/program"
if "$check" "$folder/program"; then
    echo "accepted: the same without its symbols"
else
    echo "FAILED: the same without its symbols was refused"
    failed=1
fi

program "-O2 -fno-pie -D_FORTIFY_SOURCE=3 -fstack-protector-strong" "-no-pie -Wl,-z,relro,-z,now"
refused "a fixed address" "no PIE: it is loaded at a fixed address"
program "$compiling" "-shared -Wl,-z,relro,-z,now"
refused "a library in a program's place" "no PIE: it is not marked as a program"
program "$compiling" "-pie -Wl,-z,norelro,-z,now"
refused "writable tables of addresses" "no RELRO"
program "$compiling" "-pie -Wl,-z,relro,-z,lazy"
refused "late binding" "RELRO only in part"
program "$compiling" "-pie -Wl,-z,relro,-z,now,-z,execstack"
refused "a stack that is code" "memory that is both written and run: GNU_STACK"
program "$compiling -DWRITABLE_CODE" "$linking,--no-warn-rwx-segments"
refused "code that can be written" "memory that is both written and run: LOAD"
program "-O2 -fPIE -D_FORTIFY_SOURCE=3 -fno-stack-protector" "$linking"
refused "no canaries" "no canaries"
program "-O2 -fPIE -fstack-protector-strong" "$linking"
refused "unchecked calls" "no checked calls of libc"
program "$compiling" "$linking,-rpath,/opt/lib"
refused "a folder for libraries" "it looks for libraries in folders of its own"

exit $failed
