/* SPDX-License-Identifier: BSD-3-Clause */
/* The user model people.User: auth.User with a field more, under the same C name. */
#include <capo/testing.h>
#include "people.h"

TEST(the_own_user_has_all_fields_of_django_s_and_its_own)
{
    User *ann = capo_create_user("ann", "ann@Example.COM", "long and secret");
    ann->phone = "123";
    ann->first_name = "Ann";
    ann->last_name = "Lee";
    capo_save(ann);
    EXPECT_TEXT(ann->email, "ann@example.com");
    EXPECT_TEXT(capo_user_full_name(ann), "Ann Lee");
    EXPECT_TEXT(capo_user_model()->label, "people.User");
    EXPECT_TEXT(capo_user_model()->table, "people_user");
    Badge *badge = capo_new(Badge);
    badge->colour = "red";
    badge->holder_id = ann->id;
    capo_save(badge);
    EXPECT_TEXT(capo_get(User, .where = { .phone = EQ("123") }, .filter = Q("badge__colour", "red"))->username, "ann");
    Client *client = capo_client();
    EXPECT_STATUS(capo_client_post(client, "/accounts/login/", V("username", "ann"), V("password", "long and secret")), 302);
    EXPECT_TEXT(capo_client_get(client, "/phone/")->body, "123\n");
}

TEST(the_ready_made_admin_of_users_fits_it)
{
    User *root = capo_create_superuser("root", "root@example.com", NULL);
    Client *client = capo_client();
    capo_client_login(client, root);
    EXPECT_CONTAINS(capo_client_get(client, "/admin/people/user/"), "root@example.com");
    EXPECT_STATUS(capo_client_post(client, "/admin/people/user/add/", V("username", "bob"), V("password1", "another long one"), V("password2", "another long one")), 302);
    User *bob = capo_get(User, .where = { .username = EQ("bob") });
    const char *url = capo_format("/admin/people/user/%lld/change/", (long long)bob->id);
    EXPECT_CONTAINS(capo_client_get(client, url), "Important dates");
    EXPECT_STATUS(capo_client_post(client, url, V("username", "bob"), V("first_name", "Bob"), V("is_active", "on"), V("date_joined_0", "2026-01-01"),
                                   V("date_joined_1", "10:00:00")), 302);
    capo_refresh(bob);
    EXPECT_TEXT(bob->first_name, "Bob");
}
