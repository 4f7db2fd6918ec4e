/* SPDX-License-Identifier: BSD-3-Clause */
/* RenameModel: content types and permissions follow, so that what generic keys, people and groups have of the model stays theirs. */
#include "migrating.h"
#include <capo/auth.h>
#include <capo/migrations.h>
#include <string.h>

static void make_auth_tables(void)
{
    Model *const tables[] = { &ContentType_model, &Permission_model, &Group_model };
    capo_models_prepare(APPS(&capo_auth, &capo_contenttypes, &capo_sessions));
    capo_auth.ready();
    SchemaEditor *editor = capo_schema_open(false);
    for (size_t i = 0; i < 3; i++)
        capo_schema_create_model(editor, tables[i]);
    capo_schema_close(editor);
}

static Permission *permission(ContentType *type, const char *codename, const char *name)
{
    Permission *one = capo_new(Permission);
    one->content_type_id = type->id;
    one->codename = codename;
    one->name = name;
    capo_save(one);
    return one;
}

static ContentType *type_of(const char *model)
{
    return capo_first(ContentType, .where = { .app_label = EQ("mig"), .model = EQ(model) });
}

static const char *permissions_of_mig(void)
{
    Buffer text = { 0 };
    for (Permission **one = capo_fetch(Permission, .where = { .content_type = HAS(ContentType, .app_label = EQ("mig")) }, .order_by = LIST("id")); *one; one++)
        capo_put_format(&text, "%s=%s; ", (*one)->codename, (*one)->name);
    return text.size ? capo_buffer_text(&text) : "";
}

#define RENAME "{\"RenameModel\": {\"old_name\": \"Post\", \"new_name\": \"BlogArticle\"}}"

TEST(types_and_permissions_follow_a_renamed_model)
{
    start_migrating();
    file("0001_initial", NULL, POST);
    file("0002_rename", "0001_initial", RENAME);
    make_auth_tables();
    migrate("mig", "0001");
    ContentType *type = capo_new(ContentType);
    type->app_label = "mig";
    type->model = "post";
    capo_save(type);
    permission(type, "add_post", "Can add post");
    Permission *change = permission(type, "change_post", "Can edit any post");
    permission(type, "publish", "Can publish a post");
    Group *editors = capo_new(Group);
    editors->name = "editors";
    capo_save(editors);
    capo_add(editors, "permissions", change->id);

    migrate("mig", "0002");
    EXPECT(!type_of("post"));
    EXPECT_INT(type_of("blogarticle")->id, type->id);
    EXPECT_TEXT(permissions_of_mig(), "add_blogarticle=Can add blog article; change_blogarticle=Can edit any post; publish=Can publish a post; ");
    EXPECT_TEXT(((Permission *)capo_query_get(capo_related_query(editors, "permissions")))->codename, "change_blogarticle");
    migrate("mig", "0001");                             /* and back */
    EXPECT_INT(type_of("post")->id, type->id);
    EXPECT_TEXT(permissions_of_mig(), "add_post=Can add post; change_post=Can edit any post; publish=Can publish a post; ");
    EXPECT(!strstr(capo_sql_migrate("mig", "0002", false), "content_type"));       /* rows are no part of the schema */
    EXPECT(type_of("post") != NULL);
}

TEST(types_of_two_models_are_left_alone)
{
    start_migrating();
    file("0001_initial", NULL, POST);
    file("0002_rename", "0001_initial", RENAME);
    migrate("mig", "0001");
    migrate("mig", "0002");                             /* there is no table of types yet */
    migrate("mig", "0001");
    make_auth_tables();
    for (int i = 0; i < 2; i++) {
        ContentType *type = capo_new(ContentType);
        type->app_label = "mig";
        type->model = i ? "blogarticle" : "post";
        capo_save(type);
    }
    permission(type_of("post"), "add_post", "Can add post");
    migrate("mig", "0002");
    EXPECT(type_of("post") && type_of("blogarticle"));
    EXPECT_TEXT(permissions_of_mig(), "add_post=Can add post; ");
}
