/* SPDX-License-Identifier: BSD-3-Clause */
/* A site with a user model of its own, for tests/suites/user-model: compiled with -DAUTH_USER_MODEL=Member. */
#include "club/club.h"

static Response *whoami(Request *req)
{
    Member *member = capo_user(req);
    return capo_text("%s\n", member ? member->display_name : "nobody");
}

static Response *write_note(Request *req)
{
    Note *note = capo_new(Note);
    note->text = capo_param(req, "text");
    note->author_id = capo_user(req)->id;
    capo_save(note);
    return capo_text("%lld notes\n", (long long)capo_count(Note, .where = { .author = HAS(Member, .email = EQ(capo_user(req)->email)) }));
}

static const Route urls[] = {
    { "admin/", .include = capo_admin_urls },
    { "accounts/", .include = capo_auth_urls },
    { "whoami/", whoami },
    { "note/", write_note, .login_required = true },
    { "noted/", whoami, .permission = "club.add_note" },
    { 0 }
};

int main(int argc, char **argv)
{
    return capo_main(argc, argv, &(Settings){
        .name = "members",
        .apps = APPS(&capo_admin, &capo_auth, &club),
        .urls = urls,
        .database = "sqlite:members.sqlite3",
    });
}
