/* SPDX-License-Identifier: BSD-3-Clause */
/* What the models of tests/orm/family.def need besides their declaration. */
#include "../orm/family.h"
#include <capo/model_signals.h>
#include "database_under_test.h"
#include <capo/schema.h>
#include <string.h>

#define CAPO_MODELS "../../tests/orm/family.def"
#include <capo/define_models.h>

int family_prepared;
static void count_prepared(SignalEvent *event) { family_prepared += event->sender == &Town_model || event->sender == &Letter_model; }

static const SignalReceiver receivers[] = {
    RECEIVER(&capo_class_prepared, count_prepared, .sender = &Town_model),
    RECEIVER(&capo_class_prepared, count_prepared, .sender_name = "family.Letter"),
    { 0 }
};

const App capo_test_family = { .name = "family", .models = models, .receivers = receivers };

Query *family_open(Query *rows)
{
    return capo_query(Place, .query = rows, .where = { .closed = EQ(false) });
}

/* --- cents --- */

static const char *bigint(const Field *field, const char *vendor)
{
    (void)field;
    (void)vendor;
    return "bigint";
}

static Value to_cents(const Field *field, Value value)
{
    double number;
    (void)field;
    if (!capo_to_real(value, &number))
        capo_raise(ERROR_VALUE, "A price is a number.");
    return capo_value_int((int64_t)(number * 100 + (number < 0 ? -0.5 : 0.5)));
}

static Value from_cents(const Field *field, Value raw)
{
    int64_t cents = 0;
    (void)field;
    capo_to_int(raw, &cents);
    return capo_value_decimal((Decimal){ capo_format("%lld.%02lld", (long long)(cents / 100), (long long)(cents % 100)) });
}

/* "3 euro" is 3. */
static Value without_word(const Field *field, Value value)
{
    (void)field;
    const char *end = capo_is_text(value) ? strstr(value.text, " euro") : NULL;
    return end ? capo_value_text(capo_strndup(value.text, (size_t)(end - value.text))) : value;
}

const CustomField family_cents = { .name = "family.Cents", .db_type = bigint, .to_db = to_cents, .from_db = from_cents, .to_python = without_word };

void family_database(void)
{
    size_t count;
    capo_models_prepare(APPS(&capo_test_family, &capo_contenttypes));
    open_empty_database();
    Model *const *all = capo_all_models(&count);
    capo_begin();
    SchemaEditor *editor = capo_schema_open(false);
    for (size_t i = 0; i < count; i++)
        if ((!strcmp(all[i]->app, "family") || !strcmp(all[i]->app, "contenttypes")) && !all[i]->auto_created)
            capo_schema_create_model(editor, all[i]);
    capo_schema_close(editor);
    capo_commit();
}

Town *make_town(const char *name)
{
    Town *town = capo_new(Town);
    town->name = name;
    capo_save(town);
    return town;
}
