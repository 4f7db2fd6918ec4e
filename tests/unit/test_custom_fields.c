/* SPDX-License-Identifier: BSD-3-Clause */
/* Fields of one's own kind. */
#include <capo/testing.h>
#include <capo/schema.h>
#include "../orm/family.h"
#include "../../migrations/migration.h"
#include <string.h>

TEST(custom_fields_have_their_own_column)
{
    family_database();
    Ware *ware = capo_new(Ware);
    ware->name = "Pen";
    ware->price = (Decimal){ "12.50" };
    capo_save(ware);
    Ware *found = capo_get(Ware);
    EXPECT_TEXT(found->price.text, "12.50");
    EXPECT(!found->old_price.present);
    EXPECT_INT(capo_sql_rows("SELECT price FROM family_ware")->items[0].map->entries[0].value.integer, 1250);
    EXPECT_INT(capo_count(Ware, .where = { .price = EQ("12.50") }), 1);
    EXPECT_INT(capo_count(Ware, .where = { .price = GT(12.4) }), 1);
    EXPECT_INT(capo_count(Ware, .where = { .price = IN(VALUES("12.50", "3")) }), 1);
    EXPECT_INT(capo_update(Ware, .set = { .price = TO("7.25"), .old_price = TO("12.5") }), 1);
    capo_refresh(found);
    EXPECT_TEXT(found->price.text, "7.25");
    EXPECT_TEXT(found->old_price.value.text, "12.50");
    EXPECT_TEXT(capo_to_text(capo_values_flat(capo_query(Ware), "price")->items[0]), "7.25");
    capo_field_assign(&found->capo, capo_field(&Ware_model, "price"), capo_value_text("3 euro"));
    EXPECT_TEXT(found->price.text, "3");
    capo_save(found);
    EXPECT_TEXT(capo_get(Ware)->price.text, "3.00");
}

TEST(custom_fields_are_kept_by_migrations)
{
    family_database();
    ModelState *state = model_state_of(&Ware_model);
    FieldState *price = model_state_field(state, "price");
    EXPECT_TEXT(field_state_text(price, "custom"), "family.Cents");
    FieldRow row;
    field_state_to_row(price, &row);
    EXPECT(row.options.common.custom == &family_cents);
    EXPECT(capo_custom_field("family.Euros") == NULL);
}
