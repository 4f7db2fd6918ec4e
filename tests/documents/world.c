/* SPDX-License-Identifier: BSD-3-Clause */
#define DOCUMENTS_WORLD
#include "world.h"
#include "../unit/database_under_test.h"
#include "../../cli/testing_internal.h"
#include "../../orm/internal.h"
#include <capo/schema.h>

#define CAPO_MODELS "../../tests/documents/world.def"
#include <capo/define_models.h>

static const DatabaseFunction own_functions[] = {
    { .name = "Half", .sql = "($1) / 2", .least = 1, .most = 1, .transform = "half", .of = FIELD_INTEGER },
    { 0 }
};

const App shop = { .name = "shop" };
const App documents_world = { .name = "world", .models = models, .functions = own_functions };

User *ann;
Post *post;
Author *author;
Hall *hall;
Book **books;
Band *band;
Musician *ringo;
Query *posts, *drafts, *old, *query;
const char *terms = "hello", *term = "hello", *id = "1";
User *user;
Tag *tag;
Order *order;
DateTime monday, then;
List *keys, *rows;
bool created;
Instance **instances;
size_t count;

Query *published(void) { return capo_query(Post, .where = { .published = IS_NULL(false) }); }

static Book *make_book(const char *title, const char *slug, int64_t pages)
{
    Book *book = capo_new(Book);
    book->title = title;
    book->slug = slug;
    book->pages = pages;
    book->author_id = author->id;
    capo_save(book);
    return book;
}

static Post *make_post(const char *title, const char *slug, int64_t views)
{
    Post *made = capo_new(Post);
    made->title = title;
    made->slug = slug;
    made->views = views;
    made->author_id = ann->id;
    capo_set(made, published, capo_now());
    capo_save(made);
    return made;
}

static void make_tables(void)
{
    size_t n;
    Model *const *all = capo_all_models(&n);
    capo_begin();                               /* one connection for all of it */
    SchemaEditor *editor = capo_schema_open(false);
    for (size_t i = 0; i < n; i++)
        if (!all[i]->auto_created)
            capo_schema_create_model(editor, all[i]);
    capo_schema_close(editor);
    capo_sql_run("CREATE TABLE country (code VARCHAR(2) PRIMARY KEY, name VARCHAR(40))");
    capo_sql_run("CREATE TABLE city (name VARCHAR(40) PRIMARY KEY, population INTEGER, country_code VARCHAR(2))");
    capo_sql_run("CREATE TABLE sale (city VARCHAR(40), n INTEGER, price FLOAT, year INTEGER)");
    capo_commit();
}

void open_world(void)
{
    capo_models_prepare(APPS(&capo_contenttypes, &capo_auth, &documents_world));
    open_empty_database();
    make_tables();
    ann = capo_create_user("ann", "ann@example.com", "correct horse battery");
    post = make_post("Hello", "hello", 12);
    make_post("Second", "second", 120);
    author = capo_new(Author);
    author->name = "Ann";
    capo_save(author);
    hall = capo_create(Hall, .set = { .name = TO("first") });
    capo_create(Seat, .set = { .hall_id = TO(hall->id), .number = TO(7), .colour = TO("red") });
    make_book("Alpha", "alpha", 100);
    make_book("Beta", "beta", 400);
    books = capo_fetch(Book, .order_by = LIST("id"));
    ringo = capo_new(Musician);
    ringo->name = "Ringo";
    capo_save(ringo);
    band = capo_new(Band);
    band->name = "The Beatles";
    capo_save(band);
    posts = capo_query(Post);
    drafts = capo_query(Post, .where = { .published = IS_NULL(true) });
    old = capo_query(Post, .where = { .views = GT(100) });
    query = posts;
    user = ann;
    tag = capo_new(Tag);
    tag->name = "c";
    capo_save(tag);
    order = capo_new(Order);
    capo_save(order);
    keys = VALUES(ringo->id);
    monday = then = capo_now();
    static Instance *new_ones[2];
    for (count = 0; count < 2; count++) {
        Comment *comment = capo_new(Comment);
        comment->body = "Well said.";
        comment->post_id = post->id;
        new_ones[count] = &comment->capo;
    }
    instances = new_ones;
    Account *account = capo_new(Account);
    account->id = 7;
    account->balance = 100;
    capo_save(account);
}

static void run_test(TestCase *test) { test->run(); }

int main(int argc, char **argv)
{
    (void)argc;
    return capo_run_tests((const char *const *)argv + 1, run_test, false);
}
