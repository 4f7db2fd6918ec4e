/* SPDX-License-Identifier: BSD-3-Clause */
/* Deleting: what goes along, what is cleared, what forbids it, in one transaction. */
#include <capo/testing.h>
#include "../orm/models.h"
#include "../../orm/internal.h"
#include "../../orm/delete.h"
#include <string.h>

static void delete_it(void *instance) { capo_instance_delete(instance); }

TEST(delete_cascades)
{
    capo_test_database();
    Author *ann = capo_test_author("ann"), *ben = capo_test_author("ben");
    Book *one = capo_test_book("One", ann), *two = capo_test_book("Two", ann), *three = capo_test_book("Three", ben);
    Genre *genre = capo_new(Genre);
    genre->name = "g";
    capo_save(genre);
    capo_add(one, "genres", genre->id);
    capo_add(ann, "friends", ben->id);
    capo_set(three, editor_id, ann->id);
    capo_set(three, sequel_of_id, two->id);
    capo_save(three);
    Book *four = capo_test_book("Four", ben);
    capo_set(four, editor_id, ann->id);
    capo_save(four);
    capo_test_hooks[0] = '\0';

    struct DeleteCount *counts;
    size_t n;
    Instance *self = &ann->capo;
    EXPECT_INT(capo_delete_instances(&self, 1, self, &counts, &n), 7);
    /* ann, One, Two, Three (its sequel), the genre's row, both rows of the friendship */
    EXPECT_INT(n, 4);
    EXPECT_INT(capo_count(Author), 1);
    EXPECT_INT(capo_count(Book), 1);
    EXPECT_INT(capo_count(Genre), 1);
    capo_refresh(four);
    EXPECT(!four->editor_id.present);
    EXPECT_TEXT(capo_test_hooks, "pre-delete One;pre-delete Two;pre-delete Three;deleted Three;deleted Two;deleted One;");
    EXPECT_INT(ann->id, 0);
    EXPECT(!capo_instance_is_saved(&ann->capo));
}

TEST(protect_forbids)
{
    capo_test_database();
    Country *country = capo_new(Country);
    country->code = "de";
    capo_save(country);
    Book *one = capo_test_book("One", capo_test_author("ann"));
    capo_set(one, country_id, "de");
    capo_save(one);
    const Error *error = EXPECT_RAISES(ERROR_PROTECTED, delete_it, country);
    EXPECT_TEXT(error->message, "Cannot delete some instances of model 'Country' because they are referenced through protected foreign keys: 'Book.country'.");
    Instance *const *by = error->detail;
    EXPECT_TEXT(capo_instance_text(by[0]), "One");
    EXPECT(by[1] == NULL);
    EXPECT_INT(capo_count(Country), 1);
    capo_delete(one);
    EXPECT_INT(capo_delete(country), 1);
}

TEST(restrict_gives_way_to_a_cascade)
{
    capo_test_database();
    Author *ann = capo_test_author("ann");
    Club *club = capo_new(Club);
    club->name = "c";
    capo_save(club);
    capo_add(club, "members", ann->id);
    EXPECT_TEXT(EXPECT_RAISES(ERROR_RESTRICTED, delete_it, ann)->message,
                "Cannot delete some instances of model 'Author' because they are referenced through restricted foreign keys: 'Membership.author'.");
    EXPECT_INT(capo_delete(club), 2);
    EXPECT_INT(capo_delete(ann), 1);
}

TEST(set_default_and_do_nothing)
{
    capo_test_database();
    Author *ann = capo_test_author("ann");
    Country *country = capo_new(Country);
    country->code = "de";
    capo_save(country);
    Book *one = capo_test_book("One", ann), *two = capo_test_book("Two", ann);
    Loan *loan = capo_new(Loan);
    loan->book_id = two->id;
    loan->country_id = "de";
    capo_save(loan);
    capo_delete(two);
    capo_refresh(loan);
    EXPECT_INT(loan->book_id, one->id);
    /* Nothing is done about the loan, and so the database refuses. */
    EXPECT_RAISES(ERROR_INTEGRITY, delete_it, country);
    EXPECT_INT(capo_count(Country), 1);
}

/* A failure leaves all as it was. */
static void delete_and_fail(void *ann)
{
    capo_begin();
    capo_instance_delete(ann);
    capo_raise(500, "no");
}

TEST(delete_is_one_transaction)
{
    capo_test_database();
    Author *ann = capo_test_author("ann");
    capo_test_book("One", ann);
    EXPECT_RAISES(500, delete_and_fail, ann);
    EXPECT_INT(capo_count(Book), 1);
    EXPECT_INT(capo_count(Author), 1);
}

TEST(delete_in_few_statements)
{
    capo_test_database();
    Instance *genres[500];
    for (int i = 0; i < 500; i++) {
        Genre *genre = capo_new(Genre);
        genre->name = capo_format("g%d", i);
        genres[i] = &genre->capo;
    }
    capo_bulk_create(genres, 500);
    EXPECT_QUERIES(2, capo_delete_instances(genres, 500, NULL, NULL, NULL));
    EXPECT_INT(capo_count(Genre), 0);
    capo_new(Genre);
    Loan *loan = capo_new(Loan);
    (void)loan;
    EXPECT_QUERIES(1, capo_delete_all(Loan));
}

TEST(a_long_chain_is_deleted)
{
    capo_test_database();
    Author *ann = capo_test_author("ann");
    int64_t before = 0;
    for (int i = 0; i < 300; i++) {
        Book *link = capo_new(Book);
        link->title = capo_format("%d", i);
        link->slug = link->title;
        link->author_id = ann->id;
        if (before)
            capo_set(link, sequel_of_id, before);
        capo_instance_insert(&link->capo);
        before = link->id;
    }
    Book *first = capo_first(Book, .order_by = LIST("id"));
    EXPECT_INT(capo_delete(first), 300);
}

TEST(the_plan_shows_what_would_go)
{
    capo_test_database();
    Author *ann = capo_test_author("ann");
    Book *one = capo_test_book("One", ann);
    Profile *profile = capo_new(Profile);
    profile->author_id = ann->id;
    capo_save(profile);
    Genre *genre = capo_new(Genre);
    genre->name = "g";
    capo_save(genre);
    capo_add(one, "genres", genre->id);
    Club *club = capo_new(Club);
    club->name = "c";
    capo_save(club);
    capo_add(club, "members", ann->id);
    Instance *self = &ann->capo;
    DeletePlan *plan = capo_delete_plan(&self, 1);
    EXPECT_TEXT(capo_instance_text(plan->tree->instance), "ann");
    EXPECT(plan->tree->next == NULL);
    Buffer text = { 0 };
    for (struct DeleteNode *node = plan->tree->children; node; node = node->next) {
        capo_put_format(&text, "%s %s", node->instance->model->name, capo_instance_text(node->instance));
        for (struct DeleteNode *below = node->children; below; below = below->next)
            capo_put_format(&text, " (%s)", capo_instance_text(below->instance));
        capo_put(&text, "; ");
    }
    EXPECT_TEXT(capo_buffer_text(&text), "Book One (Book_genres object (1)); Profile Profile object (1); ");
    EXPECT_INT(plan->n_counts, 4);
    EXPECT_INT(plan->n_protected, 1);
    EXPECT_TEXT(capo_instance_text(plan->protected_by[0]), "Membership object (1)");
    EXPECT_INT(capo_count(Author), 1);
}
