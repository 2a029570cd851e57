/* demo_plant: what the demo says of the places that its recordings come from: types, assets, rules
 * of alarms, a procedure, over the HTTP door. */
#pragma once

#include "base/base.h"

/* Sends all of it; what is there already is set again. Returns how many of the requests were not
 * taken, with what the first of them was answered in fault. A demo goes on without. */
unsigned demo_plant_send(const char *http, char *fault, size_t fault_size);
