/* control: the door of the terminal verbs, one JSON object a line each way (see server.h). What is
 * told and how commands are read is report's. */
#pragma once

#include "server/room.h"

#define CONTROL_LINE_MAX ((size_t)60 << 10)
