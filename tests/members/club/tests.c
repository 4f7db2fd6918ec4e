/* SPDX-License-Identifier: BSD-3-Clause */
/* The user model Member: by e-mail address, with a UUID as its key. */
#include <capo/testing.h>
#include <capo/migrations.h>
#include "../../../migrations/migration.h"
#include "club.h"
#include <string.h>

static Member *make_member(const char *email, const char *name, const char *password)
{
    Member *member = capo_new(Member);
    member->email = email;
    member->display_name = name;
    capo_set_password(member, password);
    capo_save(member);
    return member;
}

TEST(the_user_model_is_the_sites_own)
{
    EXPECT(capo_user_model() == &Member_model);
    EXPECT_TEXT(capo_swappable_label("AUTH_USER_MODEL"), "club.Member");
    EXPECT(!capo_model("auth.User"));
    EXPECT(capo_field(&LogEntry_model, "user")->target == &Member_model);
    EXPECT(capo_field(&Note_model, "author")->target == &Member_model);
    EXPECT(capo_reverse_field(capo_model("auth.Group"), "user")->model == &Member_model);
    EXPECT_INT(capo_count(ContentType, .where = { .app_label = EQ("auth"), .model = EQ("user") }), 0);
    EXPECT_INT(capo_count(Permission, .where = { .codename = EQ("change_member") }), 1);
}

TEST(users_are_made_and_found_by_the_field_to_log_in_by)
{
    Member *ann = capo_create_user("Ann@EXAMPLE.com", NULL, "long and secret");
    EXPECT_TEXT(ann->email, "Ann@example.com");
    EXPECT_TEXT(capo_username(ann), "Ann@example.com");
    EXPECT_TEXT(capo_instance_text(&ann->capo), "Ann@example.com");
    EXPECT(capo_check_password(ann, "long and secret") && !capo_check_password(ann, "short"));
    EXPECT_INT(capo_user_is(ann, "is_staff"), 0);
    EXPECT_INT(capo_user_is(ann, "is_active"), 1);
    ann->is_committee = true;
    EXPECT_INT(capo_user_is(ann, "is_staff"), 1);
    EXPECT(capo_find_user("Ann@example.com") && !capo_find_user("bob@example.com"));
    EXPECT_TEXT(capo_model("club.Member")->meta->natural_key[0], "email");
}

TEST(keys_of_other_models_lead_to_it)
{
    Member *ann = make_member("ann@example.com", "Ann", NULL), *bob = make_member("bob@example.com", "Bob", NULL);
    Note *note = capo_new(Note);
    note->text = "The boat leaks.";
    note->author_id = ann->id;
    capo_save(note);
    capo_add(note, "readers", capo_instance_pk(&bob->capo));
    Note *found = capo_get(Note, .where = { .author = HAS(Member, .display_name = EQ("Ann")) }, .select_related = LIST("author"));
    EXPECT_TEXT(found->author->email, "ann@example.com");
    EXPECT(!found->editor_id.present);
    EXPECT_INT(capo_query_count(capo_related_query(bob, "read_notes")), 1);
    EXPECT_INT(capo_query_count(capo_related_query(ann, "notes")), 1);
    capo_delete(ann);
    EXPECT_INT(capo_count(Note), 0);
}

TEST(permissions_are_its_own_and_its_groups)
{
    Member *ann = make_member("ann@example.com", "Ann", NULL);
    Permission *add = capo_get(Permission, .where = { .codename = EQ("add_note") }), *view = capo_get(Permission, .where = { .codename = EQ("view_note") });
    Group *writers = capo_new(Group);
    writers->name = "writers";
    capo_save(writers);
    capo_add(writers, "permissions", add->id);
    capo_add(ann, "groups", writers->id);
    capo_add(ann, "user_permissions", view->id);
    EXPECT(capo_has_permission(ann, "club.add_note") && capo_has_permission(ann, "club.view_note") && !capo_has_permission(ann, "club.delete_note"));
    Client *client = capo_client();
    capo_client_login(client, ann);
    EXPECT_STATUS(capo_client_get(client, "/noted/"), 200);
    EXPECT_TEXT(capo_client_get(client, "/whoami/")->body, "Ann\n");
}

TEST(people_log_in_by_it)
{
    Member *ann = make_member("ann@example.com", "Ann", "long and secret");
    Client *client = capo_client();
    EXPECT_TEXT(capo_client_get(client, "/whoami/")->body, "nobody\n");
    EXPECT_CONTAINS(capo_client_get(client, "/accounts/login/"), "Email address");
    EXPECT_CONTAINS(capo_client_post(client, "/accounts/login/", V("username", "ann@example.com"), V("password", "wrong")),
                    "Please enter a correct email address and password.");
    EXPECT_STATUS(capo_client_post(client, "/accounts/login/?next=/whoami/", V("username", "ann@example.com"), V("password", "long and secret")), 302);
    EXPECT_TEXT(capo_client_get(client, "/whoami/")->body, "Ann\n");
    EXPECT_TEXT(capo_client_get(client, "/note/?text=hi")->body, "1 notes\n");
    capo_refresh(ann);
    EXPECT(ann->last_login.present);
    ann->is_active = false;
    capo_save(ann);
    EXPECT_TEXT(capo_client_get(client, "/whoami/")->body, "nobody\n");
}

TEST(the_admin_works_with_it)
{
    Member *root = capo_create_superuser("root@example.com", NULL, "long and secret");
    root->display_name = "Root";
    root->is_committee = true;
    capo_save(root);
    Client *client = capo_client();
    EXPECT_STATUS(capo_client_post(client, "/admin/login/", V("username", "root@example.com"), V("password", "long and secret")), 302);
    ClientResponse *form = capo_client_get(client, "/admin/club/member/add/");
    EXPECT_CONTAINS(form, "name=\"email\"");
    EXPECT_CONTAINS(form, "name=\"display_name\"");
    EXPECT_CONTAINS(capo_client_post(client, "/admin/club/member/add/", V("email", "ROOT@example.com"), V("display_name", "Again"),
                                     V("password1", "another long one"), V("password2", "another long one")), "already exists");
    ClientResponse *added = capo_client_post(client, "/admin/club/member/add/", V("email", "ann@example.com"), V("display_name", "Ann"),
                                             V("password1", "another long one"), V("password2", "another long one"));
    EXPECT_STATUS(added, 302);
    Member *ann = capo_get(Member, .where = { .email = EQ("ann@example.com") });
    EXPECT(capo_check_password(ann, "another long one"));
    const char *url = capo_format("/admin/club/member/%s/change/", capo_to_text(capo_instance_pk(&ann->capo)));
    ClientResponse *page = capo_client_get(client, url);
    EXPECT_CONTAINS(page, "algorithm: argon2");
    EXPECT_NOT_CONTAINS(page, "name=\"password\"");
    EXPECT_STATUS(capo_client_post(client, url, V("email", "ann@example.com"), V("display_name", "Anna"), V("phone", "123"), V("is_active", "on"),
                                   V("password", "hacked")), 302);
    capo_refresh(ann);
    EXPECT_TEXT(ann->display_name, "Anna");
    EXPECT(capo_check_password(ann, "another long one"));
    url = capo_format("/admin/club/member/%s/password/", capo_to_text(capo_instance_pk(&ann->capo)));
    EXPECT_STATUS(capo_client_post(client, url, V("password1", "a third long one"), V("password2", "a third long one")), 302);
    capo_refresh(ann);
    EXPECT(capo_check_password(ann, "a third long one"));
    LogEntry *entry = capo_first(LogEntry, .order_by = LIST("-id"));
    Member *who = capo_related(entry, user);
    EXPECT_TEXT(who->email, "root@example.com");
    EXPECT_CONTAINS(capo_client_get(client, "/admin/"), "ann@example.com");
    EXPECT_STATUS(capo_client_get(client, "/admin/auth/user/"), 404);
    EXPECT_STATUS(capo_client_get(client, "/admin/auth/group/"), 200);
    EXPECT_CONTAINS(capo_client_get(client, capo_format("/admin/club/member/%s/history/", capo_to_text(capo_instance_pk(&ann->capo)))), "root@example.com");
    EXPECT_STATUS(capo_client_post(client, capo_format("/admin/club/member/%s/delete/", capo_to_text(capo_instance_pk(&ann->capo))), V("post", "yes")), 302);
    EXPECT_INT(capo_count(Member), 1);
}

TEST(a_session_of_another_kind_of_user_is_nobodys)
{
    Client *client = capo_client();
    capo_client_login(client, make_member("ann@example.com", "Ann", NULL));
    SessionRow *row = capo_first(SessionRow);
    Value data;
    EXPECT(capo_unsign_value(row->session_data, "django.contrib.sessions.SessionStore", 0, &data));
    capo_map_set(data.map, "_auth_user_id", VALUE("7"));
    row->session_data = capo_sign_value(data, "django.contrib.sessions.SessionStore");
    capo_save(row);
    EXPECT_TEXT(capo_client_get(client, "/whoami/")->body, "nobody\n");
}

static void read_a_key_to_auth_user(void *unused)
{
    (void)unused;
    static const char text[] = "{\"operations\": [{\"AddField\": {\"model\": \"Note\", \"name\": \"judge\",\n"
        "\"field\": {\"kind\": \"ForeignKey\", \"to\": \"auth.User\", \"on_delete\": \"CASCADE\"}}}]}";
    migration_parse("club", "0002_x", "club/migrations/0002_x.json", text, strlen(text));
}

TEST(migrations_of_a_swapped_user_model_make_no_table)
{
    MigrationGraph *graph = graph_load(capo_apps(), NULL);
    ProjectState *state = graph_state(graph);
    EXPECT(model_state_is_swapped(state_find(state, "auth", "User")) && !model_state_is_swapped(state_find(state, "club", "Member")));
    EXPECT(!state_model(state, "auth", "User")->managed);
    EXPECT_TEXT(capo_field(state_model(state, "admin", "LogEntry"), "user")->target->label, "club.Member");
    EXPECT(!capo_schema_has_table("auth_user") && !capo_schema_has_table("auth_user_groups") && capo_schema_has_table("club_member_groups"));
    EXPECT_INT(capo_make_migrations(&(MakeOptions){ .check = true }), 0);
    const Error *error = EXPECT_RAISES(ERROR_MIGRATION, read_a_key_to_auth_user, NULL);
    EXPECT(strstr(error->message, "club/migrations/0002_x.json, line 2") && strstr(error->message, "write \"AUTH_USER_MODEL\""));
}
