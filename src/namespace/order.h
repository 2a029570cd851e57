/* order: how siblings stand in the tree. Not public. */
#pragma once

#include "base/base.h"

/* Natural order, as strcmp: a run of digits counts as one number, by its size however long it is
 * (dev-2 before dev-10), everything else by bytes. Names that differ in leading zeros alone stand
 * by bytes, so that only equal names are equal and the order is total. */
int natural_compare(struct bytes a, struct bytes b);
