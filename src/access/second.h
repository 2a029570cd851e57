/* second: the second factor of a person. */
#pragma once

#include "access/room.h"

#define SECOND_CONTEXT_SIZE 24 /* of the seal: "totp NUMBER" */
enum second { SECOND_WRONG, SECOND_RIGHT, SECOND_RECOVERY /* a code that is to be removed now */ };
enum second second_check(struct access *access, uint32_t account, struct bytes text,
                         uint32_t *ret_recovery, int64_t *ret_step);
/* Right, and not used before: it is now, and *ret_step is to be recorded. */
bool second_totp_check(struct access *access, uint32_t account,
                       const uint8_t seed[SECRET_TOTP_SEED_SIZE], struct bytes text,
                       int64_t *ret_step);
size_t second_context(uint32_t account, char text[SECOND_CONTEXT_SIZE]);
