/* SPDX-License-Identifier: BSD-3-Clause */
/* A database that refuses a row after it was found good: what it names, and the words that forms show then. */
#include <capo/testing.h>
#include <capo/expressions.h>
#include <capo/forms.h>
#include <capo/integrity.h>
#include "../../migrations/state.h"
#include "../../orm/internal.h"
#include "database_under_test.h"
#include <string.h>

static void another_was_faster(void *guest, bool created);
static const char *lower_sql(const Model *model, const ConstraintOptions *one, const char *vendor);
static bool has_capitals(Instance *self, const ConstraintOptions *one);
static const char *lower_problem(const Model *model, const ConstraintOptions *one);
static const char *once_sql(const Model *model, const ConstraintOptions *one, const char *vendor);
static const OwnConstraint lower_case = { .name = "inn.LowerCase", .sql = lower_sql, .fails = has_capitals, .problem = lower_problem };
static const OwnConstraint only_once = { .name = "inn.Once", .sql = once_sql };
#define CAPO_MODELS "../../tests/unit/test_integrity.def"
#include <capo/declare_models.h>
#define CAPO_MODELS "../../tests/unit/test_integrity.def"
#include <capo/define_models.h>

static const App inn = { .name = "inn", .models = models };
static const char *lower_sql(const Model *model, const ConstraintOptions *one, const char *vendor)
{
    const char *column = capo_column(model, one->fields[0]);
    return capo_format(strcmp(vendor, "mysql") ? "CHECK (%s = lower(%s))" : "CHECK (BINARY %s = BINARY lower(%s))", column, column);
}

static bool has_capitals(Instance *self, const ConstraintOptions *one)
{
    const char *text = capo_to_text(capo_field_value(self, capo_field(self->model, one->fields[0])));
    return text[strcspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] != '\0';
}

static const char *lower_problem(const Model *model, const ConstraintOptions *one)
{
    const Field *field = capo_field(model, one->fields[0]);
    return capo_field_is_text(field->kind) ? NULL : capo_format("the field %s has no letters.", field->name);
}

/* None on SQLite. */
static const char *once_sql(const Model *model, const ConstraintOptions *one, const char *vendor)
{
    return strcmp(vendor, "sqlite") ? capo_format("UNIQUE (%s, %s)", capo_column(model, one->fields[0]), capo_column(model, one->fields[1])) : NULL;
}

static const char *faster;      /* what the other request says, once */

static void another_was_faster(void *guest, bool created)
{
    (void)guest, (void)created;
    const char *sql = faster;
    faster = NULL;
    if (sql)
        capo_sql_run(sql);
}

/* All columns, with these instead. */
static const char *other(const char *name, int room, int bed, const char *kind, const char *code)
{
    return capo_format("INSERT INTO inn_guest (name, room, bed, kind, code, nights, floor) VALUES ('%s', %d, %d, '%s', '%s', 1, 1)", name, room, bed, kind, code);
}

static void open_inn(void)
{
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more", .apps = APPS(&inn) });
    capo_models_prepare(APPS(&inn));
    open_empty_database();
    faster = NULL;
    SchemaEditor *editor = capo_schema_open(false);
    for (size_t i = 0; models[i]; i++)
        capo_schema_create_model(editor, models[i]);
    capo_schema_close(editor);
}

static Guest *guest(const char *name)
{
    Guest *one = capo_new(Guest);
    one->name = one->code = name;
    return one;
}

static const char *said(const ValidationError *errors)
{
    return !errors ? "" : capo_format("%s/%s: %s%s", errors->field ? errors->field : "-", errors->code, errors->message, errors->next ? "; …" : "");
}

static const char *refused(Guest *one)
{
    const char *text = said(capo_try_save(one));
    EXPECT(*text ? !capo_instance_is_saved(&one->capo) && !one->id : one->id > 0);
    return text;
}

TEST(integrity_errors_have_the_words_of_the_constraint)
{
    open_inn();
    EXPECT_TEXT(refused(guest("Ann")), "");
    faster = other("Bob", 2, 2, "x", "y");
    Guest *one = guest("Bob");
    one->room = 9;
    EXPECT_TEXT(refused(one), "name/unique: That name is taken.");
    EXPECT_TEXT(refused(guest("Cid")), "-/unique_together: Guest with this Room and Bed already exists.");
    one = guest("Cid");
    one->room = 100;
    EXPECT_TEXT(refused(one), "-/room: We have no such room.");
    one = guest("Cid");
    one->room = 3;
    one->code = "Ann";
    EXPECT_TEXT(refused(one), "-/guest_code: The code was used.");
    one->code = "it's for key 'room'";
    EXPECT_TEXT(refused(one), "");
    one = guest("Dan");
    one->room = 4;
    one->code = "it's for key 'room'";                          /* a value that looks like a message */
    EXPECT_TEXT(refused(one), "-/guest_code: The code was used.");
    one->code = "Key (room, bed)=(4, 1) already exists";
    EXPECT_TEXT(refused(one), "");
    one = guest("Eve");
    one->room = 5;
    one->code = "Key (room, bed)=(4, 1) already exists";
    EXPECT_TEXT(refused(one), "-/guest_code: The code was used.");
    if (database_is("mysql"))                                   /* the column is unsigned, and it has neither of the other constraints */
        return;
    one = guest("Eve");
    one->room = 5;
    one->nights = -1;
    EXPECT_TEXT(refused(one), "nights/min_value: Ensure this value is greater than or equal to 0.");
    one->nights = 1;
    one->alias = "evie";
    EXPECT_TEXT(refused(one), "");
    one = guest("Fay");
    one->room = 6;
    one->alias = "EVIE";
    EXPECT_TEXT(refused(one), "-/twice: Constraint “guest_lower_alias” is violated.");
    for (int i = 0; i < 2; i++) {
        one = guest(i ? "Fay" : "Gil");
        one->room = 7 + i;
        one->kind = "king";
        capo_set(one, floor, 3);
        EXPECT_TEXT(refused(one), i ? "-/guest_one_king: There is a king already." : "");
    }
}

static void save_one(void *one) { capo_save((Guest *)one); }

TEST(integrity_errors_name_what_was_broken)
{
    open_inn();
    capo_save(guest("Ann"));
    const Error *error = capo_try(save_one, guest("Ann"));
    const BrokenConstraint *broken = capo_broken_constraint(error);
    EXPECT(broken && broken->kind == BROKEN_UNIQUE && (broken->name || broken->columns));
    Guest *far = guest("Far");
    far->room = 100;
    broken = capo_broken_constraint(capo_try(save_one, far));
    EXPECT(broken && broken->kind == BROKEN_CHECK);
    EXPECT_TEXT(broken->name, "guest_rooms");
    Guest *none = guest("None");
    none->room = 2;
    none->name = NULL;
    broken = capo_broken_constraint(capo_try(save_one, none));
    EXPECT(broken && broken->kind == BROKEN_NOT_NULL);
    EXPECT_TEXT(broken->columns[0], "name");
    EXPECT_TEXT(said(capo_try_save(none)), "name/null: This field cannot be null.");
    EXPECT(!capo_broken_constraint(NULL));
}

TEST(integrity_errors_of_foreign_keys)
{
    open_inn();
    Guest *one = guest("Ann");
    capo_set(one, host_id, 77);
    EXPECT_TEXT(refused(one), "host/invalid: guest instance with id 77 does not exist.");
    EXPECT_INT(capo_count(Guest), 0);
    capo_set_null(one, host_id);
    EXPECT_TEXT(refused(one), "");
    Guest *two = guest("Bob");
    two->room = 2;
    capo_set(two, host_id, one->id);
    EXPECT_TEXT(refused(two), "");
}

TEST(integrity_errors_of_a_child_and_its_parent)
{
    open_inn();
    Regular *first = capo_new(Regular), *second = capo_new(Regular);
    first->guest.name = first->guest.code = "Ann";
    first->card = second->card = "77";
    EXPECT(!capo_instance_try_save(&first->guest.capo));
    second->guest.name = "Ann";
    second->guest.code = "Bob";
    second->guest.room = 2;
    EXPECT_TEXT(said(capo_instance_try_save(&second->guest.capo)), "name/unique: That name is taken.");
    second->guest.name = "Bob";
    EXPECT_TEXT(said(capo_instance_try_save(&second->guest.capo)), "card/unique: Regular with this Card already exists.");
    EXPECT_INT(capo_count(Guest), 1);                           /* the parent's row went with it */
    second->card = "78";
    EXPECT(!capo_instance_try_save(&second->guest.capo));
}

static void try_to_save(void *one) { (void)!capo_try_save((Guest *)one); }

TEST(integrity_errors_that_are_none_are_raised)
{
    open_inn();
    capo_save(guest("Ann"));
    Guest *two = guest("Bob");
    faster = "INSERT INTO inn_nothing VALUES (1)";
    EXPECT(EXPECT_RAISES(database_is("sqlite") ? ERROR_OPERATIONAL : ERROR_PROGRAMMING, try_to_save, two));
    EXPECT(!capo_instance_is_saved(&two->capo));
}

static Form *form_of(const char *body, Guest *instance)
{
    return capo_model_form_new(&Guest_model, LIST("name", "room", "bed", "kind", "code", "nights"), NULL, capo_dict_parse(body, strlen(body)), NULL,
                               instance ? &(FormOptions){ .instance = &instance->capo } : NULL);
}

TEST(forms_show_what_the_database_refused)
{
    open_inn();
    Form *form = form_of("name=Ann&room=1&bed=1&kind=plain&code=a&nights=1", NULL);
    faster = other("Ann", 9, 9, "x", "y");
    EXPECT(capo_form_is_valid(form));
    EXPECT(!capo_form_try_save(form));
    EXPECT_TEXT(capo_form_errors(form, "name")[0], "That name is taken.");
    EXPECT(!capo_form_is_valid(form));
    EXPECT_INT(capo_count(Guest), 0);                           /* the other's row was in the same transaction here */
    form = form_of("name=Ann&room=1&bed=1&kind=plain&code=a&nights=1", NULL);
    faster = other("Bob", 1, 1, "x", "y");
    EXPECT(!capo_form_try_save(form));
    EXPECT_TEXT(capo_form_errors(form, NULL)[0], "Guest with this Room and Bed already exists.");
    form = form_of("name=Ann&room=1&bed=1&kind=plain&code=a&nights=1", NULL);
    EXPECT(capo_form_try_save(form));
    Guest *ann = capo_get(Guest);
    form = form_of("name=Ann&room=1&bed=1&kind=plain&code=b&nights=1", ann);
    faster = other("Bob", 2, 2, "x", "b");
    EXPECT(capo_form_is_valid(form));
    EXPECT(!capo_form_try_save(form));
    EXPECT_TEXT(capo_form_errors(form, NULL)[0], "The code was used.");
    EXPECT_TEXT(capo_get(Guest, .where = { .id = EQ(ann->id) })->code, "a");
}

/* --- constraints of one's own --- */

static Coupon *coupon(const char *code, const char *note)
{
    Coupon *one = capo_new(Coupon);
    one->code = code;
    one->note = note;
    return one;
}

TEST(own_constraints_hold_in_full_clean_and_database)
{
    open_inn();
    EXPECT(!capo_instance_full_clean(&coupon("a", "b")->capo, NULL));
    EXPECT_TEXT(said(capo_instance_full_clean(&coupon("A", "b")->capo, NULL)), "-/coupon_code_lower: Small letters only.");
    EXPECT(!capo_instance_full_clean(&coupon("A", "b")->capo, LIST("code")));
    EXPECT_TEXT(said(capo_try_save(coupon("A", "b"))), "-/coupon_code_lower: Small letters only.");
    EXPECT_TEXT(said(capo_try_save(coupon("a", "B"))), "-/coupon_note_lower: Constraint “coupon_note_lower” is violated.");
    EXPECT(!capo_try_save(coupon("a", "b")));
    EXPECT_TEXT(said(capo_try_save(coupon("a", "b"))), database_is("sqlite") ? "" : "-/coupon_once: Constraint “coupon_once” is violated.");
    List *warnings = capo_list_new();
    capo_schema_warn(&Coupon_model, warnings);
    EXPECT_INT(warnings->count, database_is("sqlite"));
    if (warnings->count)
        EXPECT_TEXT(capo_to_text(warnings->items[0]), "inn.Coupon, coupon_once: SQLite does not support constraints of the kind inn.Once. A constraint won't be created.");
}

static const FieldRow numbered_rows[] = { { .name = "id", .kind = FIELD_BIG_AUTO, .primary_key = true }, { .name = "n", .kind = FIELD_INTEGER }, { .name = "Meta", .kind = FIELD_META,
    .options.meta = { .constraints = (const ConstraintOptions[]){ { .name = "n_lower", .own = &lower_case, .fields = (const char *const[]){ "n", NULL } }, { 0 } } } }, { 0 } };
static Model numbered = { .name = "Numbered", .app = "inn", .rows = numbered_rows };
static void check_numbered(void *unused)
{
    (void)unused;
    capo_models_resolve((Model *[]){ &numbered }, 1);
    capo_schema_check(&numbered);
}

TEST(own_constraints_are_checked)
{
    open_inn();
    EXPECT_TEXT(EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, check_numbered, NULL)->message, "inn.Numbered, n_lower: the field n has no letters.");
}

TEST(own_constraints_are_kept_by_migrations)
{
    open_inn();
    ModelState *state = model_state_of(&Coupon_model);
    EXPECT(strstr(capo_json_text(capo_value_map(state->options), 0), "\"coupon_code_lower\": {\"fields\": [\"code\"], \"violation_message\": \"Small letters only.\", \"own\": \"inn.LowerCase\"}"));
    const char *fresh = capo_schema_describe("inn_coupon");
    SchemaEditor *editor = capo_schema_open(false);
    Model *historical = state_model(state_of((Model *[]){ &Coupon_model }, 1), "inn", "Coupon");
    capo_schema_delete_model(editor, historical);
    capo_schema_create_model(editor, historical);
    capo_schema_close(editor);
    EXPECT_TEXT(capo_schema_describe("inn_coupon"), fresh);
    /* and back: without them, with them again */
    ModelState *bare = model_state_new("inn", "Coupon", state->fields, state->n_fields, map_without(state->options, "constraints"));
    ProjectState *other = state_new();
    state_put(other, bare);
    Model *without = state_model(other, "inn", "Coupon");
    capo_schema_enforce_foreign_keys(false);
    editor = capo_schema_open(false);
    capo_schema_alter_meta(editor, historical, without);
    capo_schema_close(editor);
    EXPECT(!strstr(capo_schema_describe("inn_coupon"), "lower("));
    editor = capo_schema_open(false);
    capo_schema_alter_meta(editor, without, historical);
    capo_schema_close(editor);
    capo_schema_enforce_foreign_keys(true);
    EXPECT_TEXT(capo_schema_describe("inn_coupon"), fresh);
}
