/* manual: the manual page mainstem(1), made from what the verbs say of themselves. The copy in
 * docs/man is held against it by a test. */
#pragma once

#include <stdio.h>

/* In man(7) macros. */
void manual_print(FILE *to);
