/* One translation of errno for the whole room. */
#pragma once

#include "base/base.h"

/* Never OK: 0 becomes ERR_IO. */
enum err os_err(int error);
