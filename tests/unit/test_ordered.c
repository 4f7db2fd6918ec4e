/* SPDX-License-Identifier: BSD-3-Clause */
/* ORDER_WITH_RESPECT_TO: new rows come last, the order is read, set and walked, and migrations make the column and take it away. */
#include <capo/testing.h>
#include "migrating.h"
#include <capo/schema.h>
#include <string.h>

#define CAPO_MODELS "../../tests/unit/test_ordered.def"
#include <capo/declare_models.h>
#define CAPO_MODELS "../../tests/unit/test_ordered.def"
#include <capo/define_models.h>

static const App quiz = { .name = "quiz", .models = models };

static void open_quiz(void)
{
    capo_models_prepare(APPS(&quiz));
    open_empty_database();
    SchemaEditor *editor = capo_schema_open(false);
    for (size_t i = 0; models[i]; i++)
        if (models[i]->concrete == models[i])
            capo_schema_create_model(editor, models[i]);
    capo_schema_close(editor);
}

static Question *ask(const char *text)
{
    Question *question = capo_new(Question);
    question->text = text;
    capo_save(question);
    return question;
}

static Answer *answer_to(Question *question, const char *text)
{
    Answer *answer = capo_new(Answer);
    answer->text = text;
    if (question)
        capo_set(answer, question_id, question->id);
    capo_save(answer);
    return answer;
}

static const char *texts(Query *query)
{
    Buffer joined = { 0 };
    List *all = capo_values_flat(query, "text");
    for (size_t i = 0; i < all->count; i++)
        capo_put_format(&joined, "%s%s", i ? " " : "", capo_to_text(all->items[i]));
    return joined.size ? capo_buffer_text(&joined) : "";
}

static const char *answers_of(Question *question) { return texts(capo_related_query(question, "answer_set")); }

TEST(ordered_rows_come_last_and_are_put_in_order)
{
    open_quiz();
    Question *one = ask("one"), *two = ask("two");
    Answer *a = answer_to(one, "a"), *x = answer_to(two, "x"), *b = answer_to(one, "b"), *c = answer_to(one, "c");
    EXPECT(a->_order == 0 && b->_order == 1 && c->_order == 2 && x->_order == 0);
    EXPECT_TEXT(answers_of(one), "a b c");
    EXPECT_TEXT(Answer_model.ordering[0], "_order");
    capo_set_order(one, Answer, VALUES(c->id, a->id, b->id, x->id));           /* x is another question's, and stays */
    EXPECT_TEXT(answers_of(one), "c a b");
    capo_refresh(x);
    EXPECT_INT(x->_order, 0);
    List *keys = capo_get_order(one, Answer);
    EXPECT_INT(keys->count, 3);
    EXPECT(keys->items[0].integer == c->id && keys->items[2].integer == b->id);
    capo_delete(a);
    EXPECT_INT(answer_to(one, "d")->_order, 3);
    EXPECT_TEXT(answers_of(one), "c b d");
    EXPECT_INT(capo_count(Answer, .where = { ._order = GTE(2) }), 2);
    answer_to(NULL, "nobody's");
    EXPECT_INT(answer_to(NULL, "nobody's too")->_order, 1);
    b->text = "B";                                                              /* a change is no new row */
    capo_refresh_fields(b, "_order");
    capo_save(b);
    EXPECT_TEXT(answers_of(one), "c B d");
}

static void next_of(void *answer) { capo_next_in_order((Answer *)answer); }
static void order_of_questions(void *question) { capo_get_order((Question *)question, Question); }
static void order_of_an_answer(void *answer) { capo_get_order((Answer *)answer, Answer); }

TEST(ordered_rows_know_their_neighbours)
{
    open_quiz();
    Question *one = ask("one");
    Answer *a = answer_to(one, "a"), *b = answer_to(one, "b"), *c = answer_to(one, "c");
    answer_to(ask("two"), "x");
    EXPECT_TEXT(capo_next_in_order(a)->text, "b");
    EXPECT_TEXT(capo_previous_in_order(c)->text, "b");
    EXPECT_RAISES(ERROR_DOES_NOT_EXIST, next_of, c);
    capo_set_order(one, Answer, VALUES(c->id, b->id, a->id));
    EXPECT_TEXT(capo_next_in_order(c)->text, "b");                             /* as the database has it, whatever c remembers */
    EXPECT_RAISES(ERROR_DOES_NOT_EXIST, next_of, a);
    EXPECT_RAISES(ERROR_FIELD, order_of_questions, one);
    EXPECT_RAISES(ERROR_FIELD, order_of_an_answer, a);
}

TEST(ordered_rows_in_bulk_by_proxy_and_of_children)
{
    open_quiz();
    Question *one = ask("one"), *two = ask("two");
    answer_to(one, "a");
    Instance *many[4];
    for (size_t i = 0; i < 4; i++) {
        Answer *answer = capo_new(Answer);
        answer->text = capo_format("%zu", i);
        capo_set(answer, question_id, i % 2 ? two->id : one->id);
        many[i] = &answer->capo;
    }
    capo_bulk_create(many, 4);
    EXPECT_TEXT(answers_of(one), "a 0 2");
    EXPECT_TEXT(answers_of(two), "1 3");
    LongAnswer *essay = capo_new(LongAnswer);
    essay->answer.text = "essay";
    essay->words = 900;
    capo_set(&essay->answer, question_id, two->id);
    capo_save(essay);
    EXPECT_INT(essay->answer._order, 2);
    EXPECT_TEXT(answers_of(two), "1 3 essay");
    Reply *reply = capo_first(Reply, .where = { .text = EQ("0") });
    EXPECT_TEXT(capo_next_in_order(reply)->text, "2");
    EXPECT_INT(capo_get_order(two, Reply)->count, 3);
    EXPECT_TEXT(texts(capo_query(Reply, .where = { .question_id = EQ(two->id) })), "1 3 essay");
}

#define QUESTION "{\"CreateModel\": {\"name\": \"Question\", \"fields\": {" ID "}}}"
#define ANSWER(options) "{\"CreateModel\": {\"name\": \"Answer\", \"fields\": {" ID ", \"question\": {\"kind\": \"ForeignKey\", \"to\": \"mig.Question\", \"on_delete\": \"CASCADE\"}}" \
                        options "}}"
#define SET_ORDER "{\"AlterOrderWithRespectTo\": {\"model\": \"Answer\", \"order_with_respect_to\": \"question\"}}"

TEST(migrations_of_an_order)
{
    start_migrating();
    file("0001_initial", NULL, QUESTION "," ANSWER(""));
    file("0002_order", "0001_initial", SET_ORDER);
    file("0003_rename", "0002_order", "{\"RenameField\": {\"model\": \"Answer\", \"old_name\": \"question\", \"new_name\": \"about\"}}");
    file("0004_no_order", "0003_rename", "{\"AlterOrderWithRespectTo\": {\"model\": \"Answer\"}}");
    migrate("mig", "0001");
    capo_sql_run("INSERT INTO mig_question (id) VALUES (1)");
    capo_sql_run("INSERT INTO mig_answer (question_id) VALUES (1)");
    const char *before = table_text("mig_answer");
    EXPECT(!strstr(before, "_order"));
    migrate("mig", "0003");
    EXPECT(strstr(table_text("mig_answer"), "column _order ") != NULL);
    EXPECT_INT(first_number("SELECT _order FROM mig_answer"), 0);
    migrate("mig", "0004");
    EXPECT(!strstr(table_text("mig_answer"), "_order"));
    migrate("mig", "0002");
    EXPECT(strstr(table_text("mig_answer"), "column _order ") != NULL);
    migrate("mig", "0001");
    EXPECT_TEXT(table_text("mig_answer"), before);
    /* made with the table it is the same column */
    start_migrating();
    file("0001_initial", NULL, QUESTION "," ANSWER(", \"options\": {\"order_with_respect_to\": \"question\"}"));
    migrate("mig", NULL);
    EXPECT(strstr(table_text("mig_answer"), "column _order ") != NULL);
}

static ProjectState *state_text(const char *operations)
{
    const char *text = capo_format("{\"operations\": [%s]}", operations);
    return migration_state(migration_parse("mig", "x", "x.json", text, strlen(text)), state_new());
}

static const char *detected(const char *from, const char *to)
{
    size_t count;
    Buffer said = { 0 };
    Migration initial = { .app = "mig", .name = "0001_initial" };
    DetectedApp *apps = detect_changes(state_text(from), state_text(to), graph_of((Migration *[]){ &initial }, 1, NULL), NULL, NULL, NULL, &count);
    for (size_t i = 0; count && i < apps[0].migrations[0]->n_operations; i++)
        capo_put_format(&said, "%s; ", operation_describe(apps[0].migrations[0]->operations[i]));
    if (count)
        capo_put(&said, apps[0].migrations[0]->name);
    return said.size ? capo_buffer_text(&said) : "";
}

TEST(detects_an_order)
{
    const char *plain = QUESTION "," ANSWER(""), *ordered = QUESTION "," ANSWER(", \"options\": {\"order_with_respect_to\": \"question\"}");
    EXPECT_TEXT(detected(plain, ordered), "Set order_with_respect_to on answer to question; 0002_alter_answer_order_with_respect_to");
    EXPECT_TEXT(detected(ordered, plain), "Set order_with_respect_to on answer to nothing; 0002_alter_answer_order_with_respect_to");
    EXPECT_TEXT(detected(ordered, ordered), "");
    EXPECT_TEXT(detected(ordered, QUESTION ",{\"CreateModel\": {\"name\": \"Answer\", \"fields\": {" ID "}}}"),
                "Set order_with_respect_to on answer to nothing; Remove field question from answer; 0002_alter_answer_order_with_respect_to_and_more");
    /* the compiled model says it in Meta, and its column is no field */
    open_quiz();
    ModelState *answer = model_state_of(&Answer_model);
    EXPECT(!model_state_field(answer, "_order"));
    EXPECT_TEXT(capo_map_get(answer->options, "order_with_respect_to")->text, "question");
    EXPECT(!capo_map_get(answer->options, "ordering"));
    /* squashed with the model that it is said of */
    Operation *both[2];
    const char *text = "{\"operations\": [" ANSWER("") "," SET_ORDER "]}";
    memcpy(both, migration_parse("mig", "x", "x.json", text, strlen(text))->operations, sizeof both);
    size_t count;
    Operation **less = operations_optimized(both, 2, "mig", &count);
    EXPECT_INT(count, 1);
    EXPECT_TEXT(capo_map_get(less[0]->options, "order_with_respect_to")->text, "question");
}
