/* What the texts of a tenant, a role, an account take from the limit of all texts. Those of the
 * audit are not counted: its ring is a limit of its own. */
#include "model/access/tables.h"

bool access_texts_fit(const struct access_model *model, uint64_t bytes)
{
    return model->roots->text_bytes + bytes <= model->limits.texts_bytes_max;
}

enum err access_text_set(struct access_model *model, uint32_t *text, struct bytes content)
{
    uint32_t before = texts_cost(texts_get(&model->texts, *text).size);
    enum err err = texts_set(&model->texts, text, content);
    if (err != OK)
        return err;
    struct roots_entry *roots = roots_write(model);
    roots->text_bytes = roots->text_bytes - before + texts_cost(content.size);
    return OK;
}
