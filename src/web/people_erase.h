/* people_erase: what is left of deleted tenants goes in the background; people_erase.c. */
#pragma once

#include "web/exchange.h"

/* Its commands have this tag: no client has this place. */
#define ERASER_SLOT (EXCHANGE_SLOTS_MAX - 1)
#define ERASER_TAG (WEB_TAG | (uint64_t)ERASER_SLOT << 20)

/* Entry of the audit: what a tenant had when it was deleted. */
#define TENANT_INVENTORY "tenant.inventory"
MUST_USE enum err tenant_eraser_create(struct web *web);
/* A tenant was deleted. */
void tenant_eraser_poke(struct web *web);
/* A piece; true: there is more to do without waiting for an outcome. */
bool tenant_eraser_step(struct web *web);
void tenant_eraser_outcome(struct web *web, const struct outcome *outcome);
void tenant_eraser_lost(struct web *web); /* a write failed */
